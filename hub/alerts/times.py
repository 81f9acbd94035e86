"""How long alerts waited: until somebody had them, until they were resolved; by region and by topic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.models import AlertEventRow, AlertRow, StationRow


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seconds since an alert was raised. `median`, `p95` (nearest rank) and `longest` are None where `count` is 0."""

    count: int
    median: float | None
    p95: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """`raised`: all alerts but merged ones; the first acknowledgement counts, whoever lost the alert again."""

    raised: int
    acknowledged: Waiting
    resolved: Waiting


@dataclass(frozen=True, slots=True)
class Timed:
    """One alert, merged ones left out. `acknowledged_at`: the first time."""

    id: int
    topic: str
    severity: int
    region: str
    district: str
    station: str
    state: str
    outcome: str
    raised_at: datetime
    acknowledged_at: datetime | None
    verified_at: datetime | None
    resolved_at: datetime | None


def of_each(session: Session, *, region: str = "") -> list[Timed]:
    """Every alert with its times, in their order; `region` "" is all of them."""
    first = (
        select(AlertEventRow.alert_id, func.min(AlertEventRow.at).label("at"))
        .where(AlertEventRow.kind == "acknowledged")
        .group_by(AlertEventRow.alert_id)
        .subquery()
    )
    columns = [getattr(AlertRow, name) for name in ("id", "topic", "severity", "region", "district")]
    times = (AlertRow.raised_at, first.c.at, AlertRow.verified_at, AlertRow.resolved_at)
    query = (
        select(*columns, func.coalesce(StationRow.code, ""), AlertRow.state, AlertRow.outcome, *times)
        .outerjoin(StationRow, StationRow.id == AlertRow.station_id)
        .outerjoin(first, first.c.alert_id == AlertRow.id)
        .where(AlertRow.outcome != "merged")
        .order_by(AlertRow.id)
    )
    rows: Iterable[Sequence[Any]] = session.execute(query.where(AlertRow.region == region) if region else query)
    return [Timed(*row) for row in rows]


def by_region(each: Iterable[Timed]) -> dict[str, Times]:
    return _grouped((alert.region, alert) for alert in each)


def by_topic(each: Iterable[Timed]) -> dict[str, Times]:
    return _grouped((alert.topic, alert) for alert in each)


def _grouped(each: Iterable[tuple[str, Timed]]) -> dict[str, Times]:
    groups: dict[str, list[Timed]] = defaultdict(list)
    for group, alert in each:
        groups[group].append(alert)
    return {
        group: Times(
            len(alerts),
            waiting([_seconds(alert, at) for alert in alerts if (at := alert.acknowledged_at)]),
            waiting([_seconds(alert, at) for alert in alerts if (at := alert.resolved_at)]),
        )
        for group, alerts in sorted(groups.items())
    }


def _seconds(alert: Timed, at: datetime) -> float:
    return (at - alert.raised_at).total_seconds()


def waiting(seconds: Sequence[float]) -> Waiting:
    """The nearest-rank percentiles of some waits."""
    if not seconds:
        return Waiting(0, None, None, None)
    ranked = sorted(seconds)
    return Waiting(len(ranked), _rank(ranked, 0.5), _rank(ranked, 0.95), ranked[-1])


def _rank(ranked: Sequence[float], share: float) -> float:
    return ranked[math.ceil(share * len(ranked)) - 1]
