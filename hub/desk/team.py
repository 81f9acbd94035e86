"""Who does what at the desk: what each holds, how much they have closed, and how old what waits is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.desk.queue import QueueEntry
from hub.models import AccountRow, WorkItemRow

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Member:
    """`holds`: the items that are theirs now. `minutes`: the median from an item's coming to its closing today,
    None before the first. `last_at`: when they closed one last."""

    id: int
    name: str
    role: str
    holds: tuple[QueueEntry, ...]
    last_hour: int
    today: int
    minutes: float | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open items of a kind, how many of them nobody has, and when the oldest came."""

    kind: str
    count: int
    free: int
    oldest_at: datetime


def members(session: Session, entries: Sequence[QueueEntry], now: datetime, since: datetime) -> list[Member]:
    """Everybody who works at the desk, with what was closed from `since` on. `entries`: the queue."""
    closed: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    statement = select(WorkItemRow.closed_by, WorkItemRow.opened_at, WorkItemRow.closed_at).where(
        WorkItemRow.closed_at >= since, WorkItemRow.closed_by.is_not(None)
    )
    for account_id, opened_at, closed_at in session.execute(statement):
        if account_id and closed_at:
            closed[account_id].append((opened_at, closed_at))
    staff = select(AccountRow).where(AccountRow.role.in_(("operator", "supervisor")), AccountRow.disabled_at.is_(None))
    return [
        _member(row, tuple(it for it in entries if it.holder_id == row.id), closed[row.id], now)
        for row in session.scalars(staff.order_by(AccountRow.name))
    ]


def waiting(entries: Sequence[QueueEntry]) -> list[Waiting]:
    """The open items by kind, the oldest first."""
    by_kind: dict[str, list[QueueEntry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.kind].append(entry)
    rows = [
        Waiting(kind, len(its), sum(it.holder_id is None for it in its), min(it.opened_at for it in its))
        for kind, its in by_kind.items()
    ]
    return sorted(rows, key=lambda row: row.oldest_at)


def _member(
    row: AccountRow, holds: tuple[QueueEntry, ...], closed: list[tuple[datetime, datetime]], now: datetime
) -> Member:
    took = [(closed_at - opened_at).total_seconds() / 60 for opened_at, closed_at in closed]
    return Member(
        row.id,
        row.name,
        row.role,
        holds,
        sum(now - closed_at <= HOUR for _, closed_at in closed),
        len(closed),
        median(took) if took else None,
        max((closed_at for _, closed_at in closed), default=None),
    )
