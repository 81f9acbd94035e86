"""Who did what, when, from where. Rows are added, never changed: the database itself refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is empty limits nothing. `words`: of the subject. `since`: from then on; `until`: before."""

    who: str = ""
    action: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None


def count(session: Session, action: str, subjects: Sequence[str]) -> Counter[str]:
    """How often an action was taken on each of these."""
    rows = session.execute(
        select(AuditRow.subject, func.count())
        .where(AuditRow.action == action, AuditRow.subject.in_(subjects))
        .group_by(AuditRow.subject)
    )
    return Counter({subject: times for subject, times in rows})


def times(action: str, subject: InstrumentedAttribute[str]) -> ScalarSelect[int]:
    """The same as a part of another statement."""
    return select(func.count()).where(AuditRow.action == action, AuditRow.subject == subject).scalar_subquery()


def recent(session: Session, wanted: Wanted, *, before: int = 0, limit: int = 100) -> list[AuditEntry]:
    """The newest entries first. `before`: only those with a smaller id, which is the next page."""
    query = select(AuditRow, AccountRow.name).outerjoin(AccountRow, AccountRow.id == AuditRow.account_id)
    query = query.where(*_limits(wanted), *([AuditRow.id < before] if before else []))
    return [
        AuditEntry(row.id, row.at, name or "", row.action, row.subject, row.address, row.before, row.after)
        for row, name in session.execute(query.order_by(AuditRow.id.desc()).limit(limit))
    ]


def _limits(wanted: Wanted) -> list[ColumnElement[bool]]:
    limits = []
    if wanted.who:
        limits.append(AccountRow.name == wanted.who)
    if wanted.action:
        limits.append(AuditRow.action == wanted.action)
    if wanted.words:
        limits.append(AuditRow.subject.icontains(wanted.words, autoescape=True))
    if wanted.since:
        limits.append(AuditRow.at >= wanted.since)
    if wanted.until:
        limits.append(AuditRow.at < wanted.until)
    return limits


def actions(session: Session) -> list[str]:
    """Every kind of action that was ever recorded."""
    return list(session.scalars(select(AuditRow.action).distinct().order_by(AuditRow.action)))
