"""The database is away, or there is no room: what is acknowledged is kept, what is not kept is not acknowledged."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.engine import make_url

from bots.emulated.signing import signed_form
from hub.app import create_app
from hub.bootstrap import open_gateways
from hub.database import reading
from hub.models import JournalRow
from hub.settings import Settings
from tests.journeys.town import MORNING, PUBLIC, SID, TOKEN, load


@pytest.fixture
async def door(engine: Engine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        public_url=PUBLIC,
        secret_key=SecretStr("s" * 40),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(TOKEN),
        spool_dir=tmp_path / "spool",
    )
    app = create_app(load(engine, settings, [MORNING]), open_gateways(settings))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        yield client


async def test_row_24_with_the_database_away_messages_are_acknowledged_and_drained_in_order(
    door: httpx.AsyncClient, engine: Engine, database_url: str
) -> None:
    assert await texted(door, "SM0") == 200
    async with away(engine, database_url):
        assert [await texted(door, f"SM{n}") for n in range(1, 6)] == [200] * 5
        assert await texted(door, "SM5") == 200
        wrong = (await door.get("/readyz")).json()["wrong"]
        assert "does not answer" in wrong[0]
        assert "wait on this disk" in wrong[1]
        assert "hub_spool_batches 6.0" in (await door.get("/metrics")).text
    await until(lambda: len(journal(engine)) == 6)
    assert await texted(door, "SM6") == 200
    assert journal(engine) == [f"SM{n}" for n in range(7)]
    assert not any("disk" in it for it in (await door.get("/readyz")).json()["wrong"])


async def test_row_25_with_the_disk_full_nothing_is_acknowledged(
    door: httpx.AsyncClient, engine: Engine, database_url: str
) -> None:
    async with away(engine, database_url):
        with full_disk():
            assert await texted(door, "SM1") == 503
    assert await texted(door, "SM2") == 200
    await until(lambda: journal(engine) == ["SM2"])
    assert 'hub_webhooks_total{gateway="twilio",result="store_failed"}' in (await door.get("/metrics")).text


async def texted(door: httpx.AsyncClient, sid: str) -> int:
    form = {"MessageSid": sid, "AccountSid": SID, "From": "+237670000001", "To": "+15005550006", "Body": "SET A1"}
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form)
    return (await door.post("/sms/twilio", content=body, headers=headers)).status_code


def journal(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(JournalRow.provider_id).order_by(JournalRow.id)))


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - it comes to be in a thread
            await asyncio.sleep(0.05)


@asynccontextmanager
async def away(engine: Engine, url: str) -> AsyncIterator[None]:
    """SQLite's file cannot be opened; PostgreSQL ends its connections and takes no more."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine.dispose()
        with moved(Path(str(parsed.database))):
            yield
        return
    await asyncio.to_thread(allow, url, "false")
    yield
    await asyncio.to_thread(allow, url, "true")


@contextmanager
def moved(file: Path) -> Iterator[None]:
    elsewhere = file.with_suffix(".away")
    file.rename(elsewhere)
    file.mkdir()
    yield
    file.rmdir()
    elsewhere.rename(file)


@contextmanager
def full_disk() -> Iterator[None]:
    """This process can make no file longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def allow(url: str, allowed: str) -> None:
    parsed = make_url(url)
    server = parsed.set(drivername="postgresql+psycopg", database="postgres")
    admin = create_engine(server, isolation_level="AUTOCOMMIT", pool_size=1)
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {parsed.database} ALLOW_CONNECTIONS {allowed}"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": parsed.database},
        )
    admin.dispose()
