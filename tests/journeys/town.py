"""A small election with the hub around it: real webhooks, real gateways, emulated providers, a clock that is set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.emulated.signing import signed_form
from bots.emulated.twilio_api import TwilioApi
from hub.app import create_app
from hub.bootstrap import Gateways, open_gateways
from hub.clock import system
from hub.context import Hub
from hub.database import reading, writing
from hub.delivery.pace import Rates
from hub.delivery.sending import Delivery
from hub.election import configuration
from hub.election.configuration import Configuration
from hub.intake import answering, pipeline
from hub.models import JournalRow, SubmissionRow, WorkItemRow
from hub.sample import importer
from hub.settings import Settings
from hub.vault import Vault

ARVENIA = Path(__file__).parent.parent / "elections" / "arvenia"
PUBLIC = "https://hub.example.org"
SID, TOKEN, SECRET = "AC" + "1" * 32, "twilio's token", "telegram_secret"
BOT = "4200:bot-token"
FAST = Rates(1000, 1000, 1000)
MORNING = datetime(2030, 3, 10, 7, 30, tzinfo=UTC)  # 08:30 in Arvenia


@dataclass
class Town:
    """What people do (`sms`, `telegram`, `press`), what the hub then does (`work`), and what came of it."""

    hub: Hub
    gateways: Gateways
    client: httpx.AsyncClient
    bot_api: BotApi
    twilio_api: TwilioApi
    clock: list[datetime]
    updates: int = 100
    texts: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    async def sms(self, sender: str, text: str, sid: str = "", **more: str) -> httpx.Response:
        self.texts += 1
        form = {"MessageSid": sid or f"SM{self.texts}", "AccountSid": SID, "From": sender, "To": "+15005550006"}
        body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form | {"Body": text, "NumMedia": "0"} | more)
        return await self.client.post("/sms/twilio", content=body, headers=headers)

    async def telegram(self, sender: int, text: str) -> httpx.Response:
        chat = {"id": sender, "type": "private"}
        return await self.update(
            {"message": {"message_id": 1, "date": 0, "chat": chat, "from": {"id": sender}, "text": text}}
        )

    async def press(self, sender: int, data: str) -> httpx.Response:
        return await self.update(
            {"callback_query": {"id": f"press{self.updates}", "from": {"id": sender}, "data": data}}
        )

    async def update(self, update: dict[str, Any], secret: str = SECRET) -> httpx.Response:
        self.updates += 1
        body = json.dumps({"update_id": self.updates} | update).encode()
        return await self.client.post("/telegram", content=body, headers={"x-telegram-bot-api-secret-token": secret})

    async def work(self) -> None:
        """Everything that came in is read, and everything due is sent."""
        while pipeline.settle_batch(self.hub, 100):
            pass
        delivery = Delivery(self.hub, self.gateways.all(), FAST)
        while await delivery.round():
            pass

    async def undo_no_more(self) -> None:
        """The minute passes in which the desk may take back what it said; then that goes out."""
        real, self.hub = self.hub, replace(self.hub, timer=lambda: system() + answering.HELD)
        await self.work()
        self.hub = real

    def told(self) -> list[tuple[str, str]]:
        """What went out since this was asked last: (address, text)."""
        sent = [(str(it.get("chat_id", "")), str(it.get("text", ""))) for it in self.bot_api.sent[self._from("bot") :]]
        texted = [(str(it["to"]), str(it["body"])) for it in self.twilio_api.sent[self._from("sms") :]]
        self.seen = {"bot": len(self.bot_api.sent), "sms": len(self.twilio_api.sent)}
        return sent + texted

    def submissions(self) -> list[SubmissionRow]:
        with reading(self.hub.engine) as session:
            return list(session.scalars(select(SubmissionRow).order_by(SubmissionRow.journal_id)))

    def desk(self) -> list[WorkItemRow]:
        with reading(self.hub.engine) as session:
            waiting = select(WorkItemRow).where(WorkItemRow.closed_at.is_(None)).order_by(WorkItemRow.id)
            return list(session.scalars(waiting))

    def journal(self) -> list[JournalRow]:
        with reading(self.hub.engine) as session:
            return list(session.scalars(select(JournalRow).order_by(JournalRow.id)))

    def session(self) -> Session:
        return Session(self.hub.engine)

    def _from(self, road: str) -> int:
        return self.seen.get(road, 0)


@asynccontextmanager
async def open_town(engine: Engine, database_url: str) -> AsyncIterator[Town]:
    bot_api, twilio_api = BotApi(BOT), TwilioApi(SID, TOKEN, callbacks=False)
    with running(bot_api, twilio_api) as providers:
        settings = Settings(
            database_url=database_url,
            public_url=PUBLIC,
            secret_key=SecretStr("s" * 40),
            twilio_account_sid=SID,
            twilio_auth_token=SecretStr(TOKEN),
            twilio_from="+15005550006",
            twilio_api_url=providers,
            telegram_token=SecretStr(BOT),
            telegram_webhook_secret=SecretStr(SECRET),
            telegram_api_url=providers,
        )
        clock = [MORNING]
        hub = load(engine, settings, clock)
        gateways = open_gateways(settings)
        app = create_app(hub, gateways)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
            yield Town(hub, gateways, client, bot_api, twilio_api, clock)


def load(engine: Engine, settings: Settings, clock: list[datetime]) -> Hub:
    vault = Vault(settings.secret_key.get_secret_value())
    with writing(engine) as session:
        importer.load(session, arvenia(), vault, MORNING)
        election = importer.election(session)
    assert election is not None
    return Hub(settings, engine, vault, election, lambda: clock[0])


@cache
def arvenia() -> Configuration:
    """Nobody changes it, so it is read once for all tests."""
    return configuration.load(ARVENIA)
