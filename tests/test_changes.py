"""What one process writes, every web process hears of: on SQLite and PostgreSQL, without a thread for each listener."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from hub import changes
from hub.changes import EVERYTHING, Changes, Ear
from hub.database import open_engine, writing
from hub.models import AlertRow, CursorRow, StationRow, WorkItemRow
from hub.reports.stations import StationRecords

SOON = 5.0


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LOOK", 0.02)
    monkeypatch.setattr(changes, "AGAIN", 0.02)


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    yield engine
    engine.dispose()


async def test_what_another_process_writes_is_heard_by_topic(engine: Engine) -> None:
    other = open_engine(engine.url.render_as_string(hide_password=False))
    ear = await _listening(Changes(engine))
    await asyncio.to_thread(_open_item, other)
    assert set(await ear.changed(SOON) or ()) == {"queue"}
    with writing(other) as session:
        session.execute(update(WorkItemRow).values(note="seen"))
        session.execute(update(AlertRow).values(severity=1))
    assert set(await ear.changed(SOON) or ()) == {"queue", "alerts"}
    ear.close()
    other.dispose()


async def test_what_is_written_past_the_orm_is_heard_too(engine: Engine) -> None:
    ear = await _listening(Changes(engine))
    now = datetime.now(UTC)
    with writing(engine) as session:
        session.add(StationRow(code="1", stratum="s", region="r", district="d", voters=1, sampled=True))
        session.flush()
        StationRecords(session, [1]).open(1, "OPN", now).merge(1, {"A": "1"}, 1, 1, now)
    assert await ear.changed(0.1) == frozenset()
    with writing(engine) as session:
        records = StationRecords(session, [1])
        records.open(1, "OPN", now).merge(1, {"A": "1"}, 1, 1, now)
        records.save()
    assert set(await ear.changed(SOON) or ()) == {"coverage"}
    ear.close()


async def test_what_was_rolled_back_or_concerns_nobody_is_not_told(engine: Engine) -> None:
    ear = await _listening(Changes(engine))
    with Session(engine) as session:
        session.execute(update(WorkItemRow).values(note="never"))
        session.rollback()
    with writing(engine) as session:
        session.execute(update(CursorRow).values(holder="me"))
    assert await ear.changed(0.1) == frozenset()
    ear.close()


async def test_an_outage_is_outlived_and_then_everything_may_have_changed(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = await _listening(Changes(sqlite))
    counters = changes._counters

    def away(engine: Engine) -> dict[str, int]:
        monkeypatch.setattr(changes, "_counters", counters)
        return counters(open_engine("sqlite://"))

    monkeypatch.setattr(changes, "_counters", away)
    assert await ear.changed(SOON) == EVERYTHING
    ear.close()


async def test_closing_ends_every_stream_at_once(sqlite: Engine) -> None:
    hub_changes = Changes(sqlite)
    ears = [await _listening(hub_changes), hub_changes.listen()]
    hub_changes.close()
    assert [await ear.changed(SOON) for ear in ears] == [None, None]
    for ear in ears:
        ear.close()


def test_on_sqlite_a_change_costs_one_row_however_often_it_happens(sqlite: Engine) -> None:
    for _ in range(3):
        _open_item(sqlite)
    with Session(sqlite) as session:
        counters = session.execute(
            select(CursorRow.name, CursorRow.position).where(CursorRow.name.like("changed %"))
        ).all()
        assert [tuple(it) for it in counters] == [("changed queue", 3)]
        assert session.scalar(select(func.count()).select_from(WorkItemRow)) == 3


async def _listening(told: Changes) -> Ear:
    """An ear that hears already: what it is told first is that everything may have changed."""
    ear = told.listen()
    assert await ear.changed(SOON) == EVERYTHING
    return ear


def _open_item(engine: Engine) -> None:
    now = datetime(2030, 3, 10, 9, tzinfo=UTC)
    with writing(engine) as session:
        session.add(WorkItemRow(kind="message", severity=3, detail={}, opened_at=now))
