"""What was kept of photos, documents, recordings and places: for those who may look at it.

The bytes are in the database and not in a directory beside it: a backup, a second machine and what is shown in court
are then one thing, and no file is ever without its message or a message without its file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, update
from sqlalchemy.orm import Session

from hub.checklist.people import Station
from hub.database import insert_into, parts
from hub.media.types import ENDINGS
from hub.models import JournalRow, MediaBlobRow, MediaRow, PersonRow, StationRow, WorkItemRow
from hub.sample import roster
from hub.vault import Vault

MOST = 200  # files on one page


@dataclass(frozen=True, slots=True)
class File:
    """One file of one message. `who`: its sender's code; `text`: the caption; `has_picture`: there is a preview."""

    id: int
    journal_id: int
    kind: str
    state: str
    reason: str
    type: str
    size: int
    sha256: str
    received_at: datetime
    who: str
    station: str
    region: str
    form: str
    incident_id: int | None
    text: str
    has_picture: bool

    @property
    def name(self) -> str:
        """What it is called when it is saved: `10001-PRT-17.jpg`."""
        return "-".join(filter(None, (self.station, self.form, str(self.id)))) + f".{ENDINGS.get(self.type, 'bin')}"


def one(session: Session, media_id: int) -> File | None:
    return next(iter(_files(session, MediaRow.id == media_id)), None)


def of_item(session: Session, journal_id: int | None, station_id: int | None, form: str) -> list[File]:
    """The files of a message, of the other parts of its album, and of a station's form: the protocol beside what was
    texted of it. The message's own first."""
    albums = select(MediaRow.album).where(MediaRow.journal_id == journal_id, MediaRow.album != "")
    own = or_(MediaRow.journal_id == journal_id, MediaRow.album.in_(albums)) if journal_id else false()
    of_form = and_(MediaRow.station_id == station_id, MediaRow.form == form) if station_id and form else false()
    return sorted(_files(session, or_(own, of_form)), key=lambda file: file.journal_id != journal_id)


def of_station(session: Session, station_id: int) -> list[File]:
    """A station's files, newest first."""
    return _files(session, MediaRow.station_id == station_id)


def of_stations(session: Session, codes: Collection[str], form: str) -> dict[str, list[File]]:
    """Many stations' files of one form, by the station's code: the protocols beside their figures."""
    found: dict[str, list[File]] = defaultdict(list)
    for part in parts(codes):
        for file in _files(session, StationRow.code.in_(part) & (MediaRow.form == form), len(part) * 20):
            found[file.station].append(file)
    return found


def of_person(session: Session, person_id: int) -> list[File]:
    return _files(session, MediaRow.person_id == person_id)


def of_incident(session: Session, incident_id: int) -> list[File]:
    return _files(session, MediaRow.incident_id == incident_id)


def everything(session: Session) -> list[File]:
    """All that was kept, oldest first."""
    return _files(session, MediaRow.state == "kept", None)[::-1]


def original(session: Session, vault: Vault, file: File) -> bytes:
    """The bytes as they came. Raises `cryptography.exceptions.InvalidTag` where they were changed since."""
    return vault.open(session.scalars(select(MediaBlobRow.sealed).where(MediaBlobRow.sha256 == file.sha256)).one())


def preview(session: Session, vault: Vault, file: File) -> bytes | None:
    """The picture we made of it: a JPEG without metadata."""
    sealed = session.scalar(select(MediaBlobRow.preview_sealed).where(MediaBlobRow.sha256 == file.sha256))
    return vault.open(sealed) if sealed else None


def ask_for(session: Session, media_id: int, now: datetime) -> bool:
    """Has a file fetched that is held, or that was lost; whether it was."""
    again = update(MediaRow).where(MediaRow.id == media_id, MediaRow.state.in_(("held", "lost")))
    return bool(
        session.scalars(
            again.values(state="waiting", reason="", attempts=0, not_before=now, settled_at=None).returning(MediaRow.id)
        ).all()
    )


def item_of(session: Session, file: File) -> int | None:
    """The open work item about a file or its message."""
    causes = (f"media:{file.id}", f"message:{file.journal_id}")
    return session.scalar(select(WorkItemRow.id).where(WorkItemRow.open_key.in_(causes)).limit(1))


def keep(session: Session, sha256: str, sealed: bytes, preview_sealed: bytes | None = None) -> None:
    """The same bytes sent twice are kept once."""
    row = {"sha256": sha256, "sealed": sealed, "preview_sealed": preview_sealed}
    session.execute(insert_into(session, MediaBlobRow).on_conflict_do_nothing(index_elements=["sha256"]), [row])


def station(session: Session, station_id: int | None) -> Station | None:
    return roster.station(session, station_id) if station_id else None


def _files(session: Session, condition: ColumnElement[bool], limit: int | None = MOST) -> list[File]:
    statement = (
        select(
            MediaRow,
            PersonRow.code,
            StationRow.code,
            StationRow.region,
            JournalRow.text,
            MediaBlobRow.preview_sealed.is_not(None),
        )
        .join(JournalRow, JournalRow.id == MediaRow.journal_id)
        .outerjoin(PersonRow, PersonRow.id == MediaRow.person_id)
        .outerjoin(StationRow, StationRow.id == MediaRow.station_id)
        .outerjoin(MediaBlobRow, MediaBlobRow.sha256 == MediaRow.sha256)
        .where(condition)
        .order_by(MediaRow.id.desc())
        .limit(limit)
    )
    return [_file(*values) for values in session.execute(statement)]


def _file(row: MediaRow, who: str | None, at: str | None, region: str | None, text: str, has_picture: bool) -> File:
    return File(
        id=row.id,
        journal_id=row.journal_id,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        type=row.type,
        size=row.size,
        sha256=row.sha256 or "",
        received_at=row.received_at,
        who=who or "",
        station=at or "",
        region=region or "",
        form=row.form,
        incident_id=row.incident_id,
        text=text,
        has_picture=has_picture,
    )
