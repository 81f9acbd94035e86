"""Who did what, when, from where. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AccountRow, AuditRow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`who` is an account's name, "" for a stranger or for the hub itself."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    address: str
    before: dict[str, Any]
    after: dict[str, Any]


def record(
    session: Session,
    action: str,
    now: datetime,
    *,
    account_id: int | None = None,
    subject: str = "",
    address: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """In the same transaction as what it tells about: neither is ever stored without the other."""
    session.add(
        AuditRow(
            at=now,
            account_id=account_id,
            action=action,
            subject=subject,
            address=address,
            before=dict(before or {}),
            after=dict(after or {}),
        )
    )


def recent(session: Session, *, who: str = "", action: str = "", limit: int = 200) -> list[AuditEntry]:
    """The newest entries first, of one account or one action where these are named."""
    query = select(AuditRow, AccountRow.name).outerjoin(AccountRow, AccountRow.id == AuditRow.account_id)
    if who:
        query = query.where(AccountRow.name == who)
    if action:
        query = query.where(AuditRow.action == action)
    return [
        AuditEntry(row.id, row.at, name or "", row.action, row.subject, row.address, row.before, row.after)
        for row, name in session.execute(query.order_by(AuditRow.id.desc()).limit(limit))
    ]
