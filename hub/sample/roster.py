"""Who is behind an address, and which stations there are: a few set queries a batch, whatever the batch's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from hub.checklist.people import Person, Station
from hub.models import AssignmentRow, ContactRow, PersonRow, StationRow

T = TypeVar("T")
CHUNK = 500  # SQLite takes only so many parameters


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach a person. `kind`: phone or telegram; `sealed`: the address."""

    id: int
    person_id: int
    kind: str
    sealed: bytes


def senders(session: Session, digests: Collection[bytes], now: datetime) -> dict[bytes, list[Person]]:
    """The active persons behind each address, with the stations they are at by `now`. A phone may be shared."""
    found: dict[bytes, dict[int, list[str]]] = defaultdict(dict)
    rows: dict[int, PersonRow] = {}
    for part in _parts(digests):
        statement = (
            select(ContactRow.digest, PersonRow, StationRow.code)
            .join(PersonRow, PersonRow.id == ContactRow.person_id)
            .outerjoin(AssignmentRow, and_(AssignmentRow.person_id == PersonRow.id, *_current(now)))
            .outerjoin(StationRow, StationRow.id == AssignmentRow.station_id)
            .where(ContactRow.digest.in_(part), PersonRow.active)
            .order_by(PersonRow.id, StationRow.code)
        )
        for digest, person, station in session.execute(statement):
            rows[person.id] = person
            stations = found[digest].setdefault(person.id, [])
            if station and station not in stations:
                stations.append(station)
    return {
        digest: [_person(rows[person_id], stations) for person_id, stations in persons.items()]
        for digest, persons in found.items()
    }


def person(session: Session, person_id: int, now: datetime) -> Person | None:
    row = session.get(PersonRow, person_id)
    if row is None:
        return None
    stations = session.scalars(
        select(StationRow.code)
        .join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
        .where(AssignmentRow.person_id == person_id, *_current(now))
        .order_by(StationRow.code)
    )
    return _person(row, list(stations))


def stations(session: Session, codes: Collection[str]) -> dict[str, Station]:
    """The stations of the frame that have these codes."""
    found: dict[str, Station] = {}
    for part in _parts(codes):
        found |= {row.code: row for row in _stations(session, select(StationRow).where(StationRow.code.in_(part)))}
    return found


def station(session: Session, station_id: int) -> Station | None:
    return next(iter(_stations(session, select(StationRow).where(StationRow.id == station_id))), None)


def staff(session: Session, roles: Collection[str], region: str) -> list[Person]:
    """The active staff of these roles for a region; head office is of every region."""
    statement = (
        select(PersonRow)
        .where(PersonRow.active, PersonRow.role.in_(roles))
        .where(or_(PersonRow.region == region, PersonRow.role == "head_office"))
        .order_by(PersonRow.id)
    )
    return [_person(row, []) for row in session.scalars(statement)]


def contacts(session: Session, person_ids: Collection[int]) -> dict[int, list[Contact]]:
    """The active contacts of each person: Telegram before phones, older before newer."""
    found: dict[int, list[Contact]] = defaultdict(list)
    statement = (
        select(ContactRow)
        .where(ContactRow.person_id.in_(person_ids), ContactRow.state == "active")
        .order_by(ContactRow.kind.desc(), ContactRow.id)
    )
    for row in session.scalars(statement):
        found[row.person_id].append(Contact(row.id, row.person_id, row.kind, row.sealed))
    return found


def mark(session: Session, digest: bytes, state: str, now: datetime) -> None:
    """Notes that an address is active again, blocked us, or opted out. Its reports are heard all the same."""
    session.execute(update(ContactRow).where(ContactRow.digest == digest).values(state=state, state_at=now))


def _stations(session: Session, statement: Select[StationRow]) -> list[Station]:
    return [
        Station(row.id, row.code, row.stratum, row.region, row.district, row.voters, row.sampled)
        for row in session.scalars(statement)
    ]


def _person(row: PersonRow, stations: list[str]) -> Person:
    return Person(row.id, row.code, row.role, row.language, row.region, tuple(stations))


def _current(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(AssignmentRow.since.is_(None), AssignmentRow.since <= now),
        or_(AssignmentRow.until.is_(None), AssignmentRow.until > now),
    )


def _parts(values: Collection[T]) -> Iterable[list[T]]:
    listed = list(values)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
