"""What the files of a batch belong to: a station and a form, or an incident. Written in the batch's own transaction.

A caption that is a report says it best. Else it is what the sender reported around it, or the form that was due then;
such a guess gives way to the report that follows. The parts of an album belong to one thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from bots.gateway import Attachment
from hub.checklist.people import Person, Station
from hub.context import Hub
from hub.database import insert_into
from hub.media import archive
from hub.models import IncidentRow, JournalRow, MediaRow, SubmissionRow
from hub.prepared import Prepared

NEAR = timedelta(minutes=30)  # a photo speaks of the report that came so shortly before it, or after it
DAY = timedelta(days=1)
SPEAKING = {"text", "edited", "media", "location", "stop"}  # kinds of message whose files are meant for the hub
TOO_LARGE = "too large"


class Tie(NamedTuple):
    """What a file belongs to, as far as is known. `by`: as `MediaRow.tied_by`."""

    by: str = ""
    person_id: int | None = None
    station: Station | None = None
    form: str = ""
    incident_id: int | None = None


class Sent(NamedTuple):
    """What there is to know of a message that came with files. `gateway`: by which they can be fetched."""

    id: int
    gateway: str
    kind: str
    sender: bytes
    received_at: datetime
    context: dict[str, Any]
    corrects: int | None = None

    @property
    def files(self) -> list[Attachment]:
        named = self.context.get("files", []) if self.kind in SPEAKING and not self.corrects else []
        return [Attachment(*told) for told in named]

    @property
    def location(self) -> str:
        return self.context.get("location", "") if self.kind in SPEAKING and not self.corrects else ""

    @property
    def album(self) -> str:
        album = self.context.get("album", "")
        return f"{self.sender.hex()}:{album}" if album else ""


class Ties:
    """Holds what one batch says of its files: `reported` and `tie`, entry by entry and in order, then `write`."""

    def __init__(self, session: Session, hub: Hub) -> None:
        self._session = session
        self._hub = hub
        self._tied: list[tuple[Sent, Tie]] = []
        self._reports: list[tuple[Sent, Tie, frozenset[int]]] = []

    def reported(
        self,
        sent: Sent,
        person: Person,
        station: Station,
        *,
        form: str = "",
        incident: int | None = None,
        versions: Collection[int] = (),
    ) -> None:
        """A message was taken as this report. `versions`: earlier ones that an edited message replaces."""
        tie = Tie("caption", person.id, station, form, incident)
        self._reports.append((sent, tie, frozenset({*versions, *([sent.corrects] if sent.corrects else [])})))
        self._tied.append((sent, tie))

    def tie(
        self,
        sent: Sent,
        person: Person | None,
        station: Station | None = None,
        is_reported: Callable[[int, str], bool] = lambda _station, _form: False,
    ) -> Tie:
        """A message that is no report: its files belong to their album, to what came shortly before, or to what is
        due."""
        tie = self._of_album(sent) or self._before(sent, person) or self._due(sent, person, station, is_reported)
        self._tied.append((sent, tie))
        return tie

    def continues_album(self, sent: Sent) -> bool:
        """Whether other parts of its album came before: one answer is enough for all."""
        return self._of_album(sent) is not None

    def refusal(self, sent: Sent) -> str:
        """Why no file of a message can be taken, as a wording's key; "" where one can, or where there is none."""
        reasons = [_refused(file, self._hub.settings.file_limit) for file in sent.files]
        if not reasons or "" in reasons:
            return ""
        return "photo_too_large" if TOO_LARGE in reasons else "photo_refused"

    def write(self) -> None:
        with_files = [(sent, tie) for sent, tie in self._tied if sent.files or sent.location]
        for sent, tie in with_files:
            self._store(sent, tie)
        if self._reports:
            self._retie()

    def _of_album(self, sent: Sent) -> Tie | None:
        if not sent.album:
            return None
        here = next((tie for other, tie in self._tied if other.album == sent.album), None)
        return here._replace(by="album") if here else _stored_tie(self._session, MediaRow.album == sent.album)

    def _before(self, sent: Sent, person: Person | None) -> Tie | None:
        """The sender's last report, if it came shortly before."""
        if person is None:
            return None
        for other, tie, _ in reversed(self._reports):
            if tie.person_id == person.id and timedelta(0) <= sent.received_at - other.received_at <= NEAR:
                return Tie("report", *tie[1:])
        found = self._session.execute(
            select(SubmissionRow.station_id, SubmissionRow.form, IncidentRow.id)
            .join(JournalRow, JournalRow.id == SubmissionRow.journal_id)
            .outerjoin(IncidentRow, IncidentRow.journal_id == JournalRow.id)
            .where(
                SubmissionRow.person_id == person.id, SubmissionRow.outcome.in_(("accepted", "partial", "duplicate"))
            )
            .where(JournalRow.id < sent.id, JournalRow.received_at >= sent.received_at - NEAR)
            .order_by(JournalRow.id.desc())
            .limit(1)
        ).one_or_none()
        if found is None or not (found.form or found.id):
            return None
        return Tie("report", person.id, archive.station(self._session, found.station_id), found.form or "", found.id)

    def _due(
        self, sent: Sent, person: Person | None, station: Station | None, is_reported: Callable[[int, str], bool]
    ) -> Tie:
        """The form whose hour is nearest, of those that the station has not sent."""
        if person is None or station is None:
            return Tie("sender" if person else "", person.id if person else None)
        election = self._hub.election
        open_forms = [form for form in election.checklist.forms if not is_reported(station.id, form.code)]
        nearest = min(open_forms, key=lambda form: abs(election.due_at(form) - sent.received_at), default=None)
        return Tie("due", person.id, station, nearest.code if nearest else "")

    def _store(self, sent: Sent, tie: Tie) -> None:
        common = {
            "journal_id": sent.id,
            "gateway": sent.gateway,
            "album": sent.album,
            "received_at": sent.received_at,
            "person_id": tie.person_id,
            "station_id": tie.station.id if tie.station else None,
            "form": tie.form,
            "incident_id": tie.incident_id,
            "tied_by": tie.by,
            "attempts": 0,
            "not_before": self._hub.timer(),
        }
        rows = [common | told for told in [*self._told_files(sent, tie), *self._told_location(sent)]]
        if rows:
            self._session.execute(insert_into(self._session, MediaRow), rows)

    def _told_files(self, sent: Sent, tie: Tie) -> list[dict[str, Any]]:
        known = _known(self._session, sent) if sent.kind == "edited" else set()
        held = bool(sent.files) and self._is_held(sent, tie)
        told = []
        for place, file in enumerate(sent.files):
            reason = _refused(file, self._hub.settings.file_limit)
            if file.reference not in known:
                told.append(
                    {
                        "place": place,
                        "reference": file.reference,
                        "kind": file.kind,
                        "announced_type": file.type,
                        "announced_size": file.size,
                        "state": "refused" if reason else "held" if held else "waiting",
                        "reason": reason,
                        "type": "",
                        "size": 0,
                        "sha256": None,
                        "settled_at": self._hub.clock() if reason else None,
                    }
                )
        return told

    def _told_location(self, sent: Sent) -> list[dict[str, Any]]:
        if not sent.location:
            return []
        sealed = bytes.fromhex(sent.location)
        content = self._hub.vault.open(sealed)
        sha256 = hashlib.sha256(content).hexdigest()
        archive.keep(self._session, sha256, sealed)
        told = {"reference": "", "kind": "location", "announced_type": "", "announced_size": 0, "reason": ""}
        kept = {"state": "kept", "type": "application/geo", "size": len(content), "sha256": sha256}
        return [told | kept | {"place": len(sent.files), "settled_at": self._hub.clock()}]

    def _is_held(self, sent: Sent, tie: Tie) -> bool:
        """Nobody may fill the disk: what strangers send, and what is too much, waits until the desk asks for it."""
        if tie.person_id is None:
            return True
        lately = select(func.count()).select_from(MediaRow).where(MediaRow.person_id == tie.person_id)
        count = self._session.scalar(lately.where(MediaRow.received_at > sent.received_at - DAY)) or 0
        return count >= self._hub.settings.files_per_person

    def _retie(self) -> None:
        """Files that came before these reports and whose place was a guess; those of what is corrected or edited."""
        earliest = min(sent.received_at for sent, _, _ in self._reports)
        people = {tie.person_id for _, tie, _ in self._reports}
        origins = {id for _, _, its in self._reports for id in its}
        asked = {"people": people, "since": earliest - NEAR, "origins": origins}
        found = _RETIED.column(self._session, **asked)
        for row in self._session.scalars(select(MediaRow).where(MediaRow.id.in_(found))) if found else ():
            for sent, tie, its in self._reports:
                if by := _claim(row, sent, tie, its):
                    row.tied_by, row.form, row.incident_id = by, tie.form, tie.incident_id
                    row.person_id, row.station_id = tie.person_id, tie.station.id if tie.station else None
                    break


_RETIED = Prepared(
    select(MediaRow.id).where(
        or_(
            and_(
                MediaRow.person_id.in_(bindparam("people", expanding=True)),
                MediaRow.received_at >= bindparam("since"),
                MediaRow.tied_by != "caption",
            ),
            MediaRow.journal_id.in_(bindparam("origins", expanding=True)),
        )
    )
)


def _claim(row: MediaRow, sent: Sent, tie: Tie, origins: Collection[int]) -> str:
    """How a report lays claim to a file that is there already; "" where it does not."""
    if row.journal_id in origins:
        return "caption"
    if row.album and row.album == sent.album and row.tied_by != "caption":
        return "album"
    follows = row.journal_id < sent.id and sent.received_at - row.received_at <= NEAR
    is_there = tie.station is not None and row.station_id in (None, tie.station.id)
    return "report" if row.tied_by == "due" and row.person_id == tie.person_id and follows and is_there else ""


def _refused(file: Attachment, limit: int) -> str:
    """Why a file is not even fetched; "" where it is."""
    if file.kind == "video" or file.type.startswith("video/"):
        return "video"
    return TOO_LARGE if file.size > limit else ""


def _known(session: Session, sent: Sent) -> set[str]:
    """Those of an edited message's files that it had before."""
    named = [file.reference for file in sent.files]
    statement = select(MediaRow.reference).where(MediaRow.gateway == sent.gateway, MediaRow.reference.in_(named))
    return set(session.scalars(statement))


def _stored_tie(session: Session, condition: Any) -> Tie | None:
    row = session.scalars(select(MediaRow).where(condition).order_by(MediaRow.id).limit(1)).one_or_none()
    if row is None:
        return None
    return Tie("album", row.person_id, archive.station(session, row.station_id), row.form, row.incident_id)
