"""A person's decision between observers who differ: with its reason, and with every rule judged again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from hub.alerts import escalation, rules
from hub.alerts.life import at_station
from hub.context import Hub
from hub.desk import opening
from hub.intake import troubles
from hub.reports import rulings
from hub.reports.stations import StationRecords
from hub.sample import roster


def decide(
    session: Session,
    hub: Hub,
    *,
    station_id: int,
    form: str,
    values: Mapping[str, str],
    account_id: int,
    reason: str,
    now: datetime,
) -> list[str]:
    """Settles questions of a station's record; the codes that are still disputed. Closes the work item when none is,
    and raises an alert over each critical rule that the record breaks now.

    Raises `KeyError` where the station has no record of this form, `ValueError` where a value is nobody's.
    """
    checklist = hub.election.checklist
    records = StationRecords(session, [station_id])
    station = roster.station(session, station_id)
    if station is None or records.get(station_id, form) is None:
        raise KeyError(form)
    record = records.open(station_id, form, now)
    record.decide(values, now, account_id=account_id, reason=reason)
    rulings.record(
        session,
        "decided",
        station_id,
        form,
        values,
        account_id=account_id,
        reason=reason,
        now=now,
        among={code: record.decided[code]["among"] for code in values},
    )
    for home, name in troubles.flag(records, checklist, station, form, now):
        for trigger in rules.by_rules(checklist, home, [name]):
            escalation.sound(session, hub, trigger, at_station(station), now)
    items = troubles.follow(
        session,
        records,
        checklist,
        {station_id: station},
        now,
        resolution="decided",
        account_id=account_id,
    )
    records.save()
    opening.open_items(session, items)
    return record.conflicts
