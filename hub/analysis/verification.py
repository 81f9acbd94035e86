"""A person's verdict on one value: verified, or quarantined and so in no figure. It holds for that value only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import audit
from hub.models import AccountRow, StationRecordRow, StationRow
from hub.reports import rulings
from hub.reports.rulings import Kind, Place


class Stale(Exception):
    """The station does not say that any more: whoever ruled has seen something else."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value that is quarantined, by whom and why."""

    place: Place
    station: str
    value: str
    who: str
    reason: str
    at: datetime


def rule(
    session: Session,
    kind: Kind,
    place: Place,
    value: str,
    *,
    account_id: int,
    reason: str,
    now: datetime,
    address: str = "",
) -> None:
    """`kind`: verified · quarantined · cleared (neither any more). Raises `Stale`."""
    station_id, form, code = place
    row = session.get(StationRecordRow, (station_id, form), with_for_update={"read": True})
    if row is None or row.answers.get(code) != value:
        raise Stale
    rulings.record(session, kind, station_id, form, {code: value}, account_id=account_id, reason=reason, now=now)
    station = session.get_one(StationRow, station_id).code
    told = {"value": value, "reason": reason}
    subject = f"{form}.{code} of station {station}"
    audit.record(session, kind, now, account_id=account_id, subject=subject, address=address, after=told)


def quarantined(session: Session) -> list[Held]:
    """The values that are kept out of the figures now, by question and station."""
    found = []
    ruled = rulings.listing(session)
    last = {ruling.place: ruling for ruling in ruled if ruling.kind != "decided"}
    names = {id: name for id, name in session.execute(select(AccountRow.id, AccountRow.name))}
    for place, (verdict, value) in rulings.verdicts(ruled).items():
        station_id, form, code = place
        row = session.get(StationRecordRow, (station_id, form))
        if verdict == "quarantined" and row is not None and row.answers.get(code) == value:
            station, ruling = session.get_one(StationRow, station_id).code, last[place]
            who = names.get(ruling.account_id or 0, "")
            found.append(Held(place, station, value, who, ruling.reason, ruling.at))
    return sorted(found, key=lambda each: (each.place[1:], len(each.station), each.station))
