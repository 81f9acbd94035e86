"""The worker: reads what came in, delivers what is due, polls Telegram. One failing round never ends the loop."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bots.gateway import SendError
from bots.telegram import TelegramGateway, decode_update
from hub import leadership, timers, upkeep
from hub.alerts.auditor import RIVAL
from hub.bootstrap import Gateways
from hub.context import Hub
from hub.custody.chain import Sealer
from hub.database import writing
from hub.delivery.enquiries import Enquiries
from hub.delivery.pace import rates
from hub.delivery.sending import Delivery
from hub.intake import pipeline
from hub.intake.journal import Journal
from hub.intake.spool import Spool
from hub.media.fetching import Fetching
from hub.timers import Timers

IDLE = 0.05  # seconds between looks at an empty inbox or outbox
FILES = 1.0  # seconds between looks at files to be fetched, which nobody waits for
COUNT = 2.0  # seconds between looks at tables that have grown
POLL = 5  # seconds that Telegram holds a poll open
# Longer than a poll with its time-out, or two processes poll at once; no longer: so long a killed one is missed.
LEAD = timedelta(seconds=20)
BEAT = 5.0  # seconds between two signs of life
CREW = timedelta(seconds=15)  # how long a worker that says nothing keeps its part of the rates
BATCH = 200  # more would hold the stations that another worker wants
GATHER = 0.03  # seconds in which the next batch gathers: by itself one costs as much as forty messages
SPARE = 1.0  # seconds for which a worker may leave everything to another
LEFT = 0.2  # seconds until it looks again
log = structlog.get_logger()


async def run(hub: Hub, gateways: Gateways, stop: asyncio.Event) -> None:
    """Works until `stop` is set; what is under way is finished, what waits stays in the database."""
    spool = Spool(hub.settings.spool_dir, hub.vault)
    journal = Journal(hub.engine, hub.vault, hub.clock, hub.election.country, spool)
    delivery = Delivery(hub, gateways.all(), rates(hub.settings))
    fetching = Fetching(hub, gateways.all())
    settling = Settling(hub)
    rounds: list[tuple[str, Callable[[], Awaitable[int]], float]] = [
        ("settle", lambda: asyncio.to_thread(settling.round), IDLE),
        ("deliver", delivery.round, IDLE),
        ("heartbeat", lambda: _beat(hub, delivery), BEAT),
        ("timers", Timers(hub).round, IDLE),
        ("seal", Sealer(hub).round, IDLE),
        ("fetch", fetching.round, FILES),
        ("upkeep", lambda: _keep_up(hub), COUNT),
    ]
    if gateways.twilio:
        only = not (gateways.kannel or gateways.smsgate)
        rounds.append(("enquire", Enquiries(hub, gateways.twilio, only=only).round, IDLE))
    background = [asyncio.create_task(journal.run()), asyncio.create_task(timers.audit(hub))]
    if gateways.telegram and hub.settings.telegram_webhook_secret.get_secret_value():
        background.append(asyncio.create_task(_register(gateways.telegram, f"{hub.settings.public_url}/telegram")))
    elif gateways.telegram:
        rounds.append(("poll", Poller(hub, gateways.telegram, journal).round, IDLE))
    loops = [asyncio.create_task(_repeat(*each, stop)) for each in rounds]
    await stop.wait()
    for task in background + [loop for loop in loops if loop.get_name() == "poll"]:
        task.cancel()
    await asyncio.wait(loops, timeout=30)
    await delivery.drain()
    for gateway in gateways.all():
        await gateway.close()


async def _repeat(name: str, round_: Callable[[], Awaitable[int]], idle: float, stop: asyncio.Event) -> None:
    """Round after round; `idle`: seconds of pause after one that found nothing to do."""
    task = asyncio.current_task()
    assert task is not None
    task.set_name(name)
    pause = idle
    while not stop.is_set():
        try:
            pause = 0.0 if await round_() else idle
        except Exception:
            pause = min(max(pause, idle) * 2, 5.0)
            log.exception("worker.round_failed", round=name, pause=pause)
        if pause:
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue


class Settling:
    """Settles batch after batch, and leaves to another worker what that one can do alone; not for long, for it may have
    gone with its machine."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last = 0.0

    def round(self) -> int:
        """One batch. After one that was not full a moment passes: few transactions carry much."""
        settled = pipeline.settle_batch(self._hub, BATCH, spare=time.monotonic() - self._last < SPARE)
        if settled:
            self._last = time.monotonic()
        if settled is None:
            time.sleep(LEFT)
        elif 0 < settled < BATCH:
            time.sleep(GATHER)
        return settled or 0


async def _beat(hub: Hub, delivery: Delivery) -> int:
    def beat() -> int:
        with writing(hub.engine) as session:
            leadership.beat(session, "worker", hub.timer())
            return leadership.crew(session, "worker", _holder(), hub.timer(), CREW)

    delivery.share(await asyncio.to_thread(beat))
    return 0


async def _keep_up(hub: Hub) -> int:
    await asyncio.to_thread(upkeep.refresh, hub.engine)
    return 0


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


async def _register(telegram: TelegramGateway, url: str) -> None:
    """Tells Telegram where the webhook is, until it has heard."""
    pause = 1.0
    while True:
        try:
            await telegram.register_webhook(url)
            return
        except SendError as error:
            log.warning("telegram.webhook_not_registered", reason=error.reason)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 60)


class Poller:
    """Fetches Telegram's updates while it leads: raw into the journal, committed, and only then the offset moves."""

    def __init__(self, hub: Hub, gateway: TelegramGateway, journal: Journal) -> None:
        self._hub = hub
        self._gateway = gateway
        self._journal = journal
        self._holder = _holder()

    async def round(self) -> int:
        offset = await asyncio.to_thread(self._lead)
        if offset is None:
            await asyncio.sleep(1)
            return 0
        try:
            updates = await self._gateway.updates(offset, POLL)
        except SendError as error:
            log.warning("telegram.poll_failed", reason=error.reason)
            if error.reason == "conflict":
                await asyncio.to_thread(self._contested)
            await asyncio.sleep(error.retry_after or 1)
            return 0
        await self._journal.append([decode_update(raw) for _, raw in updates])
        known = [update_id for update_id, _ in updates if update_id is not None]
        if not known:
            return 0  # nothing, or nothing that moves the offset: pause, or the same comes again at once
        await asyncio.to_thread(self._advance, max(known) + 1)
        return len(known)

    def _lead(self) -> int | None:
        with writing(self._hub.engine) as session:
            if not leadership.lead(session, "telegram", self._holder, self._hub.timer(), LEAD):
                return None
            return leadership.position(session, "telegram")

    def _contested(self) -> None:
        """Somebody else has the bot's token, and takes messages that never reach us: the auditor raises an alarm."""
        with writing(self._hub.engine) as session:
            leadership.beat(session, RIVAL, self._hub.timer())

    def _advance(self, offset: int) -> None:
        with writing(self._hub.engine) as session:
            leadership.advance(session, "telegram", offset)

    def resign(self) -> None:
        """Lets the next process poll at once."""
        with writing(self._hub.engine) as session:
            leadership.resign(session, "telegram", self._holder)
