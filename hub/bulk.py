"""Many rows at once, through the driver: a batch is one statement, and no row is looked at by the ORM or a compiler.

This room is here for speed alone. SQLAlchemy's own executemany costs four times as much a row on SQLite and ten times
on PostgreSQL, where the rows go as one array a column. Values are those the models' columns take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Connection, CursorResult, DateTime
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hub.models import Base

Row = Mapping[str, Any]
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_ARRAYS = {"JSONB": "TEXT", "VARCHAR": "TEXT"}  # what a column's values travel as, where it is not its own type


def insert(session: Session, table: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows, which all have the same columns. A column left out takes its default in the schema, or NULL."""
    if rows:
        _run(session, table, rows, "")


def insert_new(session: Session, table: type[Base], rows: Sequence[Row], unique: str) -> list[int]:
    """Inserts those rows of which no other has the same in the `unique` column; the ids that they got."""
    if not rows:
        return []
    name = table.__tablename__
    unless = f"ON CONFLICT ({unique}) DO NOTHING"
    if session.get_bind().dialect.name == "postgresql":
        return [id for (id,) in _run(session, table, rows, f"{unless} RETURNING id")]
    # A writer on SQLite is alone, and ids only grow.
    last = session.connection().exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {name}").scalar_one()  # noqa: S608
    _run(session, table, rows, unless)
    new = session.connection().exec_driver_sql(f"SELECT id FROM {name} WHERE id > ? ORDER BY id", (last,))  # noqa: S608
    return [id for (id,) in new]


def upsert(session: Session, table: type[Base], rows: Sequence[Row], key: Sequence[str], values: Sequence[str]) -> None:
    """Inserts rows; where one with this key is there already, it takes over the `values`."""
    taken = ", ".join(f"{name} = excluded.{name}" for name in values)
    if rows:
        _run(session, table, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {taken}")


def _run(session: Session, table: type[Base], rows: Sequence[Row], then: str) -> CursorResult[Any]:
    session.flush()
    connection = session.connection()
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        return _arrays(connection, table, names, rows, then)
    return _tuples(connection, table, names, rows, then)


def _tuples(
    connection: Connection, table: type[Base], names: tuple[str, ...], rows: Sequence[Row], then: str
) -> CursorResult[Any]:
    statement = f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) {then}"  # noqa: S608
    columns = [_column(table, name, "sqlite") for name in names]
    values = [tuple([as_stored(row[name]) if as_stored else row[name] for name, as_stored in columns]) for row in rows]
    return connection.exec_driver_sql(statement, values)


def _arrays(
    connection: Connection, table: type[Base], names: tuple[str, ...], rows: Sequence[Row], then: str
) -> CursorResult[Any]:
    types = [_type(table.__table__.c[name]) for name in names]
    listed = ", ".join(names)
    taken = ", ".join(f"{name}::{type}" if type == "JSONB" else name for name, type in zip(names, types, strict=True))
    arrays = ", ".join(f"%s::{_ARRAYS.get(type, type)}[]" for type in types)
    statement = (
        f"INSERT INTO {table.__tablename__} ({listed}) SELECT {taken} FROM unnest({arrays}) AS r ({listed}) {then}"  # noqa: S608
    )
    columns = [_column(table, name, "postgresql") for name in names]
    values = tuple([[as_stored(row[name]) if as_stored else row[name] for row in rows] for name, as_stored in columns])
    return connection.exec_driver_sql(statement, values)


@cache
def _type(column: Column[Any]) -> str:
    return str(column.type.compile(_POSTGRESQL))


@cache
def _column(table: type[Base], name: str, dialect: str) -> tuple[str, Callable[[Any], Any] | None]:
    """A column's name, and what makes its values what the driver takes; None where they are already."""
    column = table.__table__.c[name]
    type = column.type.dialect_impl(_POSTGRESQL) if dialect == "postgresql" else column.type
    if isinstance(type, JSON):
        return name, _json
    if dialect == "sqlite" and isinstance(getattr(type, "impl", None), DateTime):
        return name, _moment
    return name, None


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _moment(value: datetime | None) -> str | None:
    """As SQLAlchemy's DateTime writes it on SQLite, in UTC."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a moment without a zone: {value!r}")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')}"
