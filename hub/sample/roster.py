"""Who is behind an address, and which stations there are: a few set queries a batch, whatever the batch's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session

from hub.checklist.people import Person, Station
from hub.database import parts
from hub.models import AssignmentRow, ContactRow, PersonRow, StationRow
from hub.prepared import Prepared
from hub.values import value

# The columns that make a `Person` (but for the stations) and a `Station`: a batch needs no ORM objects.
_PERSON = (PersonRow.id, PersonRow.code, PersonRow.role, PersonRow.language, PersonRow.region)
_STATION = tuple(getattr(StationRow, field.name) for field in fields(Station))

# Asked at each batch and at each letter that is typed at the desk.
_SENDERS = Prepared(
    select(ContactRow.digest, StationRow.code, AssignmentRow.since, AssignmentRow.until, PersonRow.prefers, *_PERSON)
    .join(PersonRow, PersonRow.id == ContactRow.person_id)
    .outerjoin(AssignmentRow, AssignmentRow.person_id == PersonRow.id)
    .outerjoin(StationRow, StationRow.id == AssignmentRow.station_id)
    .where(ContactRow.digest.in_(bindparam("digests", expanding=True)))
    .where(PersonRow.active)
    .order_by(PersonRow.id, StationRow.code)
)
_CODED = Prepared(select(*_STATION).where(StationRow.code.in_(bindparam("codes", expanding=True))))
_OPTED_OUT = Prepared(
    select(ContactRow.digest).where(
        ContactRow.digest.in_(bindparam("digests", expanding=True)), ContactRow.state == "opted_out"
    )
)


class NotPossible(ValueError):
    """Somebody asked for a change of sample or people that cannot be made; the message says why, and what to do.

    `why`: the same as a word of ours, for pages that speak other languages.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach a person. `kind`: phone or telegram; `sealed`: the address."""

    id: int
    person_id: int
    kind: str
    sealed: bytes


Sent = tuple[bytes, datetime]  # the digest of an address, and when a message came from it


def senders(session: Session, messages: Collection[Sent]) -> dict[Sent, list[Person]]:
    """The active persons behind each address, with the stations they were at when the message came.

    A phone may be shared. Who is unknown is left out.
    """
    people: dict[bytes, dict[int, tuple[str, tuple[str, str, str, str]]]] = defaultdict(dict)
    stays: dict[int, list[_Stay]] = defaultdict(list)
    for part in parts({digest for digest, _ in messages}):
        for digest, station, since, until, prefers, id, code, role, language, region in _SENDERS.rows(
            session, digests=part
        ):
            if role == "group":  # says nothing; asked of the database, it would begin with all people
                continue
            people[digest][id] = prefers, (code, role, language, region)
            if station:
                stays[id].append(_Stay(station, since, until))
    return {
        (digest, at): [
            Person(id, *values, _stations_at(stays[id], at), prefers)
            for id, (prefers, values) in people[digest].items()
        ]
        for digest, at in messages
        if digest in people
    }


def observers(session: Session, station_ids: Collection[int], now: datetime) -> dict[int, set[int]]:
    """The ids of the active observers who are at each station by `now`."""
    found: dict[int, set[int]] = defaultdict(set)
    for part in parts(station_ids):
        statement = (
            select(AssignmentRow.station_id, AssignmentRow.person_id)
            .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
            .where(AssignmentRow.station_id.in_(part), PersonRow.active, PersonRow.role == "observer")
            .where(or_(AssignmentRow.since.is_(None), AssignmentRow.since <= now))
            .where(or_(AssignmentRow.until.is_(None), AssignmentRow.until > now))
        )
        for station_id, person_id in session.execute(statement):
            found[station_id].add(person_id)
    return found


def posted(session: Session, station: str, now: datetime) -> list[str]:
    """The codes of the observers who are at a station by `now`."""
    found = _stations(session, StationRow.code == station)
    ids = observers(session, [each.id for each in found], now)
    return sorted(codes(session, {person for persons in ids.values() for person in persons}).values())


def codes(session: Session, person_ids: Collection[int]) -> dict[int, str]:
    """The persons' codes by their ids."""
    rows = session.execute(select(PersonRow.id, PersonRow.code).where(PersonRow.id.in_(person_ids)))
    return {person_id: code for person_id, code in rows}


def stations(session: Session, codes: Collection[str]) -> dict[str, Station]:
    """The stations of the frame that have these codes."""
    found: dict[str, Station] = {}
    for part in parts(codes):
        found |= {row.code: row for row in _made(_CODED.rows(session, codes=part))}
    return found


def station(session: Session, station_id: int) -> Station | None:
    return next(iter(_stations(session, StationRow.id == station_id)), None)


def staff(session: Session, roles: Collection[str], region: str) -> list[Person]:
    """The active staff of these roles for a region; head office is of every region."""
    statement = (
        select(*_PERSON)
        .where(PersonRow.active, PersonRow.role.in_(roles))
        .where(or_(PersonRow.region == region, PersonRow.role == "head_office"))
        .order_by(PersonRow.id)
    )
    return [Person(*values) for values in session.execute(statement)]


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


def opted_out(session: Session, digests: Collection[bytes]) -> set[bytes]:
    """Those of the addresses whose owner wants no more messages."""
    out: set[bytes] = set()
    for part in parts(digests):
        out |= set(_OPTED_OUT.column(session, digests=part))
    return out


def mark(session: Session, digest: bytes, state: str, now: datetime) -> None:
    """Notes that an address is active again, blocked us, or opted out. Its reports are heard all the same."""
    session.execute(update(ContactRow).where(ContactRow.digest == digest).values(state=state, state_at=now))


def _stations(session: Session, which: ColumnElement[bool]) -> list[Station]:
    return _made(session.execute(select(*_STATION).where(which)))


def _made(rows: Iterable[Any]) -> list[Station]:
    return [Station(*values) for values in rows]


@value
class _Stay:
    """At a station from `since` until before `until`; None is for ever."""

    station: str
    since: datetime | None
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def _stations_at(stays: Collection[_Stay], at: datetime) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stay.station for stay in stays if stay.covers(at)))
