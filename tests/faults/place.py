"""Real processes of the hub around one database, which tests kill, stop and set the clocks of."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine, func, select, update

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.emulated.signing import signed_form
from bots.emulated.twilio_api import TwilioApi
from hub.database import reading, writing
from hub.models import CursorRow, ElectionRow, OutboxRow
from hub.settings import Settings
from tests.journeys.town import BOT, MORNING, PUBLIC, SID, TOKEN, load

SECRET_KEY = "s" * 40
PATIENCE = 120  # seconds
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
A1_TELEGRAM, A1, A2 = 8100001, "+237670000001", "+237670000002"
COORDINATOR, OTHER_COORDINATOR, OFFICE = "8200001", "8200002", "8200005"
COORDINATOR_PHONE, LAWYER = "+237680000001", "+237680000003"


@dataclass
class Place:
    """One database, two emulated providers, a clock in a file, and the environment of the processes around them."""

    engine: Engine
    bot_api: BotApi
    twilio: TwilioApi
    clock: Path
    environment: dict[str, str]
    code: Path | None = None  # where the hub's lies, if not here

    def at(self, minutes: float) -> dict[str, str]:
        """So late it is now for all who have this in their environment."""
        part = self.clock.with_suffix(".part")
        part.write_text((MORNING + timedelta(minutes=minutes)).isoformat())
        os.replace(part, self.clock)
        return {"HUB_REHEARSAL_CLOCK": str(self.clock)}

    def does(self, sender: int, **deed: str) -> None:
        """Somebody writes to the bot (`text`) or presses a button (`data`)."""
        url = self.environment["HUB_TELEGRAM_API_URL"]
        httpx.post(f"{url}/control/update", json={"from": sender, **deed}).raise_for_status()

    @contextmanager
    def web(self, **more: str) -> Iterator[httpx.Client]:
        """A web process that answers, and a way to its doors."""
        port = free_port()
        with self.process("serve", "--port", str(port), **more):
            until(lambda: answers(port))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                yield client

    @contextmanager
    def process(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = os.environ | self.environment | more
        process = subprocess.Popen([sys.executable, "-m", "hub", *arguments], env=environment, cwd=self.code)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def paged(self) -> Counter[str]:
        """How often each address got the page of alert 1; edits are none."""
        pushed = [it for it in self.bot_api.sent if it["method"] == "sendMessage"]
        told = [(str(it["chat_id"]), str(it["text"])) for it in pushed]
        told += [(str(it["to"]), str(it["body"])) for it in self.twilio.sent]
        return Counter(address for address, text in told if text.startswith(("ALERTE 1,", "ALERT 1,")))


@contextmanager
def opened(engine: Engine, url: str, folder: Path) -> Iterator[Place]:
    """The small election in an empty database, and emulated providers."""
    load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    watch_no_silence(engine)
    with around(engine, url, folder) as place:
        yield place


@contextmanager
def around(engine: Engine, url: str, folder: Path) -> Iterator[Place]:
    """Emulated providers around a database, whatever is in it."""
    bot_api, twilio = BotApi(BOT), TwilioApi(SID, TOKEN, callbacks=False)
    with running(bot_api, twilio) as providers:
        environment = {
            "HUB_DATABASE_URL": url,
            "HUB_PUBLIC_URL": PUBLIC,
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_TELEGRAM_TOKEN": BOT,
            "HUB_TELEGRAM_API_URL": providers,
            "HUB_TWILIO_ACCOUNT_SID": SID,
            "HUB_TWILIO_AUTH_TOKEN": TOKEN,
            "HUB_TWILIO_FROM": "+15005550006",
            "HUB_TWILIO_API_URL": providers,
            "HUB_SPOOL_DIR": str(folder / "spool"),
        }
        yield Place(engine, bot_api, twilio, folder / "clock", environment)


def watch_no_silence(engine: Engine) -> None:
    """What is not texted here is not to be missed."""
    with writing(engine) as session:
        row = session.scalars(select(ElectionRow)).one()
        row.definition = row.definition | {"alerting": row.definition["alerting"] | {"silence": []}}


def texted(web: httpx.Client, sender: str, said: str, sid: str) -> None:
    """An SMS comes by Twilio, and is acknowledged."""
    form = {"MessageSid": sid, "AccountSid": SID, "From": sender, "To": "+15005550006", "Body": said}
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form)
    web.post("/sms/twilio", content=body, headers=headers).raise_for_status()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def a_minute_later(engine: Engine) -> None:
    """What a killed process had claimed or led is free again, as it is when its time has run out."""
    with writing(engine) as session:
        session.execute(update(OutboxRow).where(OutboxRow.state == "sending").values(lease_until=LONG_AGO))
        session.execute(update(CursorRow).values(held_until=LONG_AGO))


def count(engine: Engine, column: object, *conditions: object) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count(column)).where(*conditions)) or 0  # type: ignore[arg-type]


def until(done: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < PATIENCE, "it never came to be"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
