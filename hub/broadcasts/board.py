"""Broadcasts for reading: the list, how far each has come, and what became of it for each person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from hub.broadcasts.audience import Audience
from hub.models import AccountRow, BroadcastRow, OutboxRow, PersonRow, RecipientRow

WAITING = frozenset({"pending", "sending"})
ARRIVED = frozenset({"sent", "delivered"})


@dataclass(frozen=True, slots=True)
class Broadcast:
    """`counts`: outbox state → people; `left_out`: people whom nothing could be sent. Both empty until it is approved.

    `state`: waiting · running · paused · cancelled · finished (nothing waits any more).
    """

    id: int
    state: str
    audience: Audience
    texts: dict[str, str]
    author_id: int
    author: str
    written_at: datetime
    approver: str
    approved_at: datetime | None
    counts: Counter[str]
    left_out: int
    segments: int

    @property
    def people(self) -> int:
        return self.counts.total()

    @property
    def done(self) -> int:
        return sum(count for state, count in self.counts.items() if state not in WAITING)

    @property
    def arrived(self) -> int:
        return sum(self.counts[state] for state in ARRIVED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it for one person. `state` is an outbox state, or why they were left out."""

    code: str
    state: str
    channel: str
    at: datetime | None


def listed(session: Session, ids: Collection[int] | None = None) -> list[Broadcast]:
    """The newest first."""
    author, approver = aliased(AccountRow), aliased(AccountRow)
    statement = (
        select(BroadcastRow, author.name, approver.name)
        .join(author, author.id == BroadcastRow.written_by)
        .outerjoin(approver, approver.id == BroadcastRow.approved_by)
        .order_by(BroadcastRow.id.desc())
    )
    if ids is not None:
        statement = statement.where(BroadcastRow.id.in_(ids))
    found = session.execute(statement).all()
    counts, left_out, segments = _counts(session), _left_out(session), _segments(session)
    return [
        Broadcast(
            row.id,
            _state(row, counts.get(row.id, Counter())),
            Audience.read(row.audience),
            row.texts,
            row.written_by,
            written,
            row.written_at,
            approved or "",
            row.approved_at,
            counts.get(row.id, Counter()),
            left_out.get(row.id, 0),
            segments.get(row.id, 0),
        )
        for row, written, approved in found
    ]


def find(session: Session, broadcast_id: int) -> Broadcast | None:
    return next(iter(listed(session, [broadcast_id])), None)


def outcomes(session: Session, broadcast_id: int) -> list[Outcome]:
    """A line a person, by code: what their last message of this broadcast came to, or why they got none."""
    last = _last().where(OutboxRow.broadcast_id == broadcast_id).subquery()
    statement = (
        select(PersonRow.code, RecipientRow.left_out, OutboxRow.state, OutboxRow.channel, OutboxRow.settled_at)
        .select_from(RecipientRow)
        .join(PersonRow, PersonRow.id == RecipientRow.person_id)
        .outerjoin(last, last.c.person_id == RecipientRow.person_id)
        .outerjoin(OutboxRow, OutboxRow.id == last.c.id)
        .where(RecipientRow.broadcast_id == broadcast_id)
        .order_by(PersonRow.code)
    )
    return [
        Outcome(code, left_out or state or "", channel or "", at)
        for code, left_out, state, channel, at in session.execute(statement)
    ]


def _state(row: BroadcastRow, counts: Counter[str]) -> str:
    return "finished" if row.state == "running" and not any(counts[state] for state in WAITING) else row.state


def _last() -> Select[int | None, int | None, int]:
    """The last message of each person: where one road failed, the next one's."""
    return select(OutboxRow.broadcast_id, OutboxRow.person_id, func.max(OutboxRow.id).label("id")).group_by(
        OutboxRow.broadcast_id, OutboxRow.person_id
    )


def _counts(session: Session) -> dict[int, Counter[str]]:
    last = _last().where(OutboxRow.broadcast_id.is_not(None)).subquery()
    statement = (
        select(OutboxRow.broadcast_id, OutboxRow.state, func.count())
        .join(last, last.c.id == OutboxRow.id)
        .group_by(OutboxRow.broadcast_id, OutboxRow.state)
    )
    counts: dict[int, Counter[str]] = {}
    for broadcast_id, state, count in session.execute(statement):
        counts.setdefault(broadcast_id or 0, Counter())[state] = count
    return counts


def _left_out(session: Session) -> dict[int, int]:
    statement = select(RecipientRow.broadcast_id, func.count()).where(RecipientRow.left_out.is_not(None))
    return {id: count for id, count in session.execute(statement.group_by(RecipientRow.broadcast_id))}


def _segments(session: Session) -> dict[int, int]:
    statement = select(RecipientRow.broadcast_id, func.sum(RecipientRow.segments)).group_by(RecipientRow.broadcast_id)
    return {id: int(count) for id, count in session.execute(statement)}
