"""What providers do to be heard: an SMS is posted until it gets its 200, an update waits until it is asked for."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from hub.bench.payload import Sent, telegram

ANSWER_WITHIN = 15.0  # seconds, as Twilio waits
PAUSE = 0.3  # seconds until it is sent again
HANG_UP = 0.03  # of the requests: the provider is gone before the answer comes, and so sends again
TWICE = 0.03  # of the acknowledged: sent once more all the same


@dataclass
class Heard:
    """What became of the knocking. `updates`: what Telegram calls a message → the message."""

    acknowledged: set[str] = field(default_factory=set)
    updates: dict[str, Sent] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)


class Knocking(threading.Thread):
    """Sends messages at a steady rate from a thread, by SMS and Telegram in turns, and repeats until all are heard."""

    def __init__(
        self,
        messages: Sequence[tuple[Sent, bytes]],
        ports: Sequence[int],
        bot_api: str,
        rate: float,
        dice: random.Random,
    ) -> None:
        super().__init__(daemon=True)
        self.heard = Heard()
        self.reachable = threading.Event()  # whether the emulated provider itself can be told what users do
        self.reachable.set()
        self._messages, self._ports, self._bot_api, self._rate, self._dice = messages, ports, bot_api, rate, dice
        self._enough = threading.Event()

    def finish(self, seconds: float) -> None:
        """Begins nothing more; waits until what was begun is heard."""
        self._enough.set()
        self.join(seconds)

    def run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as under_way:
            for place, (message, request) in enumerate(self._messages):
                if self._enough.is_set():
                    break
                under_way.create_task(self._write(client, message) if place % 2 else self._post(message, request))
                await asyncio.sleep(self._dice.expovariate(self._rate))

    async def _post(self, message: Sent, request: bytes) -> None:
        while (answer := await self._answer(request, hang_up=self._dice.random() < HANG_UP)) != "200":
            self.heard.answers[answer] += 1
            await asyncio.sleep(PAUSE)
        self.heard.answers[answer] += 1
        self.heard.acknowledged.add(message.id)
        if self._dice.random() < TWICE:
            self.heard.answers[f"again: {await self._answer(request, hang_up=False)}"] += 1

    async def _answer(self, request: bytes, *, hang_up: bool) -> str:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._dice.choice(self._ports))
                writer.write(request)
                await writer.drain()
                line = b"" if hang_up else await reader.readline()
                writer.close()
        except TimeoutError:
            return "no answer in 15 s"
        except OSError:
            return "nobody there"
        return "hung up" if hang_up else line[9:12].decode() or "cut off"

    async def _write(self, client: httpx.AsyncClient, message: Sent) -> None:
        while not self.reachable.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(PAUSE)
        deed = {"from": int(telegram(message.sender)), "text": message.text}
        answer = await client.post(f"{self._bot_api}/control/update", json=deed, timeout=60)
        self.heard.updates[str(answer.raise_for_status().json()["update_id"])] = message
