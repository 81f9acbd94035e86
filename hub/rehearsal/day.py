"""A recorded day: its messages, and how they go out again, as fast or as slowly as wanted, through the real doors."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bots.emulated.signing import signed_form

BURST = timedelta(minutes=1)  # messages so close to each other go out together
LONGEST_GAP = timedelta(minutes=10)  # of a night in which nothing happens, this much is played
AT_ONCE = 16  # requests under way when it goes as fast as it can


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message of a recorded day, and what it means."""

    id: str
    at: datetime
    channel: str
    sender: str
    text: str
    form: str
    station: str
    answers: dict[str, str]
    category: str | None


def load(path: Path) -> list[Recorded]:
    """Messages in order of time, from JSON lines."""
    with path.open(encoding="utf-8") as lines:
        return [_recorded(json.loads(line)) for line in lines if line.strip()]


def _recorded(line: dict[str, Any]) -> Recorded:
    return Recorded(
        line["id"],
        datetime.fromisoformat(line["at"]),
        line["channel"],
        line["sender"],
        line["text"],
        line.get("form", ""),
        line.get("station", ""),
        line.get("answers", {}),
        line.get("category"),
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """Where messages go in, and what makes them genuine there."""

    hub: str  # URL
    telegram_secret: str
    twilio_sid: str
    twilio_token: str
    twilio_number: str


LIMITS = httpx.Limits(keepalive_expiry=2)  # seconds, before the server hangs up itself


class Player:
    """Plays messages through the doors. `clock` is the file that tells the hub what time it is on that day."""

    def __init__(self, doors: Doors, clock: Path, client: httpx.AsyncClient) -> None:
        self._doors = doors
        self._clock = clock
        self._client = client
        self._updates = 0

    async def play(self, day: Sequence[Recorded], speed: float | None, progress: Callable[[Recorded], None]) -> None:
        """Sends every message; `speed` None is as fast as it goes. Raises where one is not taken."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def send(message: Recorded) -> None:
            async with limit:
                await self._send(message)
            progress(message)

        before = None
        for burst in _bursts(day):
            if speed and before:
                await self._let_pass(before, burst[-1].at, speed)
            before = burst[-1].at
            self.set_clock(before)
            await asyncio.gather(*(send(message) for message in burst))

    async def _let_pass(self, before: datetime, until: datetime, speed: float) -> None:
        """Waits as long as it was, at that speed, and moves the hub's clock along."""
        at = max(before, until - LONGEST_GAP)
        while at < until:
            step = min(until - at, timedelta(seconds=speed / 2))
            await asyncio.sleep(step.total_seconds() / speed)
            at += step
            self.set_clock(at)

    def set_clock(self, moment: datetime) -> None:
        part = self._clock.with_suffix(".part")
        part.write_text(moment.isoformat())
        os.replace(part, self._clock)

    async def _send(self, message: Recorded) -> None:
        answer = await (self._telegram(message) if message.channel == "telegram" else self._sms(message))
        answer.raise_for_status()

    async def _telegram(self, message: Recorded) -> httpx.Response:
        user, at = {"id": int(message.sender), "is_bot": False, "first_name": "-"}, int(message.at.timestamp())
        said = {"message_id": 1, "date": at, "chat": user | {"type": "private"}, "from": user, "text": message.text}
        self._updates += 1
        return await self._client.post(
            f"{self._doors.hub}/telegram",
            json={"update_id": self._updates, "message": said},
            headers={"x-telegram-bot-api-secret-token": self._doors.telegram_secret},
        )

    async def _sms(self, message: Recorded) -> httpx.Response:
        form = {
            "MessageSid": f"SM{message.id}",
            "AccountSid": self._doors.twilio_sid,
            "From": message.sender,
            "To": self._doors.twilio_number,
            "Body": message.text,
            "NumMedia": "0",
        }
        url = f"{self._doors.hub}/sms/twilio"
        body, headers = signed_form(self._doors.twilio_token, url, form)
        return await self._client.post(url, content=body, headers=headers)


def _bursts(day: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """The day in pieces of at most a minute: the hub's clock stands still while one is sent."""
    burst: list[Recorded] = []
    for message in day:
        if burst and message.at - burst[0].at > BURST:
            yield burst
            burst = []
        burst.append(message)
    if burst:
        yield burst
