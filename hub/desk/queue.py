"""The queue of what needs a person: list, claim, give on, close. One operator at a time holds an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, aliased

from hub.desk.deeds import Before
from hub.models import AccountRow, ContactRow, JournalRow, PersonRow, StationRow, WorkItemRow
from hub.models.base import UtcDateTime

LEASE = timedelta(minutes=5)
RENEW = timedelta(minutes=1)  # after which a claim is extended


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One open item as the list shows it. `holder`: the account that has it now, "" while it is free."""

    id: int
    kind: str  # message · rule · conflict
    severity: int  # 1 critical · 2 · 3
    station: str
    form: str
    text: str
    opened_at: datetime
    holder_id: int | None
    holder: str
    held_until: datetime | None
    region: str = ""
    language: str = ""  # the sender's, "" where nobody knows
    postponed_until: datetime | None = None  # None once the wait is over, or the sender has texted again
    escalated_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """`new`: it was not held by the same account before."""

    until: datetime
    new: bool


@dataclass(frozen=True, slots=True)
class TakenBy:
    """Somebody else has the item since `since`; `name` is "" when it is closed or was never there."""

    name: str
    since: datetime | None
    closed: bool = False


def waiting(session: Session, now: datetime) -> list[QueueEntry]:
    """Open items, the most severe first, the oldest of these first."""
    return [QueueEntry(*row) for row in session.connection().execute(_waiting(), {"now": now})]


@cache
def _waiting() -> Select[Any]:
    """Built once and read as plain rows: every open page of every operator asks for it, again and again."""
    now = bindparam("now", type_=UtcDateTime())
    language = (
        select(func.min(PersonRow.language))
        .join(ContactRow, ContactRow.person_id == PersonRow.id)
        .where(ContactRow.digest == JournalRow.sender_digest)
        .scalar_subquery()
    )
    held = and_(WorkItemRow.claimed_until.is_not(None), WorkItemRow.claimed_until > now)
    waits = and_(WorkItemRow.postponed_until > now, ~_answered())
    empty = ""
    return (
        select(
            WorkItemRow.id,
            WorkItemRow.kind,
            WorkItemRow.severity,
            func.coalesce(StationRow.code, empty),
            func.coalesce(WorkItemRow.form, empty),
            func.coalesce(JournalRow.text, empty),
            WorkItemRow.opened_at,
            case((held, WorkItemRow.claimed_by)),
            case((held, AccountRow.name), else_=empty),
            case((held, WorkItemRow.claimed_until)),
            func.coalesce(StationRow.region, empty),
            func.coalesce(language, empty),
            case((waits, WorkItemRow.postponed_until)),
            WorkItemRow.escalated_at,
            func.coalesce(WorkItemRow.note, empty),
        )
        .outerjoin(StationRow, StationRow.id == WorkItemRow.station_id)
        .outerjoin(JournalRow, JournalRow.id == WorkItemRow.journal_id)
        .outerjoin(AccountRow, AccountRow.id == WorkItemRow.claimed_by)
        .where(WorkItemRow.closed_at.is_(None))
        .order_by(WorkItemRow.severity, WorkItemRow.opened_at, WorkItemRow.id)
    )


def _answered() -> ColumnElement[bool]:
    """Whether the sender has texted since the item was postponed."""
    later = aliased(JournalRow)
    newer = select(later.id).where(
        later.sender_digest == JournalRow.sender_digest,
        later.id > WorkItemRow.postponed_after,
        later.corrects.is_(None),
    )
    return newer.correlate(JournalRow, WorkItemRow).exists()


def in_order(
    entries: Iterable[QueueEntry], due: Mapping[str, datetime], region: str = "", language: str = ""
) -> list[QueueEntry]:
    """By what it costs to wait: what is not postponed, critical, of one's own region and language, due first, oldest.

    `due`: form → when it is due. `region` and `language`: the operator's; "" where all are alike.
    """
    never = datetime.max.replace(tzinfo=UTC)

    def cost(entry: QueueEntry) -> tuple[object, ...]:
        foreign = (bool(region) and entry.region not in ("", region)) + (
            bool(language) and entry.language not in ("", language)
        )
        return (
            entry.postponed_until is not None,
            entry.severity != 1,
            foreign,
            due.get(entry.form, never),
            entry.opened_at,
            entry.id,
        )

    return sorted(entries, key=cost)


def count(session: Session, *, region: str = "", kind: str = "") -> int:
    """How many items are open: of one region's stations or of one kind where these are named."""
    query = select(func.count()).select_from(WorkItemRow).where(WorkItemRow.closed_at.is_(None))
    if region:
        query = query.join(StationRow, StationRow.id == WorkItemRow.station_id).where(StationRow.region == region)
    if kind:
        query = query.where(WorkItemRow.kind == kind)
    return session.scalar(query) or 0


def claim(session: Session, item_id: int, account_id: int, now: datetime) -> Claimed | TakenBy:
    """Takes a free item, or keeps one's own. Of two who claim at once one wins: the condition is in the UPDATE."""
    until = now + LEASE
    mine = WorkItemRow.claimed_by == account_id
    free = or_(WorkItemRow.claimed_by.is_(None), WorkItemRow.claimed_until <= now)
    if _change(session, item_id, mine, claimed_until=until):
        return Claimed(until, new=False)
    if _change(session, item_id, free, claimed_by=account_id, claimed_at=now, claimed_until=until):
        return Claimed(until, new=True)
    return _taken(session, item_id)


def holds(session: Session, item_id: int, account_id: int, now: datetime) -> bool:
    """Whether an account has an item for some minutes yet: there is nothing to write, and nobody to tell."""
    mine = (WorkItemRow.id == item_id, WorkItemRow.closed_at.is_(None), WorkItemRow.claimed_by == account_id)
    until = session.scalar(select(WorkItemRow.claimed_until).where(*mine))
    return until is not None and until > now + LEASE - RENEW


def release(session: Session, item_id: int, account_id: int) -> bool:
    """Gives an item back to the queue."""
    return _change(
        session, item_id, WorkItemRow.claimed_by == account_id, claimed_by=None, claimed_at=None, claimed_until=None
    )


def postpone(session: Session, item_id: int, account_id: int, until: datetime, note: str) -> bool:
    """Gives an item back, to come up again at `until` (real time), or when its sender texts before."""
    after = select(func.coalesce(func.max(JournalRow.id), 0)).scalar_subquery()
    return _change(
        session,
        item_id,
        WorkItemRow.claimed_by == account_id,
        claimed_by=None,
        claimed_at=None,
        claimed_until=None,
        postponed_until=until,
        postponed_after=after,
        note=note,
    )


def hand_over(session: Session, item_id: int, from_id: int, to_id: int, note: str, now: datetime) -> bool:
    """Makes the item another account's for a lease; who does not take it up in that time loses it to the queue."""
    return _change(session, item_id, WorkItemRow.claimed_by == from_id, **_given(to_id, now), note=note)


def reassign(session: Session, item_id: int, to_id: int, now: datetime) -> bool:
    """The supervisor's: whoever has the item, it is `to_id`'s now."""
    return _change(session, item_id, WorkItemRow.closed_at.is_(None), **_given(to_id, now))


def escalate(session: Session, item_id: int, account_id: int, note: str, now: datetime) -> bool:
    """Gives the item back and asks for the supervisor."""
    return _change(
        session,
        item_id,
        WorkItemRow.claimed_by == account_id,
        claimed_by=None,
        claimed_at=None,
        claimed_until=None,
        postponed_until=None,
        escalated_at=now,
        note=note,
    )


def _given(to_id: int, now: datetime) -> dict[str, Any]:
    return {"claimed_by": to_id, "claimed_at": now, "claimed_until": now + LEASE, "postponed_until": None}


def close(session: Session, item_id: int, account_id: int, resolution: str, now: datetime) -> bool:
    """Takes an item off the queue for good; its `open_key` is free for a later cause. False if it was closed before."""
    return _change(
        session,
        item_id,
        WorkItemRow.closed_at.is_(None),
        closed_at=now,
        closed_by=account_id,
        resolution=resolution,
        open_key=None,
        claimed_until=None,
    )


def reopen(session: Session, before: Before, account_id: int, now: datetime) -> bool:
    """Makes an item what it was before a deed, and its holder's again. False where somebody else has it by now."""
    free = or_(WorkItemRow.claimed_by.is_(None), WorkItemRow.claimed_by == account_id, WorkItemRow.claimed_until <= now)
    closed = and_(WorkItemRow.closed_at.is_not(None), WorkItemRow.closed_by == account_id)
    again = select(WorkItemRow.id).where(WorkItemRow.open_key == before.cause, WorkItemRow.id != before.item_id)
    if session.scalar(again) is not None:  # the same cause has come again, with an item of its own
        return False
    result = session.execute(
        update(WorkItemRow)
        .where(WorkItemRow.id == before.item_id, or_(closed, and_(WorkItemRow.closed_at.is_(None), free)))
        .values(
            open_key=before.cause,
            kind=before.kind or WorkItemRow.kind,
            detail=before.detail,
            severity=before.severity,
            note=before.note,
            closed_at=None,
            closed_by=None,
            resolution=None,
            postponed_until=None,
            claimed_by=account_id,
            claimed_at=now,
            claimed_until=now + LEASE,
        )
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _change(session: Session, item_id: int, condition: Any, **values: Any) -> bool:
    result = session.execute(
        update(WorkItemRow).where(WorkItemRow.id == item_id, WorkItemRow.closed_at.is_(None), condition).values(values)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _taken(session: Session, item_id: int) -> TakenBy:
    row = session.execute(
        select(AccountRow.name, WorkItemRow.claimed_at, WorkItemRow.closed_at)
        .outerjoin(AccountRow, AccountRow.id == WorkItemRow.claimed_by)
        .where(WorkItemRow.id == item_id)
    ).one_or_none()
    if row is None or row.closed_at is not None:
        return TakenBy("", row.closed_at if row else None, closed=True)
    return TakenBy(row.name or "", row.claimed_at)
