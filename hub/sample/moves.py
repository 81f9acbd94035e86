"""An observer goes to another station in mid-day. A message belongs to where its sender was when it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import audit
from hub.models import AssignmentRow, PersonRow, StationRow
from hub.sample.roster import NotPossible


@dataclass(frozen=True, slots=True)
class Move:
    """By code: who went from which stations to which one. `since`: the moment from which it holds."""

    person: str
    before: tuple[str, ...]
    station: str
    since: datetime


def move(
    session: Session,
    person: str,
    station: str,
    since: datetime,
    now: datetime,
    *,
    account_id: int | None = None,
    address: str = "",
) -> Move:
    """Ends the observer's assignments at `since` and begins the new one. Messages settled before now stay where they
    are; those still to be read count by the time they came. Raises `NotPossible`."""
    who = session.scalars(select(PersonRow).where(PersonRow.code == person).with_for_update()).one_or_none()
    where = session.scalars(select(StationRow).where(StationRow.code == station)).one_or_none()
    if who is None or not who.active or who.role != "observer":
        raise NotPossible(f"{person} is no active observer", "observer")
    if where is None:
        raise NotPossible(f"there is no station {station} in the frame", "frame")
    if not where.sampled:
        raise NotPossible(f"station {station} is not in the sample", "sample")
    open_rows = list(
        session.scalars(
            select(AssignmentRow)
            .where(AssignmentRow.person_id == who.id)
            .where(or_(AssignmentRow.until.is_(None), AssignmentRow.until > since))
            .order_by(AssignmentRow.id)
        )
    )
    later = [row.since for row in open_rows if row.since is not None and row.since > since]
    if later:
        raise NotPossible(f"{person} moves already at {max(later):%Y-%m-%d %H:%M} UTC: name a later time", "later")
    ids = [row.station_id for row in open_rows]
    before = tuple(session.scalars(select(StationRow.code).where(StationRow.id.in_(ids)).order_by(StationRow.code)))
    for row in open_rows:
        row.until = since
    session.add(AssignmentRow(person_id=who.id, station_id=where.id, since=since))
    told = {"station": station, "since": since.isoformat()}
    audit.record(
        session,
        "move_observer",
        now,
        account_id=account_id,
        subject=f"person {person}",
        address=address,
        before={"stations": list(before)},
        after=told,
    )
    session.flush()
    return Move(person, before, station, since)


def relieve(
    session: Session, person: str, by: str, now: datetime, *, account_id: int | None = None, address: str = ""
) -> Move:
    """From now on observer `by` is where `person` was, and `person` nowhere. What `person` sent stays where it is.

    Raises `NotPossible`.
    """
    if person == by:
        raise NotPossible(f"{person} cannot stand in for themselves: name another observer", "same")
    statement = (
        select(AssignmentRow, StationRow.code)
        .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
        .join(StationRow, StationRow.id == AssignmentRow.station_id)
        .where(PersonRow.code == person, or_(AssignmentRow.until.is_(None), AssignmentRow.until > now))
        .with_for_update(of=AssignmentRow)
    )
    posts = session.execute(statement).all()
    if len(posts) != 1:
        raise NotPossible(f"{person} is at {len(posts)} stations: only who is at one can be relieved", "one_post")
    [(post, station)] = posts
    post.until = now
    audit.record(
        session,
        "relieve_observer",
        now,
        account_id=account_id,
        subject=f"person {person}",
        address=address,
        before={"stations": [station]},
        after={"by": by},
    )
    return move(session, by, station, now, now, account_id=account_id, address=address)
