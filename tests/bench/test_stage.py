"""A measurement whose messages were lost, doubled or changed says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import delete, func, select, update

from hub.bench import profiling, stage
from hub.bench.stage import Stage, Store, Unsound
from hub.database import writing
from hub.models import JournalRow, SubmissionRow

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"
COUNT = 60


@pytest.fixture(params=["sqlite", "postgresql"])
def ready(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Whose messages are in the journal, and read."""
    monkeypatch.setattr(stage, "PAGE", 7)
    server = "" if request.param == "sqlite" else request.getfixturevalue("postgresql_server")
    name = f"bench_{abs(hash(tmp_path)):x}"
    made = stage.set_up(KYRGYZSTAN, Store(request.param, server, tmp_path), name, COUNT)
    with mock.patch.dict(os.environ):
        profiling.knock(made, 0, COUNT)
        hub = made.hub()
        profiling.settle(hub)
        hub.engine.dispose()
        yield made
    made.engine.dispose()


def test_what_was_read_as_it_was_sent_and_answered_is_proved(ready: Stage) -> None:
    ready.until_read()
    ready.prove(COUNT)
    assert len(ready.waits(0)) == COUNT
    assert len(ready.waits(ready.last_entry() - 10)) == 10


def test_one_that_is_lost_one_that_is_changed_and_one_that_nobody_sent_are_counted(ready: Stage) -> None:
    first = select(func.min(JournalRow.id)).scalar_subquery()
    with writing(ready.engine) as session:
        session.execute(delete(SubmissionRow).where(SubmissionRow.journal_id == first))
    with pytest.raises(Unsound, match="60 sent, 59 read, 1 lost, 0 doubled or different"):
        ready.prove(COUNT)
    with writing(ready.engine) as session:
        session.execute(update(SubmissionRow).where(SubmissionRow.journal_id == first + 1).values(answers={"X": "1"}))
    with pytest.raises(Unsound, match="60 sent, 59 read, 1 lost, 1 doubled or different"):
        ready.prove(COUNT)
    with pytest.raises(Unsound, match="40 sent, 59 read, 1 lost, 21 doubled or different"):
        ready.prove(40)
