"""Many rows at once, through the driver: a batch is one statement, and no row is looked at by the ORM or a compiler.

This room is here for speed alone. SQLAlchemy's own executemany costs four times as much a row on SQLite and ten times
on PostgreSQL. Values are those the models' columns take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Connection, DateTime, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hub.changes import touched
from hub.models import Base

Row = Mapping[str, Any]
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_MOST_PLACES = 32_000  # SQLite takes 32,766 values


def insert(session: Session | Connection, table: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows, which all have the same columns. A column left out takes its default in the schema, or NULL."""
    if rows:
        _run(session, table, rows, "")


def insert_new(session: Session | Connection, table: type[Base], rows: Sequence[Row], known: type[Base]) -> list[int]:
    """Inserts those rows of which no other has the same key; the ids that they got, in the order of the rows.

    The key is a column named as the one of `known`, and unique; NULL is no key. Where the table is partitioned, `known`
    alone keeps it unique.
    """
    [key] = [column.name for column in known.__mapper__.primary_key]
    if rows and not _in_partitions(_connection(session), table):
        return _ids(_run(session, table, rows, f"ON CONFLICT ({key}) DO NOTHING RETURNING id"))
    rows = _unknown(session, rows, known, key)
    return _ids(_run(session, table, rows, "RETURNING id")) if rows else []


def _unknown(session: Session | Connection, rows: Sequence[Row], known: type[Base], key: str) -> list[Row]:
    """Those that `known` does not have yet, of two with the same key the first; it has them from now on."""
    # In one order in every process: two that write the same ones wait for each other, and never both.
    keys = [{key: value} for value in sorted({row[key] for row in rows if row[key] is not None})]
    then = f"ON CONFLICT DO NOTHING RETURNING {key}"
    new = {value for (value,) in _run(session, known, keys, then)} if keys else set()
    first: list[Row] = []
    for row in rows:
        if row[key] is None or row[key] in new:
            new.discard(row[key])
            first.append(row)
    return first


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


def _run(session: Session | Connection, table: type[Base], rows: Sequence[Row], then: str) -> Sequence[Any]:
    """What the statement returns, if it returns anything."""
    connection = _connection(session)
    touched(connection, table.__tablename__)
    names = tuple(rows[0])
    run = _document if connection.dialect.name == "postgresql" else _places
    return run(connection, table, names, rows, then)


def _connection(session: Session | Connection) -> Connection:
    if isinstance(session, Connection):
        return session
    session.flush()
    return session.connection()


def _places(
    connection: Connection, table: type[Base], names: tuple[str, ...], rows: Sequence[Row], then: str
) -> Sequence[Any]:
    """A place for each value, and each statement run whole without the interpreter's lock, where executemany would
    ask for it back after every row."""
    columns = [_column(table, name) for name in names]
    most = _MOST_PLACES // len(names)
    found: list[Any] = []
    for at in range(0, len(rows), most):
        some = rows[at : at + most]
        values = tuple([convert(row[name]) if convert else row[name] for row in some for name, convert in columns])
        done = connection.exec_driver_sql(_statement(table.__tablename__, names, len(some), then), values)
        if done.returns_rows:
            found += done.all()
    return found


@lru_cache(maxsize=256)
def _statement(table: str, names: tuple[str, ...], size: int, then: str) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * size)} {then}"  # noqa: S608


def _document(
    connection: Connection, table: type[Base], names: tuple[str, ...], rows: Sequence[Row], then: str
) -> Sequence[Any]:
    """All rows as one JSON document, which takes the driver a tenth of what an array a column takes."""
    listed = ", ".join(names)
    types = ", ".join(f"{name} {_type(table.__table__.c[name])}" for name in names)
    statement = (
        f"INSERT INTO {table.__tablename__} ({listed}) SELECT {listed} "  # noqa: S608
        f"FROM json_to_recordset(%s::json) AS r ({types}) {then}"
    )
    document = orjson.dumps(rows, _plain, orjson.OPT_NON_STR_KEYS)
    done = connection.exec_driver_sql(statement, (document.decode(),))
    return done.all() if done.returns_rows else []


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
