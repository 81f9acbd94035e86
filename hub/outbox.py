"""What goes out: written in the transaction that decides it, delivered later, exactly once in effect.

States: pending → sending → sent → delivered; or failed; or unknown, where a message may have arrived and the answer
was lost; or withdrawn, before it began to go. A state never goes back, but for pending ⇄ sending.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from bots.gateway import DeliveryStatus, SendError
from hub import bulk
from hub.database import parts
from hub.models import BroadcastRow, OnceRow, OutboxRow
from hub.values import value

CRITICAL, PUSH, REPLY, BULK, BROADCAST = 0, 1, 5, 9, 10  # priorities: a lower one goes first
LEASE = timedelta(seconds=60)  # at least three times a provider's time-out, or a slow send is sent twice
ATTEMPTS = 8
RANK = {"pending": 0, "sending": 0, "withdrawn": 1, "unknown": 1, "sent": 2, "failed": 3, "delivered": 4}


@value
class Draft:
    """A message to be sent. `gateway` "" leaves the road to the channel; `dedup` lets it go once only."""

    kind: str
    priority: int
    channel: str
    address_sealed: bytes
    text: str
    gateway: str = ""
    dedup: str | None = None
    person_id: int | None = None
    journal_id: int | None = None
    alert_id: int | None = None
    broadcast_id: int | None = None
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    answers_button: str = ""
    sender: str = ""  # which of our numbers it should come from
    line: str = ""  # and by which modem or SIM
    asks_contact: str = ""  # the label of a button that shares the reader's own number
    edits: str = ""  # the provider's id of a message that this one takes the place of
    instead: str = ""  # the channel on which this could not be sent: there is no further road
    held: timedelta = timedelta(0)  # how long it waits, and can be withdrawn


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed row: ours to send until its lease ends."""

    id: int
    kind: str
    priority: int
    person_id: int | None
    journal_id: int | None
    alert_id: int | None
    broadcast_id: int | None
    gateway: str
    channel: str
    address_sealed: bytes
    text: str
    extra: dict[str, Any]
    attempts: int
    unsure: int


_DUE = tuple(getattr(OutboxRow, name) for name in Due.__slots__)


def enqueue(session: Session, drafts: Sequence[Draft], now: datetime) -> None:
    """Puts messages in the outbox. One with a `dedup` that is there already is left out."""
    bulk.insert_once(session, OutboxRow, [_row(draft, now) for draft in drafts], OnceRow)


def known(session: Session, dedups: Collection[str]) -> set[str]:
    """Those of the messages that must go once which are in the outbox already."""
    found: set[str] = set()
    for part in parts(dedups):
        statement = select(OutboxRow.dedup).where(OutboxRow.dedup.in_(part))
        found |= {dedup for dedup in session.scalars(statement) if dedup}
    return found


def withdraw(
    session: Session, now: datetime, *, dedup: str = "", answering: int | None = None, broadcast: int | None = None
) -> int:
    """Takes back what has not begun to go out: one message by its `dedup`, or all that answer a journal entry, or all
    of a broadcast."""
    which = OutboxRow.dedup == dedup if dedup else OutboxRow.journal_id == answering
    which = OutboxRow.broadcast_id == broadcast if broadcast else which
    result = session.execute(
        update(OutboxRow).where(which, OutboxRow.state == "pending").values(state="withdrawn", settled_at=now)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def anything_due(session: Session, channels: Collection[str], now: datetime) -> bool:
    """Whether `claim` would find something; a look that locks nothing."""
    return session.scalar(_ANYTHING, {"channels": list(channels), "now": now}) is not None


def claim(session: Session, channels: Collection[str], now: datetime, limit: int, upto: int = BROADCAST) -> list[Due]:
    """Takes what is due on these channels, critical first, and nothing less urgent than `upto`.

    A row whose lease ran out may have been sent: it goes once more, then it is `unknown`.
    """
    lost = _lost(now)
    session.execute(
        update(OutboxRow)
        .where(lost, OutboxRow.unsure > 0)
        .values(state="unknown", error="lease ran out", settled_at=now)
    )
    due = (
        select(OutboxRow.id)
        .where(OutboxRow.channel.in_(channels), OutboxRow.priority <= upto)
        .where(_due(now))
        .order_by(OutboxRow.priority, OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(OutboxRow)
        .where(OutboxRow.id.in_(due.scalar_subquery()))
        .values(
            unsure=OutboxRow.unsure + case((OutboxRow.state == "sending", 1), else_=0),
            attempts=OutboxRow.attempts + 1,
            state="sending",
            lease_until=now + LEASE,
        )
        .returning(*_DUE)
    )
    claimed = [Due(*values) for values in session.execute(statement, execution_options={"synchronize_session": False})]
    return sorted(claimed, key=lambda due: (due.priority, due.id))


def silence(session: Session, person_ids: Collection[int], channels: Collection[str], now: datetime) -> None:
    """Withdraws what waits for people who want no more messages. Pushes stay: refused, they go by another road."""
    waiting = update(OutboxRow).where(OutboxRow.person_id.in_(person_ids), OutboxRow.state == "pending")
    waiting = waiting.where(OutboxRow.channel.in_(channels), OutboxRow.priority > PUSH)
    session.execute(waiting.values(state="withdrawn", error="opted out", settled_at=now))


def held(session: Session, due: Due) -> bool:
    """Whether its broadcast was paused or cancelled since the row was claimed."""
    if due.broadcast_id is None:
        return False
    return session.scalar(select(BroadcastRow.state).where(BroadcastRow.id == due.broadcast_id)) != "running"


def put_back(session: Session, ids: Collection[int], until: datetime) -> None:
    """Lets claimed rows wait that nobody began to send: it was no attempt. Of a cancelled broadcast, for good."""
    cancelled = select(BroadcastRow.id).where(BroadcastRow.state == "cancelled")
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(ids), OutboxRow.state == "sending")
        .values(
            state=case((OutboxRow.broadcast_id.in_(cancelled), "withdrawn"), else_="pending"),
            attempts=OutboxRow.attempts - 1,
            not_before=until,
        )
    )


def sent(session: Session, id: int, provider_id: str, now: datetime) -> None:
    """Marks success. It needs no lease: whoever sent it knows."""
    _advance(session, [OutboxRow.id == id], "sent", now, provider_id=provider_id, error=None)


def refused(session: Session, due: Due, error: SendError, now: datetime) -> str:
    """Marks a failure, and says what becomes of the row: `pending` again after a pause, `failed`, or `unknown`."""
    unsure = due.unsure + error.unknown
    if error.permanent or due.attempts >= ATTEMPTS:
        state = "failed"
    elif error.unknown and (due.priority != CRITICAL or unsure > 1):
        state = "unknown"
    else:
        state = "pending"
    pause = error.retry_after if error.retry_after is not None else min(2.0**due.attempts, 300)
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == due.id, OutboxRow.state == "sending")
        .values(
            state=state,
            unsure=unsure,
            error=error.reason[:300],
            not_before=now + timedelta(seconds=pause),
            settled_at=None if state == "pending" else now,
        )
    )
    return state


def reference(id: int) -> str:
    """Our name for a message, told to the provider, who may give it back in a delivery report."""
    return f"out-{id}"


def report(session: Session, status: DeliveryStatus, now: datetime) -> Due | None:
    """Takes a provider's delivery report, in whatever order they come; the message, if it has failed by that.

    By our reference, where the provider gives it back, a message is known whose answer was lost.
    """
    referred = status.reference.removeprefix("out-")
    named = OutboxRow.provider_id == status.provider_id
    if referred.isascii() and referred.isdigit() and len(referred) < 19:
        named = or_(named, OutboxRow.id == int(referred))
    found = session.execute(select(*_DUE, OutboxRow.state).where(named).limit(1)).one_or_none()
    if found is None:
        return None
    due, before = Due(*found[:-1]), found[-1]
    values = {"provider_id": status.provider_id} if RANK[before] < RANK["sent"] else {}
    _advance(session, [OutboxRow.id == due.id], status.state, now, error=status.error or None, **values)
    return due if status.state == "failed" and RANK[before] < RANK["failed"] else None


def unknown(session: Session, channel: str, before: datetime, after: datetime) -> list[tuple[Due, datetime]]:
    """What may have been sent, nobody knows since some moment between the two; with when it was written."""
    statement = select(*_DUE, OutboxRow.created_at).where(OutboxRow.state == "unknown", OutboxRow.channel == channel)
    statement = statement.where(OutboxRow.settled_at > after, OutboxRow.settled_at <= before).order_by(OutboxRow.id)
    return [(Due(*values[:-1]), values[-1]) for values in session.execute(statement)]


def named(session: Session, provider_ids: Collection[str]) -> set[str]:
    """Those of the provider's ids that a message of ours has already."""
    found = session.scalars(select(OutboxRow.provider_id).where(OutboxRow.provider_id.in_(provider_ids)))
    return {provider_id for provider_id in found if provider_id}


def waiting_since(session: Session, before: datetime) -> bool:
    """Does something critical wait to go out that was written before a moment?"""
    statement = select(OutboxRow.id).where(OutboxRow.state.in_(("pending", "sending")), OutboxRow.priority == CRITICAL)
    return session.scalar(statement.where(OutboxRow.created_at < before).limit(1)) is not None


def unsent(session: Session) -> int:
    """How many messages still wait to go out."""
    waiting = OutboxRow.state.in_(("pending", "sending"))
    return session.scalar(select(func.count()).select_from(OutboxRow).where(waiting)) or 0


def _due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    running = select(BroadcastRow.id).where(BroadcastRow.state == "running")
    free = or_(OutboxRow.broadcast_id.is_(None), OutboxRow.broadcast_id.in_(running))
    return and_(or_(and_(OutboxRow.state == "pending", OutboxRow.not_before <= now), _lost(now)), free)


def _lost(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(OutboxRow.state == "sending", OutboxRow.lease_until < now)


# Built once: every worker looks twenty times a second.
_ANYTHING = (
    select(OutboxRow.id)
    .where(OutboxRow.channel.in_(bindparam("channels", expanding=True)), _due(bindparam("now")))
    .limit(1)
)


def _advance(session: Session, where: list[Any], state: str, now: datetime, **values: Any) -> None:
    lower = [name for name, rank in RANK.items() if rank < RANK[state]]
    session.execute(
        update(OutboxRow).where(*where, OutboxRow.state.in_(lower)).values(state=state, settled_at=now, **values)
    )


def _row(draft: Draft, now: datetime) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if draft.buttons:
        extra["buttons"] = draft.buttons
    for name in ("answers_button", "sender", "line", "edits", "asks_contact", "instead"):
        if value := getattr(draft, name):
            extra[name] = value
    return {
        "kind": draft.kind,
        "priority": draft.priority,
        "dedup": draft.dedup,
        "person_id": draft.person_id,
        "journal_id": draft.journal_id,
        "alert_id": draft.alert_id,
        "broadcast_id": draft.broadcast_id,
        "gateway": draft.gateway,
        "channel": draft.channel,
        "address_sealed": draft.address_sealed,
        "text": draft.text,
        "extra": extra,
        "state": "pending",
        "attempts": 0,
        "unsure": 0,
        "not_before": now + draft.held,
        "created_at": now,
    }
