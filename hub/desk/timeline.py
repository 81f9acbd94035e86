"""Everything that happened at one station, or with one observer, newest first; and the search that leads there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from hub.models import (
    AlertRow,
    AssignmentRow,
    CallRow,
    ContactRow,
    JournalRow,
    OutboxRow,
    PersonRow,
    StationRow,
    SubmissionRow,
    WorkItemRow,
)

LONGEST = 200
HITS = 20


@dataclass(frozen=True, slots=True)
class Happening:
    """`kind`: message · correction · reply · question · nudge · push · call · alert · item. `state`: what became of
    it, in that kind's own words."""

    at: datetime
    kind: str
    text: str = ""
    state: str = ""
    form: str = ""
    who: str = ""
    station: str = ""
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class StationFound:
    """`sampled`: it was drawn, or stands in for one that was."""

    id: int
    code: str
    district: str
    region: str
    observers: tuple[str, ...] = ()
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Shut:
    """A contact that no message goes to. `state`: opted_out (they said STOP) · blocked. `hint`: its last digits."""

    kind: str
    hint: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """A contact that came after the files: an account that linked itself, or a number that the desk added."""

    id: int
    kind: str
    hint: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ObserverFound:
    """`stations`: where they are now; `regions`: of these, or their own. `active`: still takes part."""

    id: int
    code: str
    role: str
    language: str
    hint: str
    stations: tuple[str, ...]
    regions: frozenset[str]
    shut: tuple[Shut, ...] = ()
    added: tuple[Added, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    stations: tuple[StationFound, ...] = ()
    observers: tuple[ObserverFound, ...] = ()
    messages: tuple[Happening, ...] = ()


def station(session: Session, code: str) -> StationFound | None:
    row = session.scalars(select(StationRow).where(StationRow.code == code)).one_or_none()
    if row is None:
        return None
    posted = (
        select(PersonRow.code)
        .join(AssignmentRow, AssignmentRow.person_id == PersonRow.id)
        .where(AssignmentRow.station_id == row.id, AssignmentRow.until.is_(None), PersonRow.active)
    )
    return StationFound(
        row.id,
        row.code,
        row.district,
        row.region,
        tuple(session.scalars(posted.order_by(PersonRow.code))),
        row.sampled,
    )


def observer(session: Session, code: str) -> ObserverFound | None:
    row = session.scalars(select(PersonRow).where(PersonRow.code == code)).one_or_none()
    return _observer(session, row) if row else None


def of_station(session: Session, station_id: int) -> list[Happening]:
    """Its messages, calls, alerts and work items."""
    return _newest(
        [
            *_messages(session, SubmissionRow.station_id == station_id),
            *_calls(session, CallRow.station_id == station_id),
            *_alerts(session, AlertRow.station_id == station_id),
            *_items(session, station_id),
        ]
    )


def of_observer(session: Session, person_id: int) -> list[Happening]:
    """What they sent over every channel, what was sent to them, and the calls."""
    digests = select(ContactRow.digest).where(ContactRow.person_id == person_id)
    mine = or_(
        SubmissionRow.person_id == person_id,
        SubmissionRow.person_id.is_(None) & JournalRow.sender_digest.in_(digests),
    )
    return _newest(
        [*_messages(session, mine), *_sent(session, person_id), *_calls(session, CallRow.person_id == person_id)]
    )


def search(session: Session, words: str, region: str = "") -> Found:
    """Stations and people by code, people by the last digits of a phone, messages by words; of one region if named."""
    words = words.strip()
    if not words:
        return Found()
    codes = session.scalars(
        select(StationRow.code).where(StationRow.code.startswith(words, autoescape=True)).order_by(StationRow.code)
    )
    stations = [found for code in codes.fetchmany(HITS) if (found := station(session, code))]
    by_phone = select(ContactRow.person_id).where(ContactRow.hint == words, ContactRow.kind == "phone")
    people = session.scalars(
        select(PersonRow)
        .where(or_(PersonRow.code.istartswith(words, autoescape=True), PersonRow.id.in_(by_phone)))
        .order_by(PersonRow.code)
        .limit(HITS)
    )
    observers = [_observer(session, row) for row in people]
    said = JournalRow.text.icontains(words, autoescape=True)
    messages = _messages(session, said & (StationRow.region == region) if region else said)
    return Found(
        tuple(it for it in stations if region in ("", it.region)),
        tuple(it for it in observers if not region or region in it.regions),
        tuple(messages)[:HITS],
    )


def _newest(happenings: Iterable[Happening]) -> list[Happening]:
    return sorted(happenings, key=lambda it: it.at, reverse=True)[:LONGEST]


def _observer(session: Session, row: PersonRow) -> ObserverFound:
    posted = session.execute(
        select(StationRow.code, StationRow.region)
        .join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
        .where(AssignmentRow.person_id == row.id, AssignmentRow.until.is_(None))
        .order_by(StationRow.code)
    ).all()
    hint = session.scalar(
        select(ContactRow.hint).where(ContactRow.person_id == row.id, ContactRow.kind == "phone").limit(1)
    )
    regions = frozenset(region for _, region in posted) | ({row.region} if row.region else set())
    stations = tuple(it for it, _ in posted)
    return ObserverFound(
        row.id,
        row.code,
        row.role,
        row.language,
        hint or "",
        stations,
        regions,
        _shut(session, row.id),
        _added(session, row.id),
        row.active,
    )


def _shut(session: Session, person_id: int) -> tuple[Shut, ...]:
    closed = select(ContactRow).where(ContactRow.person_id == person_id, ContactRow.state != "active")
    rows = session.scalars(closed.order_by(ContactRow.id))
    return tuple(Shut(row.kind, row.hint, row.state, row.state_at) for row in rows)


def _added(session: Session, person_id: int) -> tuple[Added, ...]:
    rows = session.scalars(select(ContactRow).where(ContactRow.person_id == person_id).order_by(ContactRow.id))
    return tuple(Added(row.id, row.kind, row.hint, row.linked_at) for row in rows if row.linked_at)


def _messages(session: Session, condition: ColumnElement[bool]) -> Iterator[Happening]:
    statement = (
        select(JournalRow, SubmissionRow.outcome, SubmissionRow.form, PersonRow.code, StationRow.code)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .outerjoin(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .outerjoin(StationRow, StationRow.id == SubmissionRow.station_id)
        .where(condition)
        .order_by(JournalRow.id.desc())
        .limit(LONGEST)
    )
    for row, outcome, form, who, at in session.execute(statement):
        kind = "correction" if row.corrects else "message"
        yield Happening(row.received_at, kind, row.text, outcome, form or "", who or "", at or "")


def _sent(session: Session, person_id: int) -> Iterator[Happening]:
    statement = select(OutboxRow).where(OutboxRow.person_id == person_id).order_by(OutboxRow.id.desc()).limit(LONGEST)
    for row in session.scalars(statement):
        yield Happening(row.created_at, row.kind, row.text, row.state)


def _calls(session: Session, condition: ColumnElement[bool]) -> Iterator[Happening]:
    statement = (
        select(CallRow, PersonRow.code, StationRow.code)
        .join(PersonRow, PersonRow.id == CallRow.person_id)
        .join(StationRow, StationRow.id == CallRow.station_id)
        .where(condition)
        .order_by(CallRow.id.desc())
        .limit(LONGEST)
    )
    for row, who, at in session.execute(statement):
        yield Happening(row.at, "call", "", row.outcome, row.form, who, at)


def _alerts(session: Session, condition: ColumnElement[bool]) -> Iterator[Happening]:
    for row in session.scalars(select(AlertRow).where(condition).order_by(AlertRow.id.desc()).limit(LONGEST)):
        yield Happening(row.raised_at, "alert", row.words or row.topic, row.state)


def _items(session: Session, station_id: int) -> Iterator[Happening]:
    statement = select(WorkItemRow).where(WorkItemRow.station_id == station_id).order_by(WorkItemRow.id.desc())
    for row in session.scalars(statement.limit(LONGEST)):
        yield Happening(row.opened_at, "item", row.note or "", row.resolution or "", row.form or "", item_id=row.id)
