"""An edited message is a new version of the same report: what the earlier ones said goes, wherever it was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hub.checklist.definition import Checklist
from hub.checklist.people import Station
from hub.intake import journal, troubles
from hub.intake.journal import Entry
from hub.reports import submissions
from hub.reports.stations import StationRecords


class Versions:
    """The earlier versions of what was edited, of one batch. `stations`: the codes of where they reported from."""

    def __init__(self, session: Session, entries: Iterable[Entry]) -> None:
        self._earlier = {it.id: sorted(journal.versions(session, it)) for it in entries if it.kind == "edited"}
        self.stations = submissions.stations(session, [id for ids in self._earlier.values() for id in ids])

    def of(self, entry: Entry) -> list[int]:
        """The journal ids of the earlier versions; none of what is no edit."""
        return self._earlier.get(entry.id, [])

    def move(
        self,
        entry: Entry,
        person_id: int,
        to: tuple[int, str],
        records: StationRecords,
        stations: Mapping[str, Station],
        checklist: Checklist,
        observers: Mapping[int, Sequence[int] | set[int]],
        now: datetime,
    ) -> bool:
        """Withdraws what they said from every record but the one (station id, form) that this version is for; whether
        there was any."""
        moved = False
        for station in stations.values() if self.of(entry) else ():
            for form in checklist.forms:
                record = records.get(station.id, form.code)
                if (station.id, form.code) == to or record is None:
                    continue
                if record.withdraw(person_id, self.of(entry), ()):
                    moved = True
                    record = records.open(station.id, form.code, now)
                    record.updated_at = now
                    record.agree(record.voices(observers.get(station.id, ()) if form.observers == "agree" else None))
                    troubles.flag(records, checklist, station, form.code, now)
        return moved
