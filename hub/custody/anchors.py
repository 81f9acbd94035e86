"""Heads told to outside parties every five minutes: what somebody else has in hand, nobody here can rewrite.

They go through the outbox as any message, so what could not be sent is tried again, and what became of it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import leadership, outbox
from hub.context import Hub
from hub.custody.verifier import Checkpoint, checkpoint
from hub.models import OutboxRow

KIND = "anchor"
EVERY = timedelta(minutes=5)  # of real time, also while a rehearsal's day goes faster
CHANNELS = {"telegram": "telegram", "mailto": "email"}


def due(session: Session, hub: Hub, now: datetime) -> bool:
    """Whether the last was long ago. Where nobody is to be told, none ever is."""
    last = leadership.seen(session, KIND)
    return any(recipients(hub.settings.anchors)) and (last is None or now - last >= EVERY)


def send(session: Session, hub: Hub, head: Checkpoint, now: datetime) -> None:
    """Tells every recipient; each of them once of each head."""
    text = f"{hub.election.key} {head}"
    drafts = [
        outbox.Draft(
            KIND, outbox.REPLY, channel, hub.vault.seal(address.encode()), text, dedup=f"{KIND}:{head.seq}:{n}"
        )
        for n, (channel, address) in enumerate(recipients(hub.settings.anchors))
    ]
    outbox.enqueue(session, drafts, now)
    leadership.beat(session, KIND, now)


def recipients(setting: str) -> Iterator[tuple[str, str]]:
    """`telegram:-100123 mailto:notary@example.org` → channel and address."""
    for word in setting.split():
        road, _, address = word.partition(":")
        yield CHANNELS[road], address


def sent(session: Session) -> list[OutboxRow]:
    """Every anchor, oldest first, whatever became of it."""
    return list(session.scalars(select(OutboxRow).where(OutboxRow.kind == KIND).order_by(OutboxRow.id)))


def told(row: OutboxRow) -> Checkpoint:
    """One that is no checkpoint any more is one of nothing, which no chain gives."""
    try:
        return checkpoint(row.text)
    except ValueError:
        return Checkpoint(1, "changed")
