"""What the settlement does about the files of a message, and what their sender is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.checklist.people import Person, Station
from hub.context import Hub
from hub.intake import journal
from hub.intake.journal import Entry
from hub.media.ties import Sent, Tie, Ties
from hub.replies import say
from hub.reports import submissions
from hub.reports.stations import StationRecords

TAKEN = {"accepted", "partial", "duplicate"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A message without words that brought files. `thanks`: "" where nobody is known, or an album was thanked for."""

    tie: Tie
    thanks: str

    def submission(self, entry_id: int, now: datetime) -> dict[str, Any]:
        at, person_id = self.tie.station, self.tie.person_id
        station_id, form = at.id if at else None, self.tie.form or None
        return submissions.row(entry_id, "media", now, form=form, person_id=person_id, station_id=station_id)


class Photos:
    """The files of one batch. `stations`: by code."""

    def __init__(self, session: Session, hub: Hub, stations: Mapping[str, Station], records: StationRecords) -> None:
        self._session = session
        self._hub = hub
        self._stations = stations
        self._records = records
        self._ties = Ties(session, hub)

    def keep(self, entry: Entry, person: Person | None) -> Kept | None:
        """A message without words. None where it brings no file and no place."""
        sent = _sent(entry)
        if not (sent.files or sent.location):
            return None
        continues = self._ties.continues_album(sent)
        tie = self._tie(sent, person)
        if person is None or continues or not sent.files:
            return Kept(tie, "")
        return Kept(tie, self.refusal(entry, person.language) or self._thanks(tie, person.language))

    def settled(
        self,
        entry: Entry,
        outcome: str,
        person: Person | None,
        station: Station | None,
        form: str,
        incident: int | None,
    ) -> None:
        """A message with words was taken as this, or not taken: its files belong to it."""
        sent = _sent(entry)
        if outcome in TAKEN and person and station and (form or incident):
            is_edited = entry.kind == "edited" and bool(sent.files)
            versions = journal.versions(self._session, entry) if is_edited else ()
            self._ties.reported(sent, person, station, form=form, incident=incident, versions=versions)
        elif sent.files or sent.location:
            self._tie(sent, person)

    def refusal(self, entry: Entry, language: str) -> str:
        """What is said of files that cannot be taken; "" where there are none, or one that can."""
        if "files" not in entry.context:
            return ""
        key = self._ties.refusal(_sent(entry))
        megabytes = self._hub.settings.file_limit // 2**20
        return say(self._hub.election, key, language, megabytes=megabytes) if key else ""

    def write(self) -> None:
        self._ties.write()

    def _tie(self, sent: Sent, person: Person | None) -> Tie:
        station = self._stations.get(person.stations[0]) if person and person.stations else None
        return self._ties.tie(sent, person, station, lambda at, form: self._records.get(at, form) is not None)

    def _thanks(self, tie: Tie, language: str) -> str:
        told = {"form": tie.form, "station": tie.station.code if tie.station else "", "number": tie.incident_id}
        if tie.incident_id:
            key = "photo_kept_incident"
        elif tie.form:
            key = "photo_kept" if tie.by == "due" else "photo_kept_with"
        else:
            key = "photo_kept_alone"
        return say(self._hub.election, key, language, **told)


def _sent(entry: Entry) -> Sent:
    return Sent(
        entry.id, entry.gateway, entry.kind, entry.sender, entry.received_at, entry.context, corrects=entry.corrects
    )
