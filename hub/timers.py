"""Time passing over alerts: one process leads and takes the due steps; the others look whether it does."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import structlog

from bots.gateway import Gateway
from hub import leadership, outbox
from hub.alerts import escalation, steps, watching
from hub.alerts.auditor import Auditor
from hub.context import Hub
from hub.database import writing
from hub.delivery.pace import rates
from hub.delivery.sending import Delivery
from hub.desk import nudges

TICK = 1.0  # seconds between looks at what is due
WATCH = 5  # ticks between looks at patterns and silences, at least
SELDOM = 20  # times as long as such a look takes passes until the next
REMIND = 20  # ticks between looks at what is late
LOOK = 5.0  # seconds between two looks of the auditor
LEAD = timedelta(seconds=10)
log = structlog.get_logger()


class Timers:
    """Rounds of one process. Only the one that leads does anything; another takes over when it is gone."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._holder = f"{socket.gethostname()}:{os.getpid()}:timers"
        self._rounds = count()
        self._watch_at = 0  # the next of these rounds that looks at patterns and silences

    async def round(self) -> int:
        moved = await asyncio.to_thread(self.take)
        if moved < steps.BATCH:
            await asyncio.sleep(TICK)
        return 1

    def take(self) -> int:
        """The due steps in one transaction, where this process leads; how many alerts were moved on."""
        hub, now = self._hub, self._hub.clock()
        with writing(hub.engine) as session:
            if not leadership.lead(session, "timers", self._holder, hub.timer(), LEAD):
                return 0
        # In a transaction of its own, which on SQLite keeps nobody waiting while there is nothing to be changed. Were
        # this process to stand still here until another leads: a step is done once, whoever takes it.
        with writing(hub.engine) as session:
            turn = next(self._rounds)
            if turn >= self._watch_at:
                began = time.monotonic()
                watching.watch(session, hub, now)
                self._watch_at = turn + max(WATCH, int(SELDOM * (time.monotonic() - began) / TICK))
            if turn % REMIND == 0:
                nudges.remind(session, hub, now)
            return escalation.tick(session, hub, now)


async def audit(hub: Hub, gateways: Sequence[Gateway] = ()) -> None:
    """Looks for ever. With gateways of its own it does, while no worker lives, what must not wait for one: the steps
    of alerts, and sending what is critical."""
    auditor, timers = Auditor(hub), Timers(hub)
    delivery = Delivery(hub, gateways, rates(hub.settings), outbox.CRITICAL)
    while True:
        await asyncio.sleep(LOOK)
        try:
            troubles = await asyncio.to_thread(auditor.look)
            if gateways and "worker" in troubles:
                log.error("audit.no_worker")
                await asyncio.to_thread(timers.take)
                while await delivery.round():
                    continue
        except Exception:
            log.exception("audit.look_failed")
