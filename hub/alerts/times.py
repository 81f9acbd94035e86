"""How long alerts waited: until somebody had them, until they were resolved; by region and by topic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.models import AlertEventRow, AlertRow


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


def by_region(session: Session) -> dict[str, Times]:
    return _grouped(session, 0)


def by_topic(session: Session) -> dict[str, Times]:
    return _grouped(session, 1)


def _grouped(session: Session, key: int) -> dict[str, Times]:
    first = (
        select(AlertEventRow.alert_id, func.min(AlertEventRow.at).label("at"))
        .where(AlertEventRow.kind == "acknowledged")
        .group_by(AlertEventRow.alert_id)
        .subquery()
    )
    rows = session.execute(
        select(AlertRow.region, AlertRow.topic, AlertRow.raised_at, first.c.at, AlertRow.resolved_at)
        .outerjoin(first, first.c.alert_id == AlertRow.id)
        .where(AlertRow.outcome != "merged")
        .order_by(AlertRow.region, AlertRow.topic)
    )
    raised: dict[str, int] = defaultdict(int)
    acknowledged: dict[str, list[float]] = defaultdict(list)
    resolved: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        group = row[key]
        raised[group] += 1
        for moment, waits in ((row[3], acknowledged), (row[4], resolved)):
            if moment is not None:
                waits[group].append((moment - row[2]).total_seconds())
    return {
        group: Times(count, waiting(acknowledged[group]), waiting(resolved[group])) for group, count in raised.items()
    }


def waiting(seconds: Sequence[float]) -> Waiting:
    """The nearest-rank percentiles of some waits."""
    if not seconds:
        return Waiting(0, None, None, None)
    ranked = sorted(seconds)
    return Waiting(len(ranked), _rank(ranked, 0.5), _rank(ranked, 0.95), ranked[-1])


def _rank(ranked: Sequence[float], share: float) -> float:
    return ranked[math.ceil(share * len(ranked)) - 1]
