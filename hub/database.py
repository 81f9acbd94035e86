"""Opening the store with full durability, and transactions: synchronous, Core first, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub import changes
from hub.models import Base

PATIENCE = 30  # seconds that a writer on SQLite waits for the others
LOOK = 0.001  # seconds between its looks
JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode(),
    "json_deserializer": orjson.loads,
}
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`. SQLite: WAL, synchronous=FULL, writes BEGIN IMMEDIATE."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        connect = {"timeout": PATIENCE, "check_same_thread": False}
        engine = create_engine(parsed, connect_args=connect, pool_size=20, hide_parameters=True, **JSON)
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
    """A session that only reads. On SQLite it takes no write lock."""
    with Session(engine.execution_options(hub_reads=True), expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back whole on any exception. Inner code never commits."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails with "locked" under other writers.
    if connection.get_execution_options().get("hub_reads", False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting looks every 100 ms in the end: whoever waits longest is overtaken by all that just come.
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    until = time.monotonic() + PATIENCE
    try:
        while not _began(connection, until):
            time.sleep(LOOK)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


def _began(connection: Connection, until: float) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if "locked" not in str(error.orig) or time.monotonic() > until:
            raise
        return False
    return True


def time_there(session: Session) -> datetime | None:
    """What the server's clock shows; None on SQLite, which has no other clock than ours."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp()))


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
