"""Rows 2 and 3: a worker killed at any step of a message's walk, and an update that nobody can read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, func, select

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.gateway import InboundMessage
from hub.bootstrap import open_gateways
from hub.context import Hub
from hub.database import reading, writing
from hub.delivery.sending import Delivery
from hub.intake import journal, pipeline
from hub.models import AlertRow, JournalRow, SubmissionRow, WorkItemRow
from hub.settings import Settings
from tests.faults.dying import STEPS
from tests.faults.test_telegram_polling import SECRET_KEY, received, settled, until, worker
from tests.journeys.town import BOT, FAST, MORNING, load

OBSERVER, COORDINATOR = "8100001", "8200001"
CRITICAL = "SET 10001 H0715 M1 A0"
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=pytest.mark.slow if step != "sent" else ()) for step in STEPS]
)
async def test_row_02_a_worker_killed_at_any_step_leaves_one_report_one_alert_and_at_most_one_message_twice(
    engine: Engine, database_url: str, step: str
) -> None:
    hub = load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    put(hub, CRITICAL)
    bot_api = BotApi(BOT)
    with running(bot_api) as url:
        assert die(step, database_url, url) == -9
        await resume(hub, url)
    with reading(engine) as session:
        assert session.scalars(select(SubmissionRow.outcome)).all() == ["accepted"]
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 1
        assert journal.unread(session) == 0
    told = Counter(str(sent["chat_id"]) for sent in bot_api.sent)
    assert set(told) == {OBSERVER, COORDINATOR}
    assert told.total() == 2 or (step == "sent" and told.total() in (3, 4))
    assert max(told.values()) <= 2


@pytest.mark.slow
def test_row_03_an_update_that_nobody_can_read_is_kept_for_the_desk_and_the_next_one_is_handled(
    engine: Engine, database_url: str
) -> None:
    hub = load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    bot_api = BotApi(BOT)
    broken = '{"update_id": 1001, "message": ' + "[" * 2_000 + "]" * 2_000 + "}"
    with running(bot_api) as url, worker(database_url, url):
        for deed in ({"raw": broken}, {"from": int(OBSERVER), "text": "SET 10001 H0715 M1 A1"}):
            httpx.post(f"{url}/control/update", json=deed).raise_for_status()
        until(lambda: received(engine) == 2 and settled(engine) == 2)
    with reading(engine) as session:
        rows = session.scalars(select(JournalRow).order_by(JournalRow.id)).all()
        outcomes = session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)).all()
        desk = session.scalars(select(WorkItemRow.detail)).all()
    assert hub.vault.open(rows[0].raw_sealed).decode() == broken
    assert (outcomes, desk) == (["error", "accepted"], [{"error": True}])


def put(hub: Hub, text: str) -> None:
    message = InboundMessage("telegram", "telegram", "1", OBSERVER, text, raw=b"{}", chat=OBSERVER)
    with writing(hub.engine) as session:
        journal.store(session, [journal.row(message, hub.vault, "CM", MORNING)])


def die(step: str, database_url: str, url: str) -> int:
    """Runs a worker until it has killed itself."""
    environment = os.environ | {
        "HUB_DATABASE_URL": database_url,
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_TELEGRAM_TOKEN": BOT,
        "HUB_TELEGRAM_API_URL": url,
    }
    command = [sys.executable, "-m", "tests.faults.dying", step]
    return subprocess.run(command, env=environment, cwd=ROOT, timeout=120).returncode


async def resume(hub: Hub, url: str) -> None:
    """What the next worker does, once the leases of the killed one have run out."""
    settings = hub.settings.model_copy(update={"telegram_token": SecretStr(BOT), "telegram_api_url": url})
    later = Hub(
        settings, hub.engine, hub.vault, hub.election, hub.clock, lambda: datetime.now(UTC) + timedelta(hours=1)
    )
    while pipeline.settle_batch(later, 100):
        pass
    gateways = open_gateways(settings)
    delivery = Delivery(later, gateways.all(), FAST)
    while await delivery.round():
        pass
    for gateway in gateways.all():
        await gateway.close()
