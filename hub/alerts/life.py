"""The life of an alert: raised with its report, repeated, acknowledged, resolved; in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from hub.database import insert_into
from hub.models import AlertEventRow, AlertRow


def raise_alert(
    session: Session, *, topic: str, station_id: int, severity: int, journal_id: int, person_id: int, now: datetime
) -> tuple[int, bool]:
    """One open alert for a topic at a station: its number, and whether it is new. A repeat is noted in its timeline."""
    key = f"{station_id}:{topic}"
    number = session.scalar(
        insert_into(session, AlertRow)
        .values(topic=topic, station_id=station_id, severity=severity, state="raised", open_key=key, raised_at=now)
        .on_conflict_do_nothing(index_elements=["open_key"])
        .returning(AlertRow.id)
    )
    new = number is not None
    if number is None:
        number = session.scalars(select(AlertRow.id).where(AlertRow.open_key == key)).one()
    note(session, number, "raised" if new else "repeated", now, person_id=person_id, journal_id=journal_id)
    return number, new


def acknowledge(
    session: Session, alert_id: int, *, person_id: int | None, account_id: int | None, how: str, now: datetime
) -> bool:
    """Exactly one person wins, whoever presses first. False when somebody has it already or it is resolved."""
    won = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state == "raised")
        .values(state="acknowledged", acknowledged_at=now, acknowledged_by=person_id)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    note(session, alert_id, "acknowledged", now, person_id=person_id, account_id=account_id, detail=how)
    return True


def resolve(
    session: Session,
    alert_id: int,
    *,
    person_id: int | None,
    account_id: int | None,
    how: str,
    now: datetime,
    words: str = "",
) -> bool:
    """Ends an alert. False when it was resolved before. The next report of the same raises a new one."""
    won = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state != "resolved")
        .values(state="resolved", open_key=None, resolved_at=now, resolved_by=person_id)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    detail = f"{how}: {words}" if words else how
    note(session, alert_id, "resolved", now, person_id=person_id, account_id=account_id, detail=detail)
    return True


def note(
    session: Session,
    alert_id: int,
    kind: str,
    now: datetime,
    *,
    person_id: int | None = None,
    journal_id: int | None = None,
    account_id: int | None = None,
    detail: str = "",
) -> None:
    """Adds a line to an alert's timeline."""
    session.execute(
        insert(AlertEventRow).values(
            alert_id=alert_id,
            at=now,
            kind=kind,
            person_id=person_id,
            journal_id=journal_id,
            account_id=account_id,
            detail=detail[:500],
        )
    )
