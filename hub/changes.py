"""That something changed, told from whichever process wrote it to every web process: topics, never contents.

Writing tells by itself: a transaction that touches a table of TOPICS tells its topic as it commits. On PostgreSQL that
is NOTIFY; on SQLite it is a counter in the `cursor` table, which costs a look to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Set
from contextlib import aclosing, suppress
from typing import Any, Literal

import psycopg
import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

Topic = Literal["queue", "alerts", "coverage", "calls"]

TOPICS: dict[str, Topic] = {
    "work_item": "queue",
    "alert": "alerts",
    "alert_event": "alerts",
    "station_record": "coverage",
    "call": "calls",
}
EVERYTHING: frozenset[Topic] = frozenset(TOPICS.values())
CHANNEL = "hub_changes"
LOOK = 0.5  # seconds between looks at SQLite's counters
AGAIN = 2.0  # seconds until a database that went away is asked again
_TOLD = "hub_changed"  # what a transaction has touched so far, kept with its connection
log = structlog.get_logger()


def told_by(engine: Engine) -> None:
    """Makes every transaction of this engine tell what it changed, in the same commit."""
    event.listen(engine, "before_execute", _note)
    event.listen(engine, "commit", _tell)
    event.listen(engine, "rollback", _forget)


def _note(connection: Connection, statement: Any, *_: Any) -> None:
    if getattr(statement, "is_dml", False):
        touched(connection, statement.table.name)


def touched(connection: Connection, table: str) -> None:
    """Notes a change that goes through the driver itself, where nobody else sees it."""
    if topic := TOPICS.get(table):
        connection.info.setdefault(_TOLD, set()).add(topic)


def _forget(connection: Connection) -> None:
    connection.info.pop(_TOLD, None)


def _tell(connection: Connection) -> None:
    topics: set[Topic] = connection.info.pop(_TOLD, set())
    if not topics:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_notify(%s, %s)", (CHANNEL, " ".join(sorted(topics))))
        return
    for topic in sorted(topics):
        connection.exec_driver_sql(
            "INSERT INTO cursor (name, position, holder) VALUES (?, 1, '') "
            "ON CONFLICT (name) DO UPDATE SET position = position + 1",
            (f"changed {topic}",),
        )


class Changes:
    """Hears what changed and passes it on to those who listen here. Asks the database only while somebody listens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ears: set[Ear] = set()
        self._hearing: asyncio.Task[None] | None = None
        self._over = False

    def listen(self) -> Ear:
        """From inside the event loop. Close what is returned."""
        ear = Ear(self)
        if self._over:
            ear.end()
        self._ears.add(ear)
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear())
        return ear

    def leave(self, ear: Ear) -> None:
        self._ears.discard(ear)
        if not self._ears and self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None

    def close(self) -> None:
        """Ends every stream, so that the process can end."""
        self._over = True
        for ear in self._ears:
            ear.end()

    async def _hear(self) -> None:
        heard = _notified if self._engine.dialect.name == "postgresql" else _counted
        while True:
            with suppress(psycopg.Error, SQLAlchemyError):
                async with aclosing(heard(self._engine)) as changes:
                    async for topics in changes:
                        self._pass_on(topics)
            log.warning("changes.database_away", again=AGAIN)
            await asyncio.sleep(AGAIN)

    def _pass_on(self, topics: Iterable[Topic]) -> None:
        for ear in self._ears:
            ear.hear(topics)


class Ear:
    """One listener: what changed since it last asked, however often it did."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._topics: set[Topic] = set()
        self._woken = asyncio.Event()
        self._over = False

    async def changed(self, within: float) -> frozenset[Topic] | None:
        """What changed, as soon as something did; nothing after `within` seconds; None when the process ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), within)
        self._woken.clear()
        topics, self._topics = frozenset(self._topics), set()
        return None if self._over else topics

    def hear(self, topics: Iterable[Topic]) -> None:
        self._topics.update(topics)
        self._woken.set()

    def end(self) -> None:
        self._over = True
        self._woken.set()

    def close(self) -> None:
        self._changes.leave(self)


async def _notified(engine: Engine) -> AsyncGenerator[Set[Topic]]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=3) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield EVERYTHING  # nobody knows what was missed
        async for notice in connection.notifies():
            yield _known(notice.payload.split())


async def _counted(engine: Engine) -> AsyncGenerator[Set[Topic]]:
    before = await asyncio.to_thread(_counters, engine)
    yield EVERYTHING
    while True:
        await asyncio.sleep(LOOK)
        now = await asyncio.to_thread(_counters, engine)
        if changed := {name for name, count in now.items() if before.get(name) != count}:
            yield _known(changed)
        before = now


def _counters(engine: Engine) -> dict[str, int]:
    with engine.execution_options(hub_reads=True).connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, position FROM cursor WHERE name LIKE 'changed %'")
        return {name.removeprefix("changed "): count for name, count in rows}


def _known(words: Iterable[str]) -> set[Topic]:
    """A process of another release may tell topics that this one does not know."""
    return {topic for topic in EVERYTHING if topic in set(words)}
