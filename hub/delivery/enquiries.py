"""Messages of which nobody knows whether they were sent: Twilio is asked, by address, text and time.

What it has becomes sent, delivered or failed; what it still lacks after a while never reached it, and goes by the
person's next road. Telegram has nothing that could be asked: there an unknown message stays unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bots.gateway import DeliveryStatus, OutboundMessage, SendError
from bots.twilio import TwilioGateway
from hub import outbox
from hub.context import Hub
from hub.database import reading
from hub.delivery import sending
from hub.outbox import Due

EVERY = 5.0  # seconds
SETTLES = timedelta(seconds=30)  # Twilio lists a message a little after it took it, and may report it by itself
LOST = timedelta(minutes=3)  # what it does not list by then it never took
LONG_AGO = timedelta(hours=1)
SKEW = timedelta(minutes=1)  # between its clock and ours
log = structlog.get_logger()


class Enquiries:
    """`only`: no other road sends SMS, so that a message that Twilio does not have was not sent at all."""

    def __init__(self, hub: Hub, twilio: TwilioGateway, *, only: bool) -> None:
        self._hub = hub
        self._twilio = twilio
        self._only = only

    async def round(self) -> int:
        await asyncio.sleep(EVERY)
        return await self.ask()

    async def ask(self) -> int:
        """Asks about each once; how many are known now."""
        now = self._hub.timer()
        unknown = await asyncio.to_thread(self._unknown, now - SETTLES)
        lost = await asyncio.to_thread(self._unknown, now - LOST)
        known = 0
        for due, written_at in unknown:
            message = OutboundMessage(
                to=self._hub.vault.open(due.address_sealed).decode(),
                text=due.text,
                reference=outbox.reference(due.id),
            )
            try:
                listed = await self._twilio.sent_to(message, written_at - SKEW)
            except SendError as error:
                log.warning("delivery.enquiry_failed", out=due.id, reason=error.reason)
                return known
            status = await asyncio.to_thread(self._of_this, listed)
            if status is None and self._only and (due, written_at) in lost:
                status = DeliveryStatus(self._twilio.name, "", "failed", "never reached Twilio", message.reference)
            if status is not None:
                await asyncio.to_thread(sending.report, self._hub, status)
                known += 1
        return known

    def _unknown(self, before: datetime) -> list[tuple[Due, datetime]]:
        with reading(self._hub.engine) as session:
            return outbox.unknown(session, self._twilio.channel, before, self._hub.timer() - LONG_AGO)

    def _of_this(self, listed: Sequence[DeliveryStatus]) -> DeliveryStatus | None:
        """The oldest that no other message of ours goes by: the same words may have gone to somebody twice."""
        with reading(self._hub.engine) as session:
            others = outbox.named(session, [status.provider_id for status in listed])
        return next((status for status in listed if status.provider_id not in others), None)
