"""Sends what is due in the outbox, critical first, through the gateway each address can be reached by."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bots.gateway import AddressState, DeliveryStatus, Gateway, OutboundMessage, SendError, Sent
from hub import outbox
from hub.alerts import escalation, life
from hub.context import Hub
from hub.database import reading, writing
from hub.delivery.pace import Pace, Rates
from hub.desk import opening
from hub.outbox import Draft, Due
from hub.sample import roster
from hub.sample.roster import Contact

KIND_OF = {"telegram": "telegram", "sms": "phone", "whatsapp": "phone"}
CHANNEL_OF = {"telegram": "telegram", "phone": "sms"}
SLOTS = 32  # messages under way on one channel
RESERVED = 8  # of them for what is critical
WAIT = 0.05  # seconds
GATHER = 0.02  # seconds in which results gather, to be noted in one transaction
Result = tuple[Gateway, Due, Sent | SendError | None]  # None: its broadcast was stopped, nothing was sent
PATIENCE = 3.0  # seconds that a critical page waits for its road before it takes another as well
log = structlog.get_logger()


class Delivery:
    """One round after another for all gateways of a process. `upto`: the least urgent priority that it sends."""

    def __init__(self, hub: Hub, gateways: Sequence[Gateway], rates: Rates, upto: int = outbox.BROADCAST) -> None:
        self._hub = hub
        self._by_channel: dict[str, list[Gateway]] = defaultdict(list)
        for gateway in gateways:
            self._by_channel[gateway.channel].append(gateway)
        self._channels, self._chats, self._numbers = Pace(rates.channel), Pace(rates.chat), Pace(rates.number)
        self._upto = upto
        self._paused: dict[str, datetime] = {}
        self._flying: dict[asyncio.Task[Result], str] = {}
        self._results: list[Result] = []

    def share(self, among: int) -> None:
        """The rates hold for all workers together."""
        for pace in (self._channels, self._chats, self._numbers):
            pace.share(max(1, among))

    async def round(self) -> int:
        """Starts what may go now and notes what has ended; 0 when nothing is due and nothing is under way."""
        started = sum([await self._start(channel) for channel in self._by_channel])
        ended = await self._note_ended(WAIT)
        return started + ended + len(self._flying)

    async def drain(self) -> None:
        """Lets what is under way end, and starts nothing."""
        while await self._note_ended(None):
            pass

    async def _start(self, channel: str) -> int:
        now = self._hub.timer()
        flying = sum(under_way == channel for under_way in self._flying.values())
        # What is critical is tried even while the provider asks for a pause (it may hold for others alone), and has
        # slots of its own that no slow reply can fill.
        routine = self._open(channel, now) and flying < SLOTS - RESERVED
        free = (SLOTS - RESERVED if routine else SLOTS) - flying
        limit = min(self._channels.allowed(channel, now), free)
        if limit <= 0:
            return 0
        due = await asyncio.to_thread(self._claim, channel, now, limit, self._upto if routine else outbox.CRITICAL)
        for message in due:
            self._flying[asyncio.create_task(self._deliver(channel, message))] = channel
        return len(due)

    async def _note_ended(self, timeout: float | None) -> int:  # noqa: ASYNC109
        """Notes all that has ended in one transaction. What could not be noted is kept for the next round."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(GATHER)
            for task in [task for task in self._flying if task.done()]:
                del self._flying[task]
                self._results.append(task.result())
        results = list(self._results)
        if results:
            await asyncio.to_thread(self._settle, results)
            del self._results[: len(results)]
        return len(results)

    def _claim(self, channel: str, now: datetime, limit: int, upto: int) -> list[Due]:
        with reading(self._hub.engine) as session:
            if not outbox.anything_due(session, [channel], now):
                return []
        with writing(self._hub.engine) as session:
            claimed = outbox.claim(session, [channel], now, limit, upto)
            due = [message for message in claimed if self._goes_now(session, channel, message, now)]
        self._channels.spend(channel, now, len(due))
        return due

    def _goes_now(self, session: Session, channel: str, due: Due, now: datetime) -> bool:
        """Puts back what a chat, or our number, cannot take yet. What is critical goes at once, and the next waits."""
        if channel == "telegram":
            pace, key = self._chats, self._hub.vault.open(due.address_sealed).decode()
        else:
            pace, key = self._numbers, due.extra.get("sender") or self._hub.settings.twilio_from
        wait = pace.wait(key, now)
        if wait > timedelta(0) and due.priority != outbox.CRITICAL and not due.extra.get("answers_button"):
            outbox.put_back(session, [due.id], now + wait)
            return False
        pace.spend(key, now)
        return True

    async def _deliver(self, channel: str, due: Due) -> Result:
        gateway = self._road(channel, due)
        if due.broadcast_id is not None and await asyncio.to_thread(self._held, due):
            return gateway, due, None
        return gateway, due, await self._send(gateway, due)

    def _held(self, due: Due) -> bool:
        with reading(self._hub.engine) as session:
            return outbox.held(session, due)

    def _road(self, channel: str, due: Due) -> Gateway:
        """The road the message came by; at each further attempt the channel's next one that is not asked to pause."""
        gateways = self._by_channel[channel]
        first = next((place for place, gateway in enumerate(gateways) if gateway.name == due.gateway), 0)
        start = (first + due.attempts - 1) % len(gateways)
        ring = gateways[start:] + gateways[:start]
        open_now = self._open(channel, self._hub.timer())
        return next((gateway for gateway in ring if gateway.name in open_now), ring[0])

    async def _send(self, gateway: Gateway, due: Due) -> Sent | SendError:
        by_its_road = gateway.name == due.gateway
        message = OutboundMessage(
            to=self._hub.vault.open(due.address_sealed).decode(),
            text=due.text,
            reference=outbox.reference(due.id),
            buttons=tuple(tuple((label, data) for label, data in row) for row in due.extra.get("buttons", ())),
            answers_button=due.extra.get("answers_button", ""),
            edits=due.extra.get("edits", ""),
            asks_contact=due.extra.get("asks_contact", ""),
            urgent=due.priority == outbox.CRITICAL,
            sender=due.extra.get("sender", "") if by_its_road else "",
            line=due.extra.get("line", "") if by_its_road else "",
        )
        try:
            return await gateway.send(message)
        except SendError as error:
            return error
        except Exception as error:  # a gateway's bug must not stop the next message
            log.exception("delivery.bug", out=due.id, gateway=gateway.name)
            return SendError(f"{type(error).__name__} in the gateway", unknown=True)

    def _settle(self, results: Sequence[Result]) -> None:
        now = self._hub.timer()
        with writing(self._hub.engine) as session:
            for gateway, due, result in results:
                if isinstance(result, Sent):
                    outbox.sent(session, due.id, result.provider_id, now)
                    if due.alert_id and due.kind == "push":
                        life.arrived(session, due.alert_id, due.person_id, self._hub.clock())
                elif result is None:
                    outbox.put_back(session, [due.id], now)
                else:
                    self._refused(session, gateway, due, result, now)

    def _refused(self, session: Session, gateway: Gateway, due: Due, error: SendError, now: datetime) -> None:
        state = outbox.refused(session, due, error, now)
        log.warning("delivery.refused", out=due.id, gateway=gateway.name, state=state, reason=error.reason)
        if error.retry_after is not None:
            self._paused[gateway.name] = now + timedelta(seconds=error.retry_after)
        if state == "failed" or (due.alert_id and due.priority == outbox.CRITICAL and _too_long(due, error)):
            other_road(session, self._hub, due, error.address, now)

    def _open(self, channel: str, now: datetime) -> set[str]:
        """The channel's roads whose provider has not asked for a pause."""
        names = {gateway.name for gateway in self._by_channel[channel]}
        return {name for name in names if self._paused.get(name, now) <= now}


def report(hub: Hub, status: DeliveryStatus) -> None:
    """Takes a provider's delivery report; what has failed after all goes by the person's next road."""
    now = hub.timer()
    with writing(hub.engine) as session:
        failed = outbox.report(session, status, now)
        if failed:
            log.warning("delivery.failed", out=failed.id, gateway=status.gateway, reason=status.error)
            other_road(session, hub, failed, "", now)


def other_road(session: Session, hub: Hub, due: Due, state: AddressState, now: datetime) -> None:
    """A message that this road will never carry goes by the person's next one; a dead address is marked.

    Where no road is left for a page, the desk is told and the next in the chain need not wait.
    """
    if due.person_id is None or due.extra.get("answers_button") or due.kind == "edit":
        return
    kind = KIND_OF[due.channel]
    if state:
        address = hub.vault.open(due.address_sealed).decode()
        roster.mark(session, hub.vault.digest(kind, address), state, now)
    contacts = roster.contacts(session, [due.person_id])[due.person_id]
    other = next((contact for contact in contacts if contact.kind not in (kind, due.extra.get("instead"))), None)
    if other is not None:
        outbox.enqueue(session, [_by(session, hub, due, other, kind)], now)
    elif due.alert_id and due.kind == "push":
        escalation.unreachable(session, due.alert_id, due.person_id, hub.clock())
    elif due.kind in ("reply", "question"):
        opening.open_items(session, [_undelivered(due, hub.clock())])


def _undelivered(due: Due, now: datetime) -> dict[str, Any]:
    """Somebody calls the observer: what they were told has not reached them by any road."""
    detail = {"person": due.person_id, "words": due.text}
    cause = f"undeliverable:{due.person_id}"  # one call is enough for all that failed
    return opening.item("undeliverable", cause, 2, now, journal_id=due.journal_id, detail=detail)


def _by(session: Session, hub: Hub, due: Due, contact: Contact, instead: str) -> Draft:
    text = due.text
    if due.alert_id and due.person_id and due.kind == "push" and contact.kind == "phone":
        text = escalation.as_text(session, hub, due.alert_id, due.person_id)
    return Draft(
        kind=due.kind,
        priority=due.priority,
        channel=CHANNEL_OF[contact.kind],
        address_sealed=contact.sealed,
        text=text,
        dedup=f"{due.id}:other road",
        person_id=due.person_id,
        journal_id=due.journal_id,
        alert_id=due.alert_id,
        broadcast_id=due.broadcast_id,
        instead=instead,
    )


def _too_long(due: Due, error: SendError) -> bool:
    """Somebody's safety does not wait for a provider that is down, or that asks for a long pause."""
    return due.attempts > 1 or error.unknown or (error.retry_after or 0) > PATIENCE
