"""A select that is asked again and again: compiled once for each database, and run through the driver.

This room is here for speed alone, as `bulk` is: to look a statement up, to write out its lists and to load its rows
takes SQLAlchemy longer than the database needs to answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, DateTime, LargeBinary, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

from hub.database import driven

_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
Convert = Callable[[Any], Any]


class Prepared:
    """One select of columns, or one delete. Its lists are `bindparam(name, expanding=True)` in an `in_`.

    Rows come in the order of the columns, with the values that the models' types give.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """What it finds. `values`: of the named parameters; a list may have as many as a statement can name."""
        compiled = self._of(session.get_bind().dialect)
        return compiled.read(self._run(session, compiled, values))

    def column(self, session: Session, **values: Any) -> list[Any]:
        """The first column of what it finds."""
        return [row[0] for row in self.rows(session, **values)]

    def run(self, session: Session, **values: Any) -> None:
        self._run(session, self._of(session.get_bind().dialect), values)

    def _run(self, session: Session, compiled: _Compiled, values: Mapping[str, Any]) -> list[Any]:
        session.flush()
        return driven(session.connection(), *compiled.ask(values))

    def _of(self, dialect: Dialect) -> _Compiled:
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _Compiled(self._statement, dialect)
        return self._compiled[dialect.name]


class _Compiled:
    """A statement in the words of one database."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        self._processors: Mapping[str, Convert] = {  # nobody else has them; the drivers know bytes
            name: it for name, it in compiled._bind_processors.items() if not isinstance(types[name], LargeBinary)
        }
        self._constants = {
            name: self._processed(name, bind.value) for bind, name in compiled.bind_names.items() if not bind.required
        }
        self._places = compiled.positiontup
        self._text = compiled.string
        if self._places is None:
            self._text = _LIST.sub(lambda it: f"= ANY(%({it[1]})s::{types[it[1]].compile(dialect)}[])", self._text)
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        wanted = [(at, _convert(column.type, dialect)) for at, column in enumerate(columns)]
        self._converts = [(at, convert) for at, convert in wanted if convert]

    def read(self, rows: list[Any]) -> list[Any]:
        if not self._converts:
            return rows
        found = []
        for row in rows:
            told = list(row)
            for at, convert in self._converts:
                if told[at] is not None:
                    told[at] = convert(told[at])
            found.append(tuple(told))
        return found

    def ask(self, values: Mapping[str, Any]) -> tuple[str, Any]:
        """The text and the parameters, as the driver takes them."""
        told = self._constants | {
            name: [self._processed(name, each) for each in value]
            if isinstance(value, Collection) and not isinstance(value, str | bytes)
            else self._processed(name, value)
            for name, value in values.items()
        }
        if self._places is None:
            return self._text, {name: _array(it) if isinstance(it, list) else it for name, it in told.items()}
        # A driver keeps few statements: lists are filled up to some lengths with what they have already.
        sizes = tuple((name, _size(len(told[name]))) for name in self._places if isinstance(told[name], list))
        flat: list[Any] = []
        for name in self._places:
            value = told[name]
            if isinstance(value, list):
                flat += value
                flat += [value[-1] if value else None] * (_size(len(value)) - len(value))
            else:
                flat.append(value)
        return _written_out(self._text, sizes), tuple(flat)

    def _processed(self, name: str, value: Any) -> Any:
        process = self._processors.get(name)
        return process(value) if process else value


def _array(values: list[Any]) -> Any:
    """A list of numbers, bytes or texts as PostgreSQL writes an array: the driver takes ten times as long for it."""
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {bytes}:
        return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
    if kinds == {str}:
        quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
        return "{" + ",".join([f'"{value}"' for value in quoted]) + "}"
    return values


def _size(length: int) -> int:
    """The next power of two; at least one: of no values, none is NULL."""
    return 1 << max(length - 1, 0).bit_length()


@lru_cache(maxsize=1_000)
def _written_out(text: str, sizes: tuple[tuple[str, int], ...]) -> str:
    lengths = dict(sizes)
    return _LIST.sub(lambda match: f"IN ({', '.join('?' * lengths[match[1]])})", text)


def _convert(type: Any, dialect: Dialect) -> Convert | None:
    """What makes of a driver's value what the model's type gives; None where it is already. NULL stays None."""
    implementation = getattr(type, "impl", type)
    if dialect.name != "sqlite":
        return _in_utc if isinstance(implementation, DateTime) else None
    if isinstance(implementation, DateTime):
        return _moment
    if isinstance(type, JSON):
        return _document
    convert: Convert | None = type.dialect_impl(dialect).result_processor(dialect, None)
    return convert


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _moment(value: str) -> datetime:
    """What SQLite keeps is in UTC."""
    return datetime.fromisoformat(f"{value}+00:00")


def _document(value: str) -> Any:
    return [] if value == "[]" else {} if value == "{}" else orjson.loads(value)
