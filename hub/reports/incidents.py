"""Incidents: one message, one incident, with a number that its sender is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from hub.models import IncidentRow

# The same words again so soon are one incident, sent twice; later they may be a new one, and two calls are cheap.
SAME_WITHIN = timedelta(minutes=30)


def record(
    session: Session,
    *,
    journal_id: int,
    person_id: int,
    station_id: int,
    category: str,
    severity: int,
    description: str,
    reported_at: datetime,
) -> int:
    """Stores an incident; its number."""
    return session.execute(
        insert(IncidentRow).returning(IncidentRow.id),
        {
            "journal_id": journal_id,
            "person_id": person_id,
            "station_id": station_id,
            "category": category,
            "severity": severity,
            "description": description,
            "reported_at": reported_at,
        },
    ).scalar_one()


def same(
    session: Session, person_id: int, station_id: int, category: str, description: str, reported_at: datetime
) -> IncidentRow | None:
    """The incident that this message repeats word for word, if there is one."""
    statement = (
        select(IncidentRow)
        .where(IncidentRow.station_id == station_id, IncidentRow.person_id == person_id)
        .where(IncidentRow.category == category, IncidentRow.description == description)
        .where(IncidentRow.reported_at > reported_at - SAME_WITHIN)
        .order_by(IncidentRow.id)
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def link(session: Session, number: int, alert_id: int) -> None:
    """Ties an incident to the alert it raised or joined."""
    session.execute(update(IncidentRow).where(IncidentRow.id == number).values(alert_id=alert_id))
