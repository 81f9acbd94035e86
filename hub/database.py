"""Opening the store with full durability, and transactions: synchronous, Core first, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
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
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool, QueuePool

from hub import changes
from hub.models import Base

PATIENCE = 30  # seconds that a writer on SQLite waits for the others
LOOK = 0.001  # seconds between its looks at the pen
GLANCE = 0.0002  # seconds between its looks at the writer's lock, for which providers wait, too
LATE = 4_000  # pages of SQLite's log after which the journal copies it back; the others do after a thousand
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
        _pens[engine.pool] = Pen(f"{parsed.database}.pen")
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "before_cursor_execute", _begin_with_the_first_change)
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
            # What is asked is in memory or on an SSD, and no statement is worth compiling.
            "options": "-c synchronous_commit=on -c timezone=UTC -c random_page_cost=1.1 -c jit=off",
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
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back whole on any exception. Inner code never commits.

    On SQLite, which has one writer, what it reads is what holds until its end, though it takes the writer's lock only
    with its first change: nobody else can have the pen, and what `appending` adds has been judged by nobody.
    """
    pen = _pens.get(engine.pool)
    with (
        pen.held(PATIENCE) if pen else nullcontext(),
        Session(engine, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


def impatient(engine: Engine, patience: float) -> Engine:
    """An engine for `appending` that waits only so many seconds for others who write on SQLite, and then fails."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.execution_options(hub_patience=patience)


@contextmanager
def appending(engine: Engine) -> Iterator[Connection]:
    """A transaction that only adds what nobody has read yet. On SQLite it waits for whoever changes something, but not
    for whoever is still reading what to change, and leaves copying the log back to the others while they do it; on
    PostgreSQL it is one statement, and sends neither BEGIN nor COMMIT. Without a session, which costs as much as adding
    ten messages."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            _driver(connection).execute(f"PRAGMA wal_autocheckpoint = {LATE}")
        yield connection


class Pen:
    """Who is going to change something on SQLite holds it, of all threads of all processes. Of a process's threads one
    looks whether it is free, and the others sleep until it is their turn."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = RLock()

    @contextmanager
    def held(self, patience: float) -> Iterator[None]:
        """Raises `NoConnection` after so many seconds in which another process has it."""
        with self._turn:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _look(lambda: _locked(file), NoConnection("another process holds the pen"), patience, LOOK)
                yield
            finally:
                os.close(file)  # and so gives it back, as the end of the process would


_pens: WeakKeyDictionary[Pool, Pen] = WeakKeyDictionary()


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _look(free: Callable[[], bool], failure: Exception, patience: float, every: float) -> None:
    """SQLite's own waiting looks every 100 ms in the end: whoever waits longest is overtaken by all that just come."""
    until = time.monotonic() + patience
    while not free():
        if time.monotonic() > until:
            raise failure
        time.sleep(every)


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Who only reads sees one moment; who may write sees the newest until the first change."""
    if connection.get_execution_options().get("hub_reads", False):
        _driver(connection).execute("BEGIN")


def driven(connection: Connection, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    """What a statement finds or returns, asked of the driver: SQLAlchemy's own way to it takes a third of what the
    journal needs for a few messages. Raises SQLAlchemy's errors."""
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, None, statement, values, None, False)
    driver = connection.connection.driver_connection
    error_type: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        cursor = driver.execute(statement, values)  # type: ignore[union-attr]
        return cursor.fetchall() if cursor.description else []
    except error_type as error:
        lost = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            error_type,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error


def _begin_with_the_first_change(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if not statement.startswith("SELECT"):
        _begin_to_write(connection)


def _begin_to_write(connection: Connection) -> None:
    """Says BEGIN on the driver's own connection: what writes under load waits for it again and again."""
    driver = _driver(connection)
    if driver.in_transaction:
        return
    refusal = OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
    patience = connection.get_execution_options().get("hub_patience", PATIENCE)
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        _look(lambda: _began(driver), refusal, patience, GLANCE)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def _began(driver: sqlite3.Connection) -> bool:
    # A deferred transaction that reads first and writes later fails with "locked" under other writers.
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
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
