"""Many rows at once, through the driver: a batch is one statement, and no row is looked at by the ORM or a compiler.

This room is here for speed alone. SQLAlchemy's own executemany costs four times as much a row on SQLite and ten times
on PostgreSQL. Values are those the models' columns take.
"""

# ruff: noqa: S608 - statements of names of our own models

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Connection, DateTime, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hub.changes import touched
from hub.database import driven
from hub.models import Base

Row = Mapping[str, Any]
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_MOST_PLACES = 32_000  # SQLite takes 32,766 values
_GATHERED = "gathered"  # what is ready to be run, kept with its connection


@contextmanager
def gathered(session: Session) -> Iterator[Callable[[], None]]:
    """Rows inserted in its block are only made ready; the function that it gives inserts them, in their order.

    On SQLite everybody else waits from a transaction's first change on: what can be done before is done before.
    """
    ready: list[Callable[[], object]] = []
    info = session.connection().info
    info[_GATHERED] = ready

    def run() -> None:
        for insert_some in ready:
            insert_some()

    try:
        yield run
    finally:
        del info[_GATHERED]


def insert(session: Session | Connection, table: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows, which all have the same columns. A column left out takes its default in the schema, or NULL."""
    if rows:
        _run(session, table, rows, "")


def insert_new(
    session: Session | Connection,
    table: type[Base],
    rows: Sequence[Row],
    known: type[Base],
    queue: type[Base] | None = None,
) -> list[int]:
    """Inserts those rows of which no other has the same key; the ids that they got, in the order of the rows.

    The key is a column named as the one of `known`, and unique; NULL is no key. Where the table is partitioned, `known`
    alone keeps it unique. Each new row gets a place in the `queue`, under its id. On PostgreSQL one statement does it.
    """
    if not rows:
        return []
    connection, names = _connection(session), tuple(rows[0])
    touched(connection, table.__tablename__)
    if connection.dialect.name == "postgresql":
        written = _insert_new(table, names, known, queue, in_partitions=_in_partitions(connection, table))
        return _ids(driven(connection, written, (_document(rows),)))
    then = f"ON CONFLICT ({_key(known)}) DO NOTHING RETURNING id"
    ids = _ids([row for part in _places(table, names, rows, then) for row in driven(connection, *part)])
    if queue:
        insert(connection, queue, [{_key(queue): id} | _defaults(queue) for id in ids])
    return ids


def insert_once(session: Session, table: type[Base], rows: Sequence[Row], known: type[Base]) -> None:
    """As `insert_new`, for those who need no ids."""
    if not rows:
        return
    connection = _connection(session)
    if connection.dialect.name == "sqlite":
        _run(connection, table, rows, f"ON CONFLICT ({_key(known)}) DO NOTHING")
    else:
        _when_asked(connection, partial(insert_new, connection, table, rows, known))


@cache
def _insert_new(
    table: type[Base], names: tuple[str, ...], known: type[Base], queue: type[Base] | None, *, in_partitions: bool
) -> str:
    key, listed = _key(known), ", ".join(names)
    into = f"INSERT INTO {table.__tablename__} ({listed})"
    if in_partitions:
        # Keys in one order in every process: two that write the same ones wait for each other, and never both.
        steps = [
            f"given AS (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY place) AS nth "
            f"FROM ROWS FROM ({_rows(table, names, '')}) WITH ORDINALITY AS r ({listed}, place))",
            f"fresh AS (INSERT INTO {known.__tablename__} ({key}) SELECT {key} FROM given "
            f"WHERE nth = 1 AND {key} IS NOT NULL ORDER BY {key} ON CONFLICT DO NOTHING RETURNING {key})",
            f"new AS ({into} SELECT {listed} FROM given "
            f"WHERE {key} IS NULL OR (nth = 1 AND {key} IN (SELECT {key} FROM fresh)) ORDER BY place RETURNING id)",
        ]
    else:
        then = f"ON CONFLICT ({key}) DO NOTHING RETURNING id"
        steps = [f"new AS ({into} SELECT {listed} FROM {_rows(table, names)} {then})"]
    if queue:
        columns = {_key(queue): "id"} | _defaults(queue)
        its_names, values = ", ".join(columns), ", ".join(map(str, columns.values()))
        steps.append(f"placed AS (INSERT INTO {queue.__tablename__} ({its_names}) SELECT {values} FROM new)")
    return f"WITH {', '.join(steps)} SELECT id FROM new"


def _key(table: type[Base]) -> str:
    [key] = table.__mapper__.primary_key
    return str(key.name)


def _defaults(table: type[Base]) -> dict[str, Any]:
    """The plain defaults of a model's columns, which the schema does not have."""
    columns = table.__table__.columns
    return {column.name: column.default.arg for column in columns if column.default and column.default.is_scalar}


def partitioned(connection: Connection, table: type[Base]) -> bool:
    """Whether the table is one in partitions (`hub partition`)."""
    statement = text("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(:name)")
    return connection.dialect.name == "postgresql" and bool(connection.scalar(statement, {"name": table.__tablename__}))


def _in_partitions(connection: Connection, table: type[Base]) -> bool:
    """Looked up once a connection: whoever partitions is alone in the database."""
    looked: dict[type[Base], bool] = connection.info.setdefault("in partitions", {})
    if table not in looked:
        looked[table] = partitioned(connection, table)
    return looked[table]


def _ids(found: Sequence[Any]) -> list[int]:
    return [id for (id,) in found]


def upsert(session: Session, table: type[Base], rows: Sequence[Row], key: Sequence[str], values: Sequence[str]) -> None:
    """Inserts rows; where one with this key is there already, it takes over the `values`."""
    taken = ", ".join(f"{name} = excluded.{name}" for name in values)
    if rows:
        _run(session, table, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {taken}")


def _run(session: Session | Connection, table: type[Base], rows: Sequence[Row], then: str) -> None:
    connection, names = _connection(session), tuple(rows[0])
    touched(connection, table.__tablename__)
    if connection.dialect.name == "postgresql":
        written, document = _insert(table, names, then), _document(rows)
        _when_asked(connection, partial(driven, connection, written, (document,)))
        return
    for part in _places(table, names, rows, then):
        _when_asked(connection, partial(driven, connection, *part))


def _when_asked(connection: Connection, run: Callable[[], object]) -> None:
    """At once, or with what is `gathered`."""
    ready: list[Callable[[], object]] | None = connection.info.get(_GATHERED)
    if ready is None:
        run()
    else:
        ready.append(run)


def _connection(session: Session | Connection) -> Connection:
    if isinstance(session, Connection):
        return session
    session.flush()
    return session.connection()


def _places(
    table: type[Base], names: tuple[str, ...], rows: Sequence[Row], then: str
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Statements with a place for each value, and their values: each is run whole without the interpreter's lock,
    where executemany would ask for it back after every row."""
    columns = [_column(table, name) for name in names]
    most = _MOST_PLACES // len(names)
    for at in range(0, len(rows), most):
        some = rows[at : at + most]
        values = tuple([convert(row[name]) if convert else row[name] for row in some for name, convert in columns])
        yield _statement(table.__tablename__, names, len(some), then), values


@lru_cache(maxsize=256)
def _statement(table: str, names: tuple[str, ...], size: int, then: str) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * size)} {then}"


@cache
def _insert(table: type[Base], names: tuple[str, ...], then: str) -> str:
    listed = ", ".join(names)
    return f"INSERT INTO {table.__tablename__} ({listed}) SELECT {listed} FROM {_rows(table, names)} {then}"


def _rows(table: type[Base], names: Sequence[str], alias: str = "r ") -> str:
    """What a statement is given, in its document."""
    types = ", ".join(f"{name} {_type(table.__table__.c[name])}" for name in names)
    return f"json_to_recordset(%s::json) AS {alias}({types})"


def _document(rows: Sequence[Row]) -> str:
    """All rows as one JSON document, which takes the driver a tenth of what an array a column takes."""
    return orjson.dumps(rows, _plain, orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value).__name__)


@cache
def _type(column: Column[Any]) -> str:
    return str(column.type.compile(_POSTGRESQL))


@cache
def _column(table: type[Base], name: str) -> tuple[str, Callable[[Any], Any] | None]:
    """A column's name, and what makes its values what SQLite takes; None where they are already."""
    type = table.__table__.c[name].type
    if isinstance(type, JSON):
        return name, _json
    return name, _moment if isinstance(getattr(type, "impl", None), DateTime) else None


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


@lru_cache(maxsize=256)
def _moment(value: datetime | None) -> str | None:
    """As SQLAlchemy's DateTime writes it on SQLite, in UTC. A batch has few moments."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a moment without a zone: {value!r}")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')}"
