"""The large tables as partitions by range of their key (PostgreSQL), in place: no row is copied.

What is there becomes the first partition, empty ones lie ahead, and a last one, `…_rest`, takes whatever has no other:
nothing is ever refused for want of a partition. The chain stays whole: its links are unique by the row they commit to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from hub import bulk
from hub.models import JournalRow

AHEAD = 3  # empty ones: whoever asks for no key looks into each
KEYS = {"journal": "id", "submission": "journal_id", "outbox": "id"}
NUMBERED_BY = {"journal": "journal", "submission": "journal", "outbox": "outbox"}  # so messages part where theirs do
KNOWN_BY = {"journal": "seen", "outbox": "once"}  # who knows each `dedup`: partitions cannot keep it unique together


class NotPossible(Exception):
    """Nothing was changed; the message says what would be right."""


def partition(session: Session, size: int) -> list[str]:
    """Partitions of `size` keys each, and as many ahead as lacked; their names. Raises `NotPossible`.

    The first time nobody else may be at work, for every row is looked at once; later anybody may.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        raise NotPossible("SQLite has no partitions: a hub so large wants PostgreSQL, see HUB_DATABASE_URL")
    if not bulk.partitioned(connection, JournalRow):
        _alone(connection)
        _begin(connection, size)
    return [name for table in KEYS for name in _extend(connection, table, size)]


def _alone(connection: Connection) -> None:
    """A process that was at work before would go on asking the tables themselves what is known."""
    others = connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    )
    if others:
        raise NotPossible(f"others are connected to this database ({others}): end hub work and hub serve first")


def _begin(connection: Connection, size: int) -> None:
    _run(connection, f"LOCK TABLE {', '.join(KEYS)} IN ACCESS EXCLUSIVE MODE")
    for table, known in KNOWN_BY.items():
        _run(connection, f"INSERT INTO {known} SELECT dedup FROM {table} WHERE dedup IS NOT NULL")  # noqa: S608
        _run(connection, f"ALTER TABLE {table} DROP CONSTRAINT uq_{table}_dedup")
    _run(connection, "CREATE INDEX ix_outbox_dedup ON outbox (dedup) WHERE dedup IS NOT NULL")
    references = _references(connection)
    for owner, name, _ in references:
        _run(connection, f"ALTER TABLE {owner} DROP CONSTRAINT {name}")
    for table, key in KEYS.items():
        _turn(connection, table, key, _border(_newest(connection, table), size))
    for owner, name, definition in references:
        _run(connection, f"ALTER TABLE {owner} ADD CONSTRAINT {name} {definition}")
    _run(connection, f"ANALYZE {', '.join(KEYS)}")  # nobody else does it for a table in partitions


def _references(connection: Connection) -> list[tuple[str, str, str]]:
    """The foreign keys from and to the tables: whose, their names, their definitions."""
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND (conrelid = ANY(:tables ::regclass[]) OR confrelid = ANY(:tables ::regclass[]))"
        ),
        {"tables": list(KEYS)},
    )
    return [(owner, name, definition) for owner, name, definition in found]


def _turn(connection: Connection, table: str, key: str, border: int) -> None:
    """Makes the table the first partition, up to the border, of one that has its name and all that belongs to it."""
    first, primary = f"{table}_0", f"pk_{table}"
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = :table"),
        {"table": table},
    ).all()
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table, "key": key})
    for name, _ in indexes:
        _run(connection, f"ALTER INDEX {name} RENAME TO {name}_0")
    _run(connection, f"ALTER TABLE {table} RENAME TO {first}")
    _run(connection, f"CREATE TABLE {table} (LIKE {first} INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE ({key})")
    _run(connection, f"ALTER TABLE {table} ADD CONSTRAINT {primary} PRIMARY KEY ({key})")
    for name, definition in indexes:
        if name != primary:
            _run(connection, definition)
    if sequence:
        _run(connection, f"ALTER SEQUENCE {sequence} OWNED BY {table}.{key}")
    # Checked by itself first, the range needs no second look, and then the check no place.
    _run(connection, f"ALTER TABLE {first} ADD CONSTRAINT border CHECK ({key} < {border})")
    _run(connection, f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({border})")
    _run(connection, f"ALTER TABLE {first} DROP CONSTRAINT border")
    _run(connection, f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")


def _extend(connection: Connection, table: str, size: int) -> Iterator[str]:
    """Adds what lacks ahead. What the rest has taken stays there: the next one begins behind it."""
    newest, start = _newest(connection, table), _top(connection, table)
    if newest >= start:
        start = _border(newest, size)
    while start < _border(newest, size) + AHEAD * size:
        name = f"{table}_{start}"
        _run(connection, f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({start}) TO ({start + size})")
        yield name
        start += size


def _newest(connection: Connection, table: str) -> int:
    numbered = NUMBERED_BY[table]
    return connection.scalar(text(f"SELECT max({KEYS[numbered]}) FROM {numbered}")) or 0  # noqa: S608


def _border(key: int, size: int) -> int:
    """Where a partition of this size ends that has the key."""
    return (key // size + 1) * size


def _top(connection: Connection, table: str) -> int:
    """Where the last partition ends."""
    bounds = connection.scalars(
        text(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class JOIN pg_inherits ON inhrelid = oid "
            "WHERE inhparent = to_regclass(:table)"
        ),
        {"table": table},
    )
    return max(int(found[1]) for bound in bounds if (found := re.search(r"TO \('(\d+)'\)", bound)))


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
