"""Opens and closes work items with the transaction that causes them: one open item for one cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.database import insert_into
from hub.models import WorkItemRow


def item(
    kind: str,
    cause: str,
    severity: int,
    now: datetime,
    *,
    journal_id: int | None = None,
    station_id: int | None = None,
    form: str | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A work item's row. `cause` names what it is about, `message:17` or `conflict:5:OPN`."""
    return {
        "kind": kind,
        "open_key": cause,
        "journal_id": journal_id,
        "station_id": station_id,
        "form": form,
        "severity": severity,
        "detail": detail or {},
        "opened_at": now,
    }


def open_items(session: Session, items: Sequence[dict[str, Any]]) -> None:
    """Opens items; where the cause has one already it is brought up to date, and whoever holds it keeps it."""
    if not items:
        return
    statement = insert_into(session, WorkItemRow)
    statement = statement.on_conflict_do_update(
        index_elements=["open_key"], set_={"detail": statement.excluded.detail, "severity": statement.excluded.severity}
    )
    session.execute(statement, items)


def close_cause(session: Session, cause: str, resolution: str, now: datetime, account_id: int | None = None) -> None:
    """Closes the item of a cause that is gone, if there is one."""
    session.execute(
        update(WorkItemRow)
        .where(WorkItemRow.open_key == cause)
        .values(open_key=None, closed_at=now, closed_by=account_id, resolution=resolution, claimed_until=None)
    )
