"""Forward over a day's data, on both databases; and a worker of the version before at work on the new schema."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, column, func, inspect, select, table, text
from sqlalchemy.orm import Session

from hub.database import MIGRATIONS, migrate, open_engine, reading, schema
from hub.models import AlertRow, Base, JournalRow, OutboxRow, SubmissionRow
from tests.console.house import A1, A2, A4, House, build, open_house

FIRST = "20261122"  # what the first day ran on
STRANGER = "+237699999999"
Rows = dict[str, list[dict[str, Any]]]
Columns = dict[str, list[str]]  # table → its columns, in the order in which tables need each other


@pytest.fixture(scope="module")
def day(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """A small day: reports, a conflict, a broken rule, an incident, what nobody could read, a stranger."""
    store = shutil.copy(sqlite_template, tmp_path_factory.mktemp("day") / "hub.db")
    engine = open_engine(f"sqlite:///{store}")
    build(engine)
    house = open_house(engine)
    for sender, words in (
        (A1, "SET H0715 M1 A1"),
        (A2, "SET H0730 M1 A1"),
        (A4, "SET H25 M1 A1"),
        (A1, "TAL R900 V500 YA300 YB100"),
        (A2, "ALR 101 they fight"),
        (A1, "call me please"),
        (STRANGER, "SET 10001 H0715 M1 A1"),
        (A1, "STATUS"),
    ):
        house.clock[0] += timedelta(minutes=1)
        house.text(sender, words)
    with reading(engine) as session:
        rows = {
            name: [dict(row._mapping) for row in session.execute(select(rows))]
            for name, rows in Base.metadata.tables.items()
        }
    engine.dispose()
    assert all(rows[name] for name in ("journal", "submission", "station_record", "alert", "outbox", "work_item"))
    return rows


@pytest.fixture
def first(empty_url: str) -> Iterator[Engine]:
    """An empty store as the first version left it, of each kind."""
    old = open_engine(empty_url)
    migrate(old, FIRST)
    yield old
    old.dispose()


def test_a_days_data_goes_forward_and_everything_still_reads(first: Engine, day: Rows) -> None:
    known = _columns(first)
    _write(first, day, known)
    before = _read(first, known)
    migrate(first)
    assert schema(first)[0] == schema(first)[1]
    assert _read(first, known) == before
    _goes_on(first, day)


def test_what_an_older_worker_writes_is_taken_by_the_new_schema(engine: Engine, first: Engine, day: Rows) -> None:
    known = _columns(first)
    newer = engine
    migrate(newer)  # where both are the same, it is the old one that goes forward while the worker is at it
    there = {name: {it["name"] for it in inspect(newer).get_columns(name)} for name in known}
    assert {name: set(columns) - there[name] for name, columns in known.items() if set(columns) - there[name]} == {}
    _write(newer, day, known)
    _goes_on(newer, day)


def test_a_day_goes_back_before_the_tables_for_partitions_and_forward_again(engine: Engine, day: Rows) -> None:
    _write(engine, day, _columns(engine))
    before = {name: rows for name, rows in _read(engine, _columns(engine)).items() if name not in ("seen", "once")}
    downgrade(engine, "20261123_11")
    assert _read(engine, _columns(engine)) == before
    migrate(engine)
    assert _read(engine, _columns(engine)) == before | {"seen": [], "once": []}
    _goes_on(engine, day)


def test_a_worker_of_before_still_refuses_what_came_twice(engine: Engine, day: Rows) -> None:
    """Its statement names the column that is unique; only who partitions ends all workers first."""
    _write(engine, day, _columns(engine))
    for name in ("journal", "outbox"):
        assert any(row["dedup"] for row in day[name])
        columns = ", ".join(column for column in _columns(engine)[name] if column != "id")
        again = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} WHERE dedup IS NOT NULL "
        with engine.begin() as connection:
            assert connection.execute(text(f"{again} ON CONFLICT (dedup) DO NOTHING")).rowcount == 0


def downgrade(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def _goes_on(engine: Engine, day: Rows) -> None:
    """The next hour, by today's code: what was said counts, what comes is read, pages open, figures are computed."""
    house = open_house(engine)
    house.clock[0], house.texts = house.clock[0] + timedelta(hours=1), len(day["journal"])
    with Session(engine) as session:
        counts = {model: session.scalar(select(func.count()).select_from(model)) for model in _GROWING}
        assert counts[JournalRow] == len(day["journal"])
        assert session.scalar(select(func.count()).select_from(AlertRow)) == len(day["alert"])
    house.text(A1, "SET H0715 M1 A1")  # as an hour ago: known, and told so
    house.text(A2, "SET H0745 M1 A1")
    with Session(engine) as session:
        last = session.scalars(select(SubmissionRow).order_by(SubmissionRow.journal_id.desc()).limit(2)).all()
        assert [row.outcome for row in last] == ["accepted", "duplicate"]
        for model, count in counts.items():
            assert (session.scalar(select(func.count()).select_from(model)) or 0) > (count or 0), model
    house.hub.settings.second_factor = "offered"  # the first version knew of none, so that nobody has one yet
    assert asyncio.run(_closed(house)) == {}


_GROWING = (JournalRow, SubmissionRow, OutboxRow)
_PAGES = ("/desk", "/late", "/alerts", "/day", "/findings", "/accounts", "/audit", "/find?q=10001", "/broadcasts")


async def _closed(house: House) -> dict[str, str]:
    """The pages that an admin does not get to see, and what they got."""
    async with house.browser("admin") as browser:
        answers = {path: await browser.get(path, follow_redirects=True) for path in _PAGES}
    return {
        path: f"{answer.status_code} {answer.url}"
        for path, answer in answers.items()
        if answer.status_code != 200 or not answer.url.path.startswith(path.partition("?")[0])
    }


def _columns(engine: Engine) -> Columns:
    inspector = inspect(engine)
    known = set(inspector.get_table_names())
    order = [it.name for it in Base.metadata.sorted_tables if it.name in known]
    return {name: [it["name"] for it in inspector.get_columns(name)] for name in order}


def _write(engine: Engine, day: Rows, known: Columns) -> None:
    """The rows as a version writes them that knows of these columns alone."""
    with engine.begin() as connection:
        for name, columns in known.items():
            rows = [{key: row[key] for key in columns} for row in day[name]]
            if rows:
                connection.execute(_table(name, columns).insert(), rows)
            if rows and engine.dialect.name == "postgresql" and "id" in columns:
                connection.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
                )


def _read(engine: Engine, known: Columns) -> Rows:
    with engine.connect() as connection:
        return {
            name: [dict(row._mapping) for row in connection.execute(select(_table(name, columns)))]
            for name, columns in known.items()
        }


def _table(name: str, columns: list[str]) -> Any:
    types = Base.metadata.tables[name].columns
    return table(name, *(column(each, types[each].type) for each in columns))
