"""A drawn station that cannot be observed, and the one that stands in for it: in its stratum, with the reason told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from hub import audit
from hub.models import ReplacementRow, StationRow
from hub.sample.roster import NotPossible


@dataclass(frozen=True, slots=True)
class Replacement:
    """`station` was drawn and `by` is observed in its place; both by code."""

    station: str
    by: str
    reason: str
    at: datetime


def replace(
    session: Session,
    station: str,
    by: str,
    reason: str,
    now: datetime,
    *,
    account_id: int | None = None,
    address: str = "",
) -> Replacement:
    """From now on `by` is of the sample and `station` is not: n_h stays, and what `station` reported leaves the
    estimates. Raises `NotPossible`."""
    reason = reason.strip()
    if not reason:
        raise NotPossible(
            "say why the station cannot be observed: the reason is published with the estimates", "reason"
        )
    # Both are locked, always in the same order, as the reports of a station lock it.
    locked = select(StationRow).where(StationRow.code.in_([station, by])).order_by(StationRow.id).with_for_update()
    found = {row.code: row for row in session.scalars(locked)}
    _refuse_unfit(session, station, by, found)
    old, new = found[station], found[by]
    old.sampled, new.sampled = False, True
    session.add(ReplacementRow(station_id=old.id, by_id=new.id, reason=reason, at=now, account_id=account_id))
    told = {"by": by, "reason": reason}
    audit.record(
        session,
        "replace_station",
        now,
        account_id=account_id,
        subject=f"station {station}",
        address=address,
        after=told,
    )
    session.flush()
    return Replacement(station, by, reason, now)


def listing(session: Session) -> list[Replacement]:
    """Every replacement, the first one first. One that was itself replaced is followed by the one in its place."""
    old, new = aliased(StationRow), aliased(StationRow)
    rows = session.execute(
        select(old.code, new.code, ReplacementRow.reason, ReplacementRow.at)
        .join(old, old.id == ReplacementRow.station_id)
        .join(new, new.id == ReplacementRow.by_id)
        .order_by(ReplacementRow.id)
    )
    return [Replacement(*row) for row in rows]


def sampled_now(session: Session) -> dict[str, bool]:
    """Whether each station that a replacement touched is of the sample now, whatever the frame's file says."""
    told: dict[str, bool] = {}
    for each in listing(session):
        told |= {each.station: False, each.by: True}
    return told


def _refuse_unfit(session: Session, station: str, by: str, found: dict[str, StationRow]) -> None:
    for code in (station, by):
        if code not in found:
            raise NotPossible(f"there is no station {code} in the frame", "frame")
    if not found[station].sampled:
        raise NotPossible(f"station {station} is not in the sample: nothing is to be replaced", "sample")
    if found[by].sampled:
        raise NotPossible(f"station {by} is in the sample already: take another one", "sampled")
    if found[station].stratum != found[by].stratum:
        told = f"station {by} is of the stratum {found[by].stratum}, station {station} of {found[station].stratum}"
        raise NotPossible(f"{told}: a replacement comes from the same stratum", "stratum")
    if session.scalar(select(ReplacementRow.id).where(ReplacementRow.station_id == found[by].id)) is not None:
        raise NotPossible(f"station {by} was itself replaced before: take another one", "replaced")
