"""A person in danger, wherever they are: called for by themselves, or by somebody who heard of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.alerts import escalation, life
from hub.alerts.life import Place, Who, at_station
from hub.alerts.rules import Trigger
from hub.checklist.people import Station
from hub.context import Hub
from hub.models import AssignmentRow, PersonRow, StationRow
from hub.sample import roster

SOS = Trigger("sos", 1)


def about(person_id: int, region: str, station: Station | None) -> Place:
    """The person, and the station where they should be, as far as the hub knows."""
    if station is None:
        return Place(f"person:{person_id}", region)
    return Place(f"person:{person_id}", station.region, station.district, station.id)


def from_desk(
    session: Session, hub: Hub, whom: str, words: str, who: Who, now: datetime, region: str = ""
) -> int | None:
    """Somebody was told of a danger. `whom`: a station's number, or a person's code; the alert's number, None where
    there is neither, or not in the only `region` that is the caller's."""
    person = session.scalars(select(PersonRow).where(PersonRow.code == whom, PersonRow.active)).one_or_none()
    post = _post(session, person.id, now) if person else whom
    station = roster.stations(session, {post}).get(post) if post else None
    if person is not None:
        place = about(person.id, person.region, station)
    elif station is not None:
        place = at_station(station)
    else:
        return None
    if region and place.region != region:
        return None
    person_id = person.id if person else None
    number = escalation.sound(session, hub, SOS, place, now, person_id=person_id, words=words)
    life.called_for(session, number, who, now, words)
    return number


def _post(session: Session, person_id: int, now: datetime) -> str:
    """Where somebody is now, by the station's number; "" for a mobile team."""
    at = select(StationRow.code).join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
    now_there = (
        or_(AssignmentRow.since.is_(None), AssignmentRow.since <= now),
        or_(AssignmentRow.until.is_(None), AssignmentRow.until > now),
    )
    return session.scalar(at.where(AssignmentRow.person_id == person_id, *now_there).limit(1)) or ""
