"""Whom a broadcast is for: everybody active, less those whom its filters leave out; and how each can be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.database import parts
from hub.models import AssignmentRow, ContactRow, PersonRow, StationRecordRow, StationRow
from hub.sample import roster
from hub.sample.roster import Contact

Why = Literal["blocked", "opted_out", "no_contact"]


@dataclass(frozen=True, slots=True)
class Audience:
    """The filters; an empty one leaves nobody out. `missing`: a form that a station of theirs has not sent."""

    regions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    missing: str = ""

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Audience:
        lists = {name: tuple(kept.get(name, ())) for name in ("regions", "roles", "languages")}
        return cls(**lists, missing=kept.get("missing", ""))

    def kept(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody it is for. `way`: the one address it goes to; None where there is none, and `left_out` says why."""

    id: int
    code: str
    language: str
    way: Contact | None
    left_out: Why | None = None


def readers(session: Session, audience: Audience, now: datetime) -> list[Reader]:
    """Each person once, however many stations or contacts they have, in the order of their codes."""
    people = _people(session, audience, now)
    ways: dict[int, list[Contact]] = {}
    for part in parts([person.id for person in people]):
        ways |= roster.contacts(session, part)
    shut = _shut(session, [person.id for person in people if not ways.get(person.id)])
    return [
        Reader(person.id, person.code, person.language, ways[person.id][0])
        if ways.get(person.id)
        else Reader(person.id, person.code, person.language, None, _why(shut[person.id]))
        for person in people
    ]


def choices(session: Session) -> tuple[list[str], list[str]]:
    """The regions of the frame, and the roles that somebody has."""
    regions = session.scalars(select(StationRow.region).distinct().order_by(StationRow.region))
    roles = session.scalars(select(PersonRow.role).where(PersonRow.active).distinct().order_by(PersonRow.role))
    return list(regions), list(roles)


def _people(session: Session, audience: Audience, now: datetime) -> Sequence[PersonRow]:
    wanted = select(PersonRow).where(PersonRow.active).order_by(PersonRow.code)
    if audience.roles:
        wanted = wanted.where(PersonRow.role.in_(audience.roles))
    if audience.languages:
        wanted = wanted.where(PersonRow.language.in_(audience.languages))
    there = (
        select(AssignmentRow.person_id)
        .join(StationRow, StationRow.id == AssignmentRow.station_id)
        .where(or_(AssignmentRow.since.is_(None), AssignmentRow.since <= now))
        .where(or_(AssignmentRow.until.is_(None), AssignmentRow.until > now))
    )
    if audience.regions:
        in_region = there.where(StationRow.region.in_(audience.regions))
        wanted = wanted.where(or_(PersonRow.region.in_(audience.regions), PersonRow.id.in_(in_region)))
    if audience.missing:
        sent = select(StationRecordRow.station_id).where(StationRecordRow.form == audience.missing)
        wanted = wanted.where(PersonRow.id.in_(there.where(StationRow.sampled, StationRow.id.not_in(sent))))
    return session.scalars(wanted).all()


def _shut(session: Session, person_ids: Collection[int]) -> dict[int, set[str]]:
    """The states of the contacts of people who have no active one."""
    states: dict[int, set[str]] = defaultdict(set)
    for part in parts(person_ids):
        statement = select(ContactRow.person_id, ContactRow.state).where(ContactRow.person_id.in_(part))
        for person_id, state in session.execute(statement):
            states[person_id].add(state)
    return states


def _why(states: set[str]) -> Why:
    if "opted_out" in states:
        return "opted_out"
    return "blocked" if "blocked" in states else "no_contact"
