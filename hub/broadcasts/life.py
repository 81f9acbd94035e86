"""A broadcast's life: written by one person, approved by another, then running, paused, or cancelled for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.broadcasts import audience, letters
from hub.broadcasts.audience import Audience
from hub.broadcasts.letters import Postage
from hub.context import Hub
from hub.database import insert_into
from hub.models import AccountRow, BroadcastRow, RecipientRow
from hub.outbox import Draft


def write(session: Session, audience: Audience, texts: Mapping[str, str], *, account_id: int, now: datetime) -> int:
    """Keeps a broadcast for a second person to look at; its number."""
    row = BroadcastRow(
        state="waiting", audience=audience.kept(), texts=dict(texts), written_by=account_id, written_at=now
    )
    session.add(row)
    session.flush()
    return row.id


def postage(session: Session, hub: Hub, wanted: Audience, texts: Mapping[str, str], gateway: str) -> Postage:
    """Who would get it now, and what it would cost."""
    return letters.write(audience.readers(session, wanted, hub.clock()), texts, hub.election, gateway)


def approve(session: Session, hub: Hub, broadcast_id: int, *, account_id: int) -> bool:
    """Freezes the readers and sends it on its way. False where it does not wait, or the approver is its author."""
    row = session.get(BroadcastRow, broadcast_id)
    if row is None or same_person(session, row.written_by, account_id):
        return False
    now = hub.timer()
    waits = BroadcastRow.state == "waiting"  # whoever comes second, or presses twice, finds that it does not any more
    if not _move(session, broadcast_id, waits, state="running", approved_by=account_id, approved_at=now):
        return False
    frozen = postage(session, hub, Audience.read(row.audience), row.texts, "")
    _keep(session, broadcast_id, frozen)
    outbox.enqueue(session, _drafts(broadcast_id, frozen), now)
    return True


def pause(session: Session, broadcast_id: int) -> bool:
    """Nothing more goes out, not even what a worker has in hand and has not begun to send."""
    return _move(session, broadcast_id, BroadcastRow.state == "running", state="paused")


def go_on(session: Session, broadcast_id: int) -> bool:
    return _move(session, broadcast_id, BroadcastRow.state == "paused", state="running")


def cancel(session: Session, broadcast_id: int, now: datetime) -> bool:
    """Ends it for good. What has gone has gone."""
    if not _move(session, broadcast_id, BroadcastRow.state != "cancelled", state="cancelled", cancelled_at=now):
        return False
    outbox.withdraw(session, now, broadcast=broadcast_id)
    return True


def same_person(session: Session, one: int, other: int) -> bool:
    """Whether two accounts are one account, or one person's."""
    accounts = [session.get(AccountRow, account_id) for account_id in (one, other)]
    persons = [account.person_id for account in accounts if account]
    return one == other or (None not in persons and len(set(persons)) == 1)


def _move(session: Session, broadcast_id: int, where: ColumnElement[bool], **values: object) -> bool:
    moved = update(BroadcastRow).where(BroadcastRow.id == broadcast_id, where).values(**values)
    done = session.execute(moved.returning(BroadcastRow.id), execution_options={"synchronize_session": False})
    return done.first() is not None


def _keep(session: Session, broadcast_id: int, frozen: Postage) -> None:
    sent = [(letter.reader.id, letter.language, letter.channel, letter.segments, None) for letter in frozen.letters]
    others = [(reader.id, reader.language, None, 0, reader.left_out) for reader in frozen.left_out]
    names = ("person_id", "language", "channel", "segments", "left_out")
    rows = [{"broadcast_id": broadcast_id, **dict(zip(names, each, strict=True))} for each in sent + others]
    if rows:
        session.execute(insert_into(session, RecipientRow), rows)


def _drafts(broadcast_id: int, frozen: Postage) -> list[Draft]:
    return [
        Draft(
            kind="broadcast",
            priority=outbox.BROADCAST,
            channel=letter.channel,
            address_sealed=letter.way.sealed,
            text=letter.text,
            dedup=f"broadcast:{broadcast_id}:{letter.reader.id}",
            person_id=letter.reader.id,
            broadcast_id=broadcast_id,
        )
        for letter in frozen.letters
    ]
