"""Real worker processes, killed without warning while Telegram's updates wait."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine, func, select

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.telegram import TelegramGateway
from hub.alerts.auditor import CONTESTED, Auditor
from hub.database import reading
from hub.intake import journal
from hub.intake.journal import Journal
from hub.intake.spool import Spool
from hub.models import AlertRow, JournalRow, OutboxRow, SubmissionRow
from hub.settings import Settings
from hub.worker import Poller
from tests.journeys.town import BOT, MORNING, load

SECRET_KEY = "s" * 40
PATIENCE = 90  # seconds


def test_row_01_kill_9_with_20_telegram_updates_queued(engine: Engine, database_url: str) -> None:
    load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    bot_api = BotApi(BOT)
    with running(bot_api) as url:
        for n in range(20):
            text = {"from": 8100001, "text": f"SET 10001 H07:{n + 10} M1 A1"}
            httpx.post(f"{url}/control/update", json=text).raise_for_status()
        with worker(database_url, url) as first:
            until(lambda: received(engine) > 0)
            first.send_signal(signal.SIGKILL)
            first.wait()
        with worker(database_url, url):
            until(lambda: received(engine) == 20 and settled(engine) == 20 and not replies(engine)["pending"])
    assert received(engine) == settled(engine) == 20
    # What the killed worker had in hand goes out when its lease ends; everything else has gone, once.
    found = replies(engine)
    assert found["sent"] + found["sending"] == 20
    assert len({sent["text"] for sent in bot_api.sent}) >= found["sent"]


def test_row_06_of_two_pollers_one_leads(engine: Engine, database_url: str) -> None:
    load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    bot_api = BotApi(BOT)
    with running(bot_api) as url, worker(database_url, url), worker(database_url, url):
        for n in range(6):
            text = {"from": 8100001, "text": f"SET 10001 H07:{n + 10} M1 A1"}
            httpx.post(f"{url}/control/update", json=text).raise_for_status()
            until(lambda n=n: settled(engine) == n + 1)  # type: ignore[misc]
    assert received(engine) == 6


async def test_row_06_whoever_else_polls_our_bot_raises_an_alarm_that_ends_with_them(
    engine: Engine, tmp_path: Path
) -> None:
    moment = [MORNING]
    hub = replace(load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING]), timer=lambda: moment[0])
    bot_api = BotApi(BOT)
    with running(bot_api) as url:
        gateway = TelegramGateway(BOT, "", url)
        rival = httpx.AsyncClient()
        entries = Journal(engine, hub.vault, hub.clock, hub.election.country, Spool(tmp_path, hub.vault))
        poll = asyncio.create_task(Poller(hub, gateway, entries).round())
        while not poll.done():
            await rival.get(f"{url}/bot{BOT}/getUpdates", params={"timeout": 0})
            await asyncio.sleep(0.1)
        await poll
        await gateway.close()
        await rival.aclose()
    auditor = Auditor(hub)
    assert "poller" in auditor.look()
    with reading(engine) as session:
        assert "hub:poller" in session.scalars(select(AlertRow.topic)).all()
    moment[0] += CONTESTED * 2
    assert "poller" not in auditor.look()


@contextmanager
def worker(database_url: str, api: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "HUB_DATABASE_URL": database_url,
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_TELEGRAM_TOKEN": BOT,
        "HUB_TELEGRAM_API_URL": api,
        "HUB_CHAT_RATE": "1000",
    }
    process = subprocess.Popen([sys.executable, "-m", "hub", "work"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(done: Callable[[], bool]) -> None:
    waited = 0.0
    while not done():
        assert waited < PATIENCE, "it never came to be"
        time.sleep(0.05)
        waited += 0.05


def received(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(JournalRow)) or 0


def settled(engine: Engine) -> int:
    with reading(engine) as session:
        return 0 if journal.unread(session) else session.scalar(select(func.count()).select_from(SubmissionRow)) or 0


def replies(engine: Engine) -> Counter[str]:
    with reading(engine) as session:
        return Counter(session.scalars(select(OutboxRow.state)))
