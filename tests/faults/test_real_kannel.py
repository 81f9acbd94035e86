"""The real Kannel 1.4.5 with its fakesmsc before a real hub: rows 20 and 22."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from starlette.types import ASGIApp, Receive, Scope, Send

from bots.gateway import OutboundMessage
from hub.app import create_app
from hub.bootstrap import open_gateways
from hub.context import Hub
from hub.database import reading
from hub.models import JournalRow
from hub.settings import Settings
from tests.faults import kannel
from tests.faults.kannel import Kannel, ucs2
from tests.journeys.town import MORNING, load

pytestmark = pytest.mark.skipif(not kannel.PRESENT, reason="needs Debian's kannel and kannel-extras")
MESSAGES = 3000


@pytest.fixture
def hub(sqlite_template: Path, tmp_path: Path) -> Iterator[Hub]:
    import shutil

    from hub.database import open_engine

    shutil.copy(sqlite_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    settings = Settings(
        secret_key=SecretStr("s" * 40), kannel_token=SecretStr(kannel.TOKEN), spool_dir=tmp_path / "spool"
    )
    yield load(engine, settings, [MORNING])
    engine.dispose()


def test_row_22_cyrillic_arabic_and_emoji_come_in_and_go_out_intact(hub: Hub, tmp_path: Path) -> None:
    texts = ["ОПН 5191 А1 Б2 ңөү", "مرحبا بالعالم", "🗳 A1", "OPN  5191 A1"]
    with door(hub) as (url, _), kannel.running(tmp_path, url) as box:
        with box.phones(*(ucs2("+237670000001", text) for text in texts[:3]), times=60):
            until(lambda: len(set(journal(hub.engine))) == 3)
        with box.phones("+237670000001 4400 text " + texts[3]):
            until(lambda: texts[3] in journal(hub.engine))
        assert set(journal(hub.engine)) == set(texts)
        with box.phones() as heard:
            time.sleep(0.5)
            asyncio.run(sent(hub, box, *texts[:3]))
            until(lambda: heard.read_bytes().count(b"Got message") >= 3)
            assert sorted(kannel.told(heard)) == sorted(texts[:3])


def test_row_20_of_3000_messages_none_is_lost_while_the_hub_refuses_and_the_boxes_are_killed(
    hub: Hub, tmp_path: Path
) -> None:
    """What smsbox has in hand when it is killed Kannel itself forgets (README), so it dies with empty hands here."""
    third = MESSAGES // 3
    with door(hub) as (url, moods), kannel.running(tmp_path, url) as box:
        with box.phones("+23767000 4400 text SET A", times=third):
            until(lambda: received(hub) > third // 10)
            moods.refusing = True
            time.sleep(3)
            moods.refusing = False
            until(lambda: received(hub) == third)
        box.kill("smsbox")
        with box.phones("+23767000 4400 text SET A", times=2 * third):
            until(lambda: handed_over(box) == MESSAGES)
        box.kill("bearerbox")
        box.start("bearerbox", "smsbox")
        until(lambda: received(hub) == MESSAGES, 90)
        time.sleep(1)
    assert received(hub) == MESSAGES


class Moods:
    """While `refusing`, the hub answers 500 to whatever comes."""

    refusing = False

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.refusing:
            await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)


@contextmanager
def door(hub: Hub) -> Iterator[tuple[str, Moods]]:
    moods = Moods(create_app(hub, open_gateways(hub.settings)))
    server = uvicorn.Server(uvicorn.Config(moods, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", moods
    server.should_exit = True
    thread.join()


async def sent(hub: Hub, box: Kannel, *texts: str) -> None:
    gateway = kannel_gateway(hub, box)
    for n, text in enumerate(texts):
        await gateway.send(OutboundMessage("+237670000001", text, f"out-{n}", sender="4400", line="carrier"))
    await gateway.close()


def kannel_gateway(hub: Hub, box: Kannel) -> Any:
    return open_gateways(hub.settings.model_copy(update={"kannel_send_url": box.send_url})).kannel


def journal(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(JournalRow.text)))


def received(hub: Hub) -> int:
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(JournalRow)) or 0


def handed_over(box: Kannel) -> int:
    """Messages that bearerbox has taken from the carrier."""
    return (box.folder / "access.log").read_bytes().count(b"Receive SMS")


def until(done: Callable[[], bool], patience: float = 40) -> None:
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)
