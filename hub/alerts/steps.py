"""What is to be done about alerts, and when: rows that are frozen beforehand and done once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session

from hub import bulk
from hub.models import AlertRow, AlertStepRow
from hub.prepared import Prepared

BATCH = 50  # alerts in one transaction


@dataclass(frozen=True, slots=True)
class Planned:
    """A step as it is frozen. `person_id` None: nobody in particular."""

    kind: str
    due_at: datetime
    position: int = 0
    person_id: int | None = None
    road: str = ""
    digest: bool = False


def freeze(session: Session, alert_id: int, chain: int, planned: Sequence[Planned]) -> None:
    rows = [
        {
            "alert_id": alert_id,
            "kind": step.kind,
            "chain": chain,
            "position": step.position,
            "due_at": step.due_at,
            "person_id": step.person_id,
            "road": step.road,
            "digest": step.digest,
            "outcome": "",
        }
        for step in planned
    ]
    bulk.insert(session, AlertStepRow, rows)


def due_alerts(session: Session, now: datetime) -> list[AlertRow]:
    """The alerts with a step due, locked: always the alert before its steps, as whoever answers it does."""
    waiting = select(AlertStepRow.alert_id).where(AlertStepRow.done_at.is_(None), AlertStepRow.due_at <= now)
    statement = select(AlertRow).where(AlertRow.id.in_(waiting)).order_by(AlertRow.severity, AlertRow.id).limit(BATCH)
    return list(session.scalars(statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)))


def due(session: Session, alert_id: int, now: datetime) -> list[AlertStepRow]:
    """What is due for one alert, in order."""
    ids = _DUE.column(session, alert=alert_id, now=now)
    if not ids:
        return []
    statement = select(AlertStepRow).where(AlertStepRow.id.in_(ids)).execution_options(populate_existing=True)
    return sorted(session.scalars(statement), key=lambda step: (step.due_at, step.position, step.id))


_DUE = Prepared(
    select(AlertStepRow.id).where(
        AlertStepRow.alert_id == bindparam("alert"),
        AlertStepRow.done_at.is_(None),
        AlertStepRow.due_at <= bindparam("now"),
    )
)


def cancel(session: Session, alert_id: int, now: datetime) -> None:
    """Nothing more is to be done of what was planned: somebody has the alert, or it starts again."""
    session.execute(
        update(AlertStepRow)
        .where(AlertStepRow.alert_id == alert_id, AlertStepRow.done_at.is_(None))
        .values(done_at=now, outcome="cancelled")
    )
    session.execute(
        update(AlertStepRow)
        .where(AlertStepRow.alert_id == alert_id, AlertStepRow.outcome == "held")
        .values(outcome="cancelled")
    )


def hasten(session: Session, alert_id: int, chain: int, position: int, now: datetime) -> bool:
    """Makes the next steps behind a position due at once; False where there are none."""
    [following] = _FOLLOWING.column(session, alert=alert_id, chain=chain, position=position)
    if following is None:
        return False
    session.execute(
        update(AlertStepRow)
        .where(*_open_pages(alert_id, chain, position), AlertStepRow.position == following, AlertStepRow.due_at > now)
        .values(due_at=now)
    )
    return True


def _open_pages(alert_id: Any, chain: Any, position: Any) -> tuple[ColumnElement[bool], ...]:
    """The pages of a chain behind a position that are still to be done."""
    return (
        AlertStepRow.alert_id == alert_id,
        AlertStepRow.chain == chain,
        AlertStepRow.kind == "page",
        AlertStepRow.position > position,
        AlertStepRow.done_at.is_(None),
    )


_BEHIND = _open_pages(bindparam("alert"), bindparam("chain"), bindparam("position"))
_FOLLOWING = Prepared(select(func.min(AlertStepRow.position)).where(*_BEHIND))


def was_paged(session: Session, alert_id: int, person_id: int) -> bool:
    """Only those it was routed to, and whose turn has come, may act on an alert."""
    statement = select(AlertStepRow.id).where(
        AlertStepRow.alert_id == alert_id,
        AlertStepRow.person_id == person_id,
        AlertStepRow.outcome.in_(("sent", "held", "digest")),
    )
    return session.scalar(statement.limit(1)) is not None


def pages_since(session: Session, person_ids: Collection[int], since: datetime) -> Counter[int]:
    """How many pages each of these people was sent since a moment."""
    statement = select(AlertStepRow.person_id).where(
        AlertStepRow.person_id.in_(person_ids), AlertStepRow.outcome == "sent", AlertStepRow.done_at > since
    )
    return Counter(person_id for person_id in session.scalars(statement) if person_id is not None)


def overdue(session: Session, before: datetime) -> set[int]:
    """The steps that should have been done before a moment, and were not."""
    statement = select(AlertStepRow.id).where(AlertStepRow.done_at.is_(None), AlertStepRow.due_at < before)
    return set(session.scalars(statement))
