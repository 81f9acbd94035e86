"""The stations' records as they stood at an earlier position of the journal, made again from what was said until then.

A replay needs only what is never changed: submissions, and rulings. It merges as `stations` does. What an operator took
back is left out whole, as if it had never been said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.checklist import rules
from hub.checklist.definition import Checklist
from hub.models import InboxRow, JournalRow, SubmissionRow
from hub.reports.rulings import Ruling
from hub.reports.stations import StationRecord

Key = tuple[int, str]  # station id, form


@dataclass(frozen=True, slots=True)
class Saying:
    """What one journal entry said on a form. `origin`: the message that it speaks for; `terms`: see `SubmissionRow`."""

    journal_id: int
    at: datetime
    key: Key
    person_id: int
    answers: dict[str, str]
    origin: int
    terms: dict[str, Any]


class Replay:
    """Records in the making. `voters`: those on the list of each station whose records are wanted, by its id."""

    def __init__(self, checklist: Checklist, voters: Mapping[int, int]) -> None:
        self._checklist = checklist
        self._voters = voters
        self._records: dict[int, dict[str, StationRecord]] = defaultdict(dict)
        self._voices: dict[Key, int] = {}

    def take(self, sayings: Iterable[Saying], rulings: Iterable[Ruling] = ()) -> set[Key]:
        """Hears what comes next, and what was decided since; the records that are others now."""
        touched: set[Key] = set()
        for saying in sayings:
            if saying.key[0] in self._voters:
                touched |= self._hear(saying)
        for ruling in rulings:
            station, form, code = ruling.place
            if ruling.kind == "decided" and form in self._records.get(station, {}):
                self._records[station][form].decided[code] = {"value": ruling.value, "among": list(ruling.among)}
                touched.add((station, form))
        for station, form in touched:
            self._records[station][form].agree(self._voices[station, form])
        for station in {station for station, _ in touched}:
            self._flag(station)
        return touched

    def records(self) -> list[StationRecord]:
        return [record for forms in self._records.values() for record in forms.values() if record.by_observer]

    def record(self, key: Key) -> StationRecord:
        return self._records[key[0]][key[1]]

    def _hear(self, saying: Saying) -> set[Key]:
        """The records that it changes: its own, and those that earlier versions of an edited message were for."""
        station, form = saying.key
        fresh = StationRecord(station, form, saying.at, saying.at)
        record = self._records[station].setdefault(form, fresh)
        record.withdraw(saying.person_id, saying.terms.get("edits", ()), saying.answers)
        record.hear(saying.person_id, saying.answers, saying.origin, saying.journal_id)
        record.updated_at = saying.at
        self._voices[saying.key] = saying.terms.get("voices", 1)
        edits = saying.terms.get("edits", ())
        others = [it for forms in self._records.values() for it in forms.values() if it is not record] if edits else []
        left = {(it.station_id, it.form) for it in others if it.withdraw(saying.person_id, edits, ())}
        return {saying.key, *left}

    def _flag(self, station: int) -> None:
        """The flags of all the station's records, which rest on its answers alone."""
        forms = self._records[station]
        known = {form: record.answers for form, record in forms.items()}
        judge = rules.of(self._checklist)
        broken: dict[str, set[str]] = defaultdict(set)
        for form in forms:
            for violation in judge.violations(form, known[form], known, self._voters[station]):
                if violation.rule.severity != "note":
                    broken[violation.form].add(violation.rule.name)
        for form, record in forms.items():
            record.flags = sorted(broken[form])


def sayings(session: Session, until: int) -> list[Saying]:
    """All that was said and taken up to a position of the journal, in its order, less what was taken back by then."""
    columns = (
        SubmissionRow.journal_id,
        SubmissionRow.settled_at,
        SubmissionRow.station_id,
        SubmissionRow.form,
        SubmissionRow.person_id,
        SubmissionRow.answers,
        func.coalesce(JournalRow.corrects, JournalRow.id),
        SubmissionRow.terms,
        SubmissionRow.outcome,
    )
    rows = session.execute(
        select(*columns)
        .join(JournalRow, JournalRow.id == SubmissionRow.journal_id)
        .where(SubmissionRow.journal_id <= until)
        .order_by(SubmissionRow.journal_id)
    ).all()
    undone = {row.terms["undoes"] for row in rows if row.terms and "undoes" in row.terms}
    undone |= {row.journal_id for row in rows if row.terms and "undoes" in row.terms}
    return [
        Saying(id, at, (station_id, form), person_id, answers, (terms or {}).get("place", origin), terms or {})
        for id, at, station_id, form, person_id, answers, origin, terms, outcome in rows
        if outcome in ("accepted", "partial") and form and id not in undone
    ]


def settled_until(session: Session) -> int:
    """The last position of the journal up to which everything has been read."""
    waiting = session.scalar(select(func.min(InboxRow.journal_id)))
    end = session.scalar(select(func.max(JournalRow.id))) or 0
    return end if waiting is None else waiting - 1


def moment(session: Session, until: int) -> datetime | None:
    """When the entry at a position came."""
    return session.scalar(select(JournalRow.received_at).where(JournalRow.id == until))
