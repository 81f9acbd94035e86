"""Official results as a commission publishes them: any table of stations and figures, mapped to the protocol's answers.

Nothing is stored of a table in which anything is wrong. A sum that fails is no such thing: it is what the commission
published, and is told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.authoring import headers
from hub.authoring.headers import Mapped
from hub.authoring.sheets import Complaint, Row, Workbook
from hub.checklist import rules
from hub.checklist.definition import Form
from hub.election.definition import Election
from hub.models import StationRow

STATION = "station"
_LEADING = 20  # rows, among which the headings are looked for: titles often stand above them
_TOTAL = {"total", "totals", "sum", "итого", "всего", "жыйынтыгы", "баары", "жалпы", "somme", "total général"}


@dataclass(frozen=True)
class Understood:
    """`results`: station → code → value, as far as could be read; `totals`: of each counted answer. With `complaints`
    they are not to be taken; `doubts` are sums that the published figures do not satisfy."""

    header: Row
    rows: tuple[Row, ...]
    places: Mapping[str, int]  # the station's column and each answer's
    results: Mapping[str, Mapping[str, str]]
    complaints: tuple[Complaint, ...]
    doubts: tuple[Complaint, ...] = ()

    @cached_property
    def meanings(self) -> dict[int, str]:
        """Column of the file → what it means."""
        return {place: name for name, place in self.places.items()}

    @cached_property
    def totals(self) -> dict[str, Decimal]:
        counted = [code for code in self.places if code != STATION]
        return {code: sum(_counts(self.results.values(), code), Decimal()) for code in counted}

    @property
    def seal(self) -> str:
        """Stands for what was shown."""
        return hashlib.sha256(repr((self.places, self.results, self.complaints)).encode()).hexdigest()


def read(session: Session, election: Election, workbook: Workbook, told: Mapping[str, str]) -> Understood:
    """The table as results of the form that is reconciled, which the election names, at the stations of its frame."""
    assert election.analysis.reconciled_form is not None
    form = election.checklist.form(election.analysis.reconciled_form)
    stations = {code: voters for code, voters in session.execute(select(StationRow.code, StationRow.voters))}
    return understood(workbook, election, form, told, stations)


def understood(
    workbook: Workbook, election: Election, form: Form, told: Mapping[str, str], stations: Mapping[str, int]
) -> Understood:
    """`told`: their heading → our column, "-" to leave it out; the others by what they are called. `stations`: every
    code of the frame, with its voters."""
    sheet = next((sheet for sheet in workbook.sheets if sheet.rows), None)
    if workbook.complaints or sheet is None:
        return Understood(Row("", 1, ()), (), {}, {}, workbook.complaints)
    at, found = _headings(sheet.rows, election, form, told)
    header, rows = sheet.rows[at], sheet.rows[at + 1 :]
    complaints = [*found.complaints, *_missing(found, header, rows)]
    if STATION not in found.places:
        return Understood(header, rows, found.places, {}, tuple(complaints))
    reading = _Reading(election, form, found.places, stations)
    body = rows[:-1] if rows and reading.is_total(rows[-1]) else rows
    complaints += reading.complaints(body)
    results = {row.cell(found.places[STATION]): reading.answers(row) for row in body}
    read = Understood(header, rows, found.places, results, ())
    complaints += [] if complaints or body == rows else reading.wrong_totals(rows[-1], read.totals)
    doubts = () if complaints else tuple(reading.doubts(body))
    return Understood(header, rows, found.places, results, tuple(complaints), doubts)


def columns(form: Form) -> tuple[str, ...]:
    """What a column may mean."""
    return STATION, *form.by_code


def _headings(rows: Sequence[Row], election: Election, form: Form, told: Mapping[str, str]) -> tuple[int, Mapped]:
    """Which row holds the headings, the first in which a station's column is known, and what they mean."""
    called = _called(election, form)
    mapped = [headers.mapped(row, columns(form), told, called) for row in rows[:_LEADING]]
    at = next((at for at, found in enumerate(mapped) if STATION in found.places and len(found.places) > 1), 0)
    return at, mapped[at]


def _called(election: Election, form: Form) -> dict[str, list[str]]:
    """What people call each column: the questions' own words, and the names of the parties."""
    called = {question.code: list(question.text.values()) for question in form.questions}
    for ballot in election.analysis.shares:
        for name, ref in ballot.parts.items():
            home, _, code = ref.partition(".")
            if home == form.code:
                called[code].append(name)
    # Not `№`: in a sheet that is any row's number.
    return called | {STATION: [word for word in election.checklist.station.words if any(map(str.isalpha, word))]}


def _missing(found: Mapped, header: Row, rows: Sequence[Row]) -> Iterator[Complaint]:
    if STATION not in found.places:
        yield Complaint(header.address(0), "no column with the station's code", "say which it is")
    elif len(found.places) == 1:
        yield Complaint(header.address(0), "no column with an answer of the protocol", "say which they are")
    if not rows:
        yield Complaint(header.address(0), "no row below the headings", "add the stations' results")


@dataclass(frozen=True, slots=True)
class _Reading:
    election: Election
    form: Form
    places: Mapping[str, int]
    stations: Mapping[str, int]

    def is_total(self, row: Row) -> bool:
        """Whether it is the table's own sum, and no station."""
        words = {cell.strip(" :.").casefold() for cell in row.cells}
        return row.cell(self.places[STATION]) not in self.stations and bool(words & _TOTAL)

    def complaints(self, rows: Sequence[Row]) -> Iterator[Complaint]:
        place = self.places[STATION]
        first: dict[str, Row] = {}
        for row in rows:
            station = row.cell(place)
            if station not in self.stations:
                fix = "correct the code, or delete the row"
                yield Complaint(row.address(place), f"“{station}” is no station of the frame", fix)
            elif station in first:
                earlier = first[station].number
                yield Complaint(row.address(place), f"station {station} is in row {earlier} already", "delete one")
            first.setdefault(station, row)
            yield from self._cells(row)

    def answers(self, row: Row) -> dict[str, str]:
        """What stands in the row; what is empty is not published."""
        cells = {code: row.cell(place) for code, place in self.places.items() if code != STATION}
        return {code: value for code, value in cells.items() if value}

    def wrong_totals(self, row: Row, totals: Mapping[str, Decimal]) -> Iterator[Complaint]:
        for code, total in totals.items():
            written, place = row.cell(self.places[code]), self.places[code]
            if written and _number(written) != total:
                wrong = f"the total {written} is not the sum of the column, {total:f}"
                yield Complaint(row.address(place), wrong, "correct the column, or delete the row of totals")

    def doubts(self, rows: Sequence[Row]) -> Iterator[Complaint]:
        """The form's rules that a station's published figures break."""
        judge = rules.of(self.election.checklist)
        language = self.election.default_language
        for row in rows:
            station, answers = row.cell(self.places[STATION]), self.answers(row)
            for broken in judge.violations(self.form.code, answers, {}, self.stations[station]):
                if broken.form == self.form.code and broken.rule.severity != "note":
                    place = self.places[broken.codes[0] if broken.codes else STATION]
                    message = f"{station}: {broken.rule.message.get(language, broken.rule.name)}"
                    named = ", ".join(f"{code} {answers[code]}" for code in broken.codes)
                    yield Complaint(row.address(place), message, named)

    def _cells(self, row: Row) -> Iterator[Complaint]:
        for code, value in self.answers(row).items():
            question, address = self.form.by_code[code], row.address(self.places[code])
            if question.type == "integer" and not re.fullmatch(r"[0-9]+", value):
                yield Complaint(address, f"“{value}” is no whole number, as {code} needs", "write digits alone")
            elif question.type == "decimal" and _number(value) is None:
                yield Complaint(address, f"“{value}” is no number, as {code} needs", "write digits and a point")


def _counts(results: Iterable[Mapping[str, str]], code: str) -> Iterator[Decimal]:
    for answers in results:
        if code in answers and (number := _number(answers[code])) is not None:
            yield number


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
