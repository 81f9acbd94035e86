"""Opening the store with full durability, and transactions: synchronous, Core first, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool, QueuePool

from hub import changes
from hub.models import Base

PATIENCE = 30  # seconds that a writer on SQLite waits for the others
LOOK = 0.001  # seconds between its looks
MOST = 500  # values that a statement names: SQLite takes only so many parameters
JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode(),
    "json_deserializer": orjson.loads,
}
T = TypeVar("T")
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`. SQLite: WAL, synchronous=FULL, writes BEGIN IMMEDIATE."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        connect = {"timeout": PATIENCE, "check_same_thread": False}
        # The connection that was used last is the next: mostly it writes as before, and needs no other patience.
        engine = create_engine(
            parsed,
            connect_args=connect,
            poolclass=QueuePool,
            pool_size=20,
            pool_use_lifo=True,
            hide_parameters=True,
            **JSON,
        )
        _turns[engine.pool] = RLock()
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = _postgresql(parsed)
    changes.told_by(engine)
    return engine


def _postgresql(parsed: URL) -> Engine:
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,
        **JSON,
        # A provider waits 15 s for its answer: a server that is gone must be noticed long before.
        connect_args={
            "options": "-c synchronous_commit=on -c timezone=UTC",
            "connect_timeout": 3,
            "tcp_user_timeout": 8000,  # milliseconds
        },
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads. On SQLite it takes no write lock; on PostgreSQL each statement sees the newest, as in
    any transaction there, and BEGIN and ROLLBACK are two round trips less."""
    with Session(engine.execution_options(**_READS[engine.dialect.name]), expire_on_commit=False) as session:
        yield session


_READS: dict[str, dict[str, Any]] = {
    "sqlite": {"hub_reads": True},
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
}


@contextmanager
def writing(engine: Engine, patience: float | None = None) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back whole on any exception. Inner code never commits.

    `patience`: for who cannot wait as long as others on SQLite; seconds for its turn in this process, and then again
    for other processes.
    """
    bind = engine if patience is None else engine.execution_options(hub_patience=patience)
    with _turn(engine, patience), Session(bind, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def _turn(engine: Engine, patience: float | None) -> Iterator[None]:
    """SQLite has one writer: of a process's threads one waits for it, and the others sleep until it is their turn."""
    turn = _turns.get(engine.pool)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=-1 if patience is None else patience):
        raise NoConnection("another thread of this process is still writing")
    try:
        yield
    finally:
        turn.release()


_turns: WeakKeyDictionary[Pool, RLock] = WeakKeyDictionary()


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Says BEGIN on the driver's own connection: what writes under load waits for it again and again."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    # A deferred transaction that reads first and writes later fails with "locked" under other writers.
    if connection.get_execution_options().get("hub_reads", False):
        _wait_for_others(connection, driver, PATIENCE)
        driver.execute("BEGIN")
        return
    # SQLite's own waiting looks every 100 ms in the end: whoever waits longest is overtaken by all that just come.
    _wait_for_others(connection, driver, 0)
    until = time.monotonic() + connection.get_execution_options().get("hub_patience", PATIENCE)
    while not _began(driver, until):
        time.sleep(LOOK)


def _wait_for_others(connection: Connection, driver: sqlite3.Connection, seconds: int) -> None:
    if connection.info.get("patience") != seconds:
        driver.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
        connection.info["patience"] = seconds


def _began(driver: sqlite3.Connection, until: float) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error  # as of a statement: nobody else says it
        return False
    return True


def time_there(session: Session) -> datetime | None:
    """What the server's clock shows; None on SQLite, which has no other clock than ours."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp()))


def parts(items: Iterable[T], size: int = MOST) -> Iterator[list[T]]:
    """The items in lists of so many, in their order: by itself as many as a statement can name."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def insert_into(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of this database. Core: the ORM would look at every row."""
    rows = Base.metadata.tables[table.__tablename__]
    return postgresql.insert(rows) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(rows)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Brings the schema to a revision. Safe to run again."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def schema(engine: Engine) -> tuple[str, str]:
    """The revision of the schema, "" where there is none; and the one that this code wants."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
    return has or "", ScriptDirectory.from_config(config).get_current_head() or ""
