"""One work item as its operator sees it: the message, who sent it and what they sent before, the station's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub import audit
from hub.desk import late
from hub.desk.late import Call
from hub.models import (
    AccountRow,
    AssignmentRow,
    ContactRow,
    JournalRow,
    PersonRow,
    StationRecordRow,
    StationRow,
    SubmissionRow,
    WorkItemRow,
)

HISTORY = 12
MENDED = ("message", "unknown")  # kinds of item that are there because of what a message says


@dataclass(frozen=True, slots=True)
class Sender:
    """Who it is, as far as the desk may know: never a full number. `hint`: the phone's last three digits; `others`:
    who else is at their stations; `heard_at`: over whichever channel; `reveals`: how often the number was shown."""

    id: int
    code: str
    role: str
    language: str
    stations: tuple[str, ...]
    hint: str
    others: tuple[str, ...] = ()
    heard_at: datetime | None = None
    calls: tuple[Call, ...] = ()  # newest first
    reveals: int = 0


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message, or a correction of one. `outcome` is "" while nobody has read it; `who` its sender by code."""

    journal_id: int
    received_at: datetime
    text: str
    outcome: str
    form: str
    corrects: int | None
    who: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` as it came, `latest` as it was corrected last."""

    journal_id: int
    text: str
    latest: str
    channel: str
    received_at: datetime
    sender: Sender | None
    history: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What the observers of a station say on one form: `said` is the observer's code → question's code → value;
    `decided`: question's code → who chose between them, and why."""

    answers: dict[str, str]
    said: dict[str, dict[str, str]]
    conflicts: tuple[str, ...]
    flags: tuple[str, ...]
    first_at: datetime
    updated_at: datetime
    decided: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """`holder`: the account that has it, or had it when it was closed; "" while nobody has."""

    id: int
    kind: str
    severity: int
    opened_at: datetime
    station_id: int | None
    station: str
    district: str
    region: str
    form: str
    detail: dict[str, Any] = field(default_factory=dict)
    holder: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    resolution: str = ""
    note: str = ""  # why it was postponed, handed over or escalated last
    escalated_at: datetime | None = None
    message: Message | None = None
    person: Sender | None = None  # whom it is about, where no message says it
    record: Record | None = None
    behind: tuple[Earlier, ...] = ()  # the messages behind the record, newest first


def item(session: Session, item_id: int) -> Item | None:
    row = session.get(WorkItemRow, item_id)
    if row is None:
        return None
    station = session.get(StationRow, row.station_id) if row.station_id else None
    return Item(
        id=row.id,
        kind=row.kind,
        severity=row.severity,
        opened_at=row.opened_at,
        station_id=row.station_id,
        station=station.code if station else "",
        district=station.district if station else "",
        region=station.region if station else "",
        form=row.form or "",
        detail=row.detail,
        holder=_account_name(session, row.claimed_by),
        closed_at=row.closed_at,
        closed_by=_account_name(session, row.closed_by),
        resolution=row.resolution or "",
        note=row.note or "",
        escalated_at=row.escalated_at,
        message=_message(session, row.journal_id, row.detail.get("whole")) if row.journal_id else None,
        person=_person(session, row.detail.get("person")),
        record=_record(session, row.station_id, row.form) if row.station_id and row.form else None,
        behind=_behind(session, row.station_id, row.form) if row.station_id and row.form else (),
    )


def original(session: Session, item_id: int) -> tuple[int, str] | None:
    """The journal id and the text of the message that an item is there to mend; a live reading needs no more."""
    statement = (
        select(JournalRow.id, JournalRow.text, WorkItemRow.detail)
        .join(WorkItemRow, WorkItemRow.journal_id == JournalRow.id)
        .where(WorkItemRow.id == item_id, WorkItemRow.kind.in_(MENDED))
    )
    found = session.execute(statement).one_or_none()
    return (found[0], found[2].get("whole") or found[1]) if found else None


def _account_name(session: Session, account_id: int | None) -> str:
    return session.scalar(select(AccountRow.name).where(AccountRow.id == account_id)) or "" if account_id else ""


def _message(session: Session, journal_id: int, whole: str | None) -> Message | None:
    """`whole`: the text of a long message, of which this entry is the last part."""
    entry = session.get(JournalRow, journal_id)
    if entry is None:
        return None
    latest = session.scalar(
        select(JournalRow.text).where(JournalRow.corrects == journal_id).order_by(JournalRow.id.desc()).limit(1)
    )
    return Message(
        entry.id,
        whole or entry.text,
        (whole or entry.text) if latest is None else latest,
        entry.channel,
        entry.received_at,
        _sender(session, entry.sender_digest),
        _history(session, entry),
    )


def _sender(session: Session, digest: bytes) -> Sender | None:
    return _person(session, session.scalar(select(ContactRow.person_id).where(ContactRow.digest == digest).limit(1)))


def _person(session: Session, person: int | str | None) -> Sender | None:
    """By id, or by code."""
    known = PersonRow.code == person if isinstance(person, str) else PersonRow.id == person
    row = session.scalars(select(PersonRow).where(known)).one_or_none() if person else None
    if row is None:
        return None
    phones = select(ContactRow.hint).where(ContactRow.person_id == row.id, ContactRow.kind == "phone")
    stations = session.execute(
        select(StationRow.id, StationRow.code)
        .join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
        .where(AssignmentRow.person_id == row.id, AssignmentRow.until.is_(None))
        .order_by(StationRow.code)
    ).all()
    others = (
        select(PersonRow.code)
        .join(AssignmentRow, AssignmentRow.person_id == PersonRow.id)
        .where(AssignmentRow.station_id.in_([id for id, _ in stations]), AssignmentRow.until.is_(None))
        .where(PersonRow.id != row.id, PersonRow.active)
        .distinct()
    )
    heard = (
        select(func.max(JournalRow.received_at))
        .join(ContactRow, ContactRow.digest == JournalRow.sender_digest)
        .where(ContactRow.person_id == row.id, JournalRow.corrects.is_(None))
    )
    return Sender(
        row.id,
        row.code,
        row.role,
        row.language,
        tuple(code for _, code in stations),
        session.scalar(phones.order_by(ContactRow.id).limit(1)) or "",
        tuple(session.scalars(others.order_by(PersonRow.code))),
        session.scalar(heard),
        late.calls_to(session, row.id),
        audit.count(session, "reveal", [row.code])[row.code],
    )


def _history(session: Session, entry: JournalRow) -> tuple[Earlier, ...]:
    """What the same person sent over whichever channel, and how this message was corrected."""
    owner = select(ContactRow.person_id).where(ContactRow.digest == entry.sender_digest)
    theirs = select(ContactRow.digest).where(ContactRow.person_id.in_(owner))
    same = or_(JournalRow.sender_digest == entry.sender_digest, JournalRow.sender_digest.in_(theirs))
    rows = session.execute(
        select(JournalRow, SubmissionRow.outcome, SubmissionRow.form)
        .outerjoin(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .where(or_(same, JournalRow.corrects == entry.id))
        .order_by(JournalRow.id.desc())
        .limit(HISTORY)
    )
    return tuple(
        Earlier(row.id, row.received_at, row.text, outcome or "", form or "", row.corrects, "", row.channel)
        for row, outcome, form in rows
        if row.id != entry.id
    )


def _behind(session: Session, station_id: int, form: str) -> tuple[Earlier, ...]:
    rows = session.execute(
        select(JournalRow, SubmissionRow.outcome, PersonRow.code)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .outerjoin(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .where(SubmissionRow.station_id == station_id, SubmissionRow.form == form)
        .order_by(JournalRow.id.desc())
        .limit(HISTORY)
    )
    return tuple(
        Earlier(row.id, row.received_at, row.text, outcome, form, row.corrects, who or "") for row, outcome, who in rows
    )


def _record(session: Session, station_id: int, form: str) -> Record | None:
    row = session.get(StationRecordRow, (station_id, form))
    if row is None:
        return None
    people = {int(person_id) for person_id in row.by_observer}
    codes: dict[int, str] = {
        person_id: code
        for person_id, code in session.execute(select(PersonRow.id, PersonRow.code).where(PersonRow.id.in_(people)))
    }
    said = {
        codes.get(int(person_id), person_id): {code: str(told[0]) for code, told in answers.items()}
        for person_id, answers in sorted(row.by_observer.items(), key=lambda pair: codes.get(int(pair[0]), pair[0]))
    }
    decided = {
        code: (_account_name(session, told["account"]), str(told["reason"])) for code, told in row.decided.items()
    }
    return Record(row.answers, said, tuple(row.conflicts), tuple(row.flags), row.first_at, row.updated_at, decided)
