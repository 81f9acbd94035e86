"""Open data: a row for each station and observer, a column for each question, and a dictionary of the columns.

Nobody can be told from it: no number, no name, no observer's code unless asked for, no words of their own. What a
person quarantined is left out, and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import tabulation
from hub.checklist.definition import Form, Question, Text
from hub.election.definition import Election
from hub.models import PersonRow, StationRecordRow, StationRow
from hub.reports import rulings

_STATION = ("station", "stratum", "region", "district", "voters", "sampled")
_MEANING = {
    "station": "number of the polling station",
    "stratum": "stratum of the sample",
    "region": "region",
    "district": "district",
    "voters": "voters on the list by the frame",
    "sampled": "1: the station is of the sample as it was observed",
    "observer": "the station's observers, the first to report is 1; each row holds one observer's own answers",
    "code": "the observer's code",
    "quarantined": "questions whose values were set aside as unreliable and are left out, separated by spaces",
}

_Value = tuple[int, str, str, str]  # station, form, question, value


@dataclass(frozen=True, slots=True)
class _Row:
    """What one observer said at one station: `OPN.A` → value. `place` as `_STATION`."""

    place: tuple[object, ...]
    observer: int
    code: str
    answers: dict[str, str]
    quarantined: tuple[str, ...]


def files(session: Session, election: Election, *, codes: bool = False) -> dict[str, bytes]:
    """`observations.csv` and `dictionary.csv`. `codes`: the observers' codes too."""
    asked = [(form, question) for form, question in election.checklist.questions() if question.type != "text"]
    questions = [_key(*each) for each in asked]
    columns = [*_STATION, "observer", *(["code"] if codes else []), *questions, "quarantined"]
    lines = (_line(row, questions, codes) for row in _rows(session))
    return {
        "observations.csv": tabulation.as_csv(columns, lines),
        "dictionary.csv": _dictionary(election, asked, columns),
    }


def _line(row: _Row, questions: Sequence[str], codes: bool) -> tuple[object, ...]:
    who = (row.observer, row.code) if codes else (row.observer,)
    return (*row.place, *who, *(row.answers.get(key) for key in questions), " ".join(row.quarantined))


def _rows(session: Session) -> Iterator[_Row]:
    places = _places(session)
    codes = {id: code for id, code in session.execute(select(PersonRow.id, PersonRow.code))}
    ruled = rulings.verdicts(rulings.listing(session))
    aside = {(*place, value) for place, (verdict, value) in ruled.items() if verdict == "quarantined"}
    records = session.scalars(select(StationRecordRow).order_by(StationRecordRow.station_id, StationRecordRow.form))
    for station, those in groupby(records, key=lambda record: record.station_id):
        yield from _of_station(places[station], list(those), codes, aside)


def _of_station(
    place: tuple[object, ...], records: Sequence[StationRecordRow], codes: Mapping[int, str], aside: Collection[_Value]
) -> Iterator[_Row]:
    said: dict[int, dict[str, str]] = defaultdict(dict)
    held: dict[int, set[str]] = defaultdict(set)
    first: dict[int, int] = {}
    for record in records:
        for person, answers in record.by_observer.items():
            for code, (value, journal_id, *_) in answers.items():
                id, key = int(person), f"{record.form}.{code}"
                first[id] = min(first.get(id, journal_id), journal_id)
                if record.quarantined or (record.station_id, record.form, code, value) in aside:
                    held[id].add(key)
                else:
                    said[id][key] = value
    # By who reported first: an order by code would give the code away.
    for number, id in enumerate(sorted(first, key=lambda id: first[id]), 1):
        yield _Row(place, number, codes.get(id, ""), said[id], tuple(sorted(held[id])))


def _places(session: Session) -> dict[int, tuple[object, ...]]:
    rows = session.scalars(select(StationRow))
    return {row.id: (row.code, row.stratum, row.region, row.district, row.voters, int(row.sampled)) for row in rows}


def _dictionary(election: Election, asked: Sequence[tuple[Form, Question]], columns: Sequence[str]) -> bytes:
    """A row for each column, and one for each of its options."""
    languages = election.checklist.languages
    known = {_key(*each): each for each in asked}
    rows: list[tuple[object, ...]] = []
    for column in columns:
        if column not in known:
            rows.append((column, "", "", "", _MEANING[column]))
            continue
        form, question = known[column]
        meaning = f"{form.title[election.default_language]}{_limits(question)}"
        rows.append((column, form.code, question.type, "", meaning, *_in(languages, question.text)))
        for option in question.options:
            rows.append((column, form.code, question.type, option.code, "", *_in(languages, option.text)))
    head = ["column", "form", "type", "option", "meaning", *(f"text_{language}" for language in languages)]
    return tabulation.as_csv(head, rows)


def _in(languages: Sequence[str], text: Text) -> Iterator[str | None]:
    return (text.get(language) for language in languages)


def _limits(question: Question) -> str:
    if question.min is None and question.max is None:
        return ""
    low, high = ("" if limit is None else f"{limit:g}" for limit in (question.min, question.max))
    return f", from {low or '…'} to {high or '…'}"


def _key(form: Form, question: Question) -> str:
    return f"{form.code}.{question.code}"
