"""Webhooks that never arrived: asks the providers what came, and puts into the journal what is not there.

The journal knows a message by its provider's id, so asking too early, or twice, does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bots.gateway import InboundMessage, SendError
from bots.telegram import TelegramGateway, decode_update
from bots.twilio import TwilioGateway
from hub.context import Hub
from hub.database import parts, writing
from hub.intake import journal


@dataclass(frozen=True, slots=True)
class Recovered:
    """`listed`: what the provider had; `new`: what the journal lacked; `problem`: why the provider told no more."""

    gateway: str
    listed: int = 0
    new: int = 0
    problem: str = ""


async def from_twilio(hub: Hub, twilio: TwilioGateway, since: datetime) -> Recovered:
    """What Twilio received since then, to the second, on all numbers of the account."""
    try:
        messages = await twilio.received(since)
    except SendError as error:
        return Recovered("twilio", problem=error.reason)
    return Recovered("twilio", len(messages), await asyncio.to_thread(_keep, hub, messages))


async def from_telegram(hub: Hub, telegram: TelegramGateway) -> Recovered:
    """What waits at Telegram, of 24 hours at most: fetched without the webhook, which is then set again."""
    listed = new = offset = 0
    try:
        await telegram.drop_webhook()
        while updates := await telegram.updates(offset, 0):
            messages = [decode_update(raw) for _, raw in updates]
            listed, new = listed + len(messages), new + await asyncio.to_thread(_keep, hub, messages)
            # Only now: an offset that moves before the commit loses what it passes.
            after = max((update_id + 1 for update_id, _ in updates if update_id is not None), default=offset)
            if after == offset:
                break
            offset = after
        await telegram.register_webhook(f"{hub.settings.public_url.rstrip('/')}/telegram")
    except SendError as error:
        return Recovered("telegram", listed, new, error.reason)
    return Recovered("telegram", listed, new)


def _keep(hub: Hub, messages: Sequence[InboundMessage]) -> int:
    """How many of them were new. Each counts as received when its provider had it: it was in time, and we were not."""
    now = hub.clock()
    rows = [
        journal.row(message, hub.vault, hub.election.country, min(message.sent_at or now, now)) for message in messages
    ]
    for row in rows:
        row["context"] = row["context"] | {"recovered": True}
    new = 0
    for part in parts(rows, journal.BATCH_LIMIT):
        with writing(hub.engine) as session:
            new += len(journal.store(session, part))
    return new
