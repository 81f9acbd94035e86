"""Opens and closes work items with the transaction that causes them: one open item for one cause."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from hub import bulk
from hub.database import parts
from hub.models import JournalRow, WorkItemRow
from hub.prepared import Prepared

_BROUGHT_UP = ("kind", "detail", "severity")  # of an open item, with whatever else happens of its cause


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
    by_cause: dict[str, dict[str, Any]] = {}
    for it in items:
        first = by_cause.setdefault(it["open_key"], it)
        by_cause[it["open_key"]] = first | {name: it[name] for name in _BROUGHT_UP}
    bulk.upsert(session, WorkItemRow, list(by_cause.values()), ("open_key",), _BROUGHT_UP)


def late_cause(station_id: int, form: str) -> str:
    """Of the item to call for a report that is late."""
    return f"late:{station_id}:{form}"


def incident_cause(number: int) -> str:
    """Of the item to verify an incident."""
    return f"incident:{number}"


def close_causes(session: Session, causes: Collection[str], resolution: str, now: datetime) -> None:
    """Closes what is open of these causes, by nobody."""
    for part in parts(causes):
        for item_id in _OPEN.column(session, causes=part):  # seldom one; and a look locks nothing
            row = update(WorkItemRow).where(WorkItemRow.id == item_id, WorkItemRow.closed_at.is_(None))
            session.execute(row.values(open_key=None, closed_at=now, resolution=resolution, claimed_until=None))


_OPEN = Prepared(select(WorkItemRow.id).where(WorkItemRow.open_key.in_(bindparam("causes", expanding=True))))


def close_cause(session: Session, cause: str, resolution: str, now: datetime, account_id: int | None = None) -> None:
    """Closes the item of a cause that is gone, if there is one."""
    session.execute(
        update(WorkItemRow)
        .where(WorkItemRow.open_key == cause)
        .values(open_key=None, closed_at=now, closed_by=account_id, resolution=resolution, claimed_until=None)
    )


def unread_of(session: Session, sender: bytes) -> int:
    """How many messages of this sender wait for an operator."""
    statement = (
        select(func.count())
        .select_from(WorkItemRow)
        .join(JournalRow, JournalRow.id == WorkItemRow.journal_id)
        .where(WorkItemRow.closed_at.is_(None), WorkItemRow.kind == "message", JournalRow.sender_digest == sender)
    )
    return session.scalar(statement) or 0
