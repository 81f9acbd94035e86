"""A console over a small election: people who text, browsers that are logged in, one real database, one set clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from bots.gateway import Channel, InboundMessage
from hub.accounts import sessions, totp
from hub.console import access
from hub.console.app import console
from hub.context import Hub
from hub.database import writing
from hub.intake import journal, pipeline
from hub.models import AccountRow, AuditRow, StationRow, WorkItemRow
from hub.sample import importer
from hub.settings import Settings
from hub.vault import Vault
from tests.journeys.town import arvenia

URL = "http://console.test"
MORNING = datetime(2030, 3, 10, 7, 40, tzinfo=UTC)  # 08:40 in Arvenia
OWN = {"sec-fetch-site": "same-origin"}
STAFF = {
    "operator-1": ("operator", ""),
    "operator-2": ("operator", ""),
    "supervisor": ("supervisor", ""),
    "littoral": ("coordinator", "Littoral"),
    "lawyer": ("lawyer", ""),
    "office": ("head_office", ""),
    "analyst": ("analyst", ""),
    "admin": ("admin", ""),
}
PASSWORD, TOTP = "blue-kettle-92-river", b"everybody's own secret"[:20]  # of every account of the staff
# Hashing is meant to be slow; how slow is not what these tests are about.
QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
A1, A2, A3, A4 = "+237670000001", "+237670000002", "+237670000003", "+237670000004"


@dataclass
class House:
    hub: Hub
    app: FastAPI
    clock: list[datetime]
    texts: int = 0

    def text(self, sender: str, text: str, channel: Channel = "sms") -> None:
        """An observer texts, and the hub reads it."""
        self.texts += 1
        message = InboundMessage("twilio", channel, f"SM{self.texts}", sender, text, raw=b"{}")
        with writing(self.hub.engine) as session:
            journal.store(session, [journal.row(message, self.hub.vault, "CM", self.clock[0])])
        while pipeline.settle_batch(self.hub, 100):
            pass

    def evening(self) -> None:
        """The counts come in. Two stations are drawn, so that the rules are within reach."""
        self.clock[0] += timedelta(hours=14)
        with writing(self.hub.engine) as session:
            session.execute(update(StationRow).values(sampled=StationRow.code.in_(("10001", "10004"))))

    def browser(self, name: str | None = None) -> httpx.AsyncClient:
        """A browser; logged in where a name is given."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL, headers=OWN)
        if name:
            client.cookies.set(access.COOKIE, self.token(name))
        return client

    def token(self, name: str, *, proved: bool = True) -> str:
        """What the browser of somebody who logged in holds."""
        with writing(self.hub.engine) as session:
            account_id = session.scalars(select(AccountRow.id).where(AccountRow.name == name)).one()
            return sessions.begin(session, account_id, "10.0.0.1", self.hub.timer(), proved=proved)

    def code(self, steps: int = 0) -> str:
        """What the authenticator app of anybody of the staff shows now, or so many steps later."""
        return totp.code(TOTP, totp.step_at(self.hub.timer()) + steps)

    def item(self, kind: str = "message") -> int:
        """The newest open work item of a kind."""
        with Session(self.hub.engine) as session:
            rows = select(WorkItemRow.id).where(WorkItemRow.kind == kind, WorkItemRow.closed_at.is_(None))
            return session.scalars(rows.order_by(WorkItemRow.id.desc())).all()[0]

    def audited(self) -> list[str]:
        with Session(self.hub.engine) as session:
            return list(session.scalars(select(AuditRow.action).order_by(AuditRow.id)))


def build(engine: Engine) -> None:
    """The election and its accounts, into an empty database."""
    known = QUICK.hash(PASSWORD)
    with writing(engine) as session:
        importer.load(session, arvenia(), vault(), MORNING)
        for name, (role, region) in STAFF.items():
            account = AccountRow(name=name, role=role, region=region, language="en", password_hash=known)
            account.totp_secret = vault().seal(TOTP)
            session.add(account)


def open_house(engine: Engine) -> House:
    clock = [MORNING]
    settings = Settings(secret_key=SecretStr("s" * 40), public_url=URL)
    with Session(engine) as session:
        election = importer.election(session)
    assert election is not None
    hub = Hub(settings, engine, vault(), election, lambda: clock[0], lambda: clock[0])
    return House(hub, console(hub), clock)


def vault() -> Vault:
    return Vault("s" * 40)


async def csrf(browser: httpx.AsyncClient, page: str = "/alerts") -> str:
    """The token that every page of a log-in carries."""
    answer = await browser.get(page)
    found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


async def post(browser: httpx.AsyncClient, path: str, page: str = "/alerts", **fields: str) -> httpx.Response:
    """What a form of our own `page` sends."""
    return await browser.post(path, data={"csrf": await csrf(browser, page)} | fields)
