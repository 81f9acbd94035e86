from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, update

from hub.analysis import coverage, evidence, tables
from hub.analysis.kept import Kept
from hub.database import reading, writing
from hub.election.definition import Election
from hub.models import StationRecordRow

Fill = Callable[..., None]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EIGHT = datetime(2030, 1, 1, 8, tzinfo=UTC)
FRAME = [(str(number), "north", "d", True) for number in range(10, 60)]


def said(station: int, form: str = "DAY", **answers: str) -> dict[str, Any]:
    return {"station": str(station), "form": form, "answers": answers}


@pytest.fixture
def kept(engine: Engine, fill: Fill, small: Election) -> Kept:
    fill(FRAME, [said(station, A="1", T="50", K="100") for station in range(10, 55)])
    return Kept(small)


def look(engine: Engine, kept: Kept) -> tables.Findings:
    """What is kept, which is always what would be computed afresh."""
    with reading(engine) as session:
        base, _, found = kept.look(session)
        assert base == evidence.now(session)
        assert found == tables.findings(session, kept.election)
    return found


def test_a_look_reads_what_has_changed_and_computes_what_is_concerned(engine: Engine, kept: Kept) -> None:
    first = look(engine, kept)
    assert kept.read == 45
    change(engine, 1, "DAY", {"A": "2"}, EIGHT + timedelta(hours=1))
    second = look(engine, kept)
    assert second.tables["DAY.A"].options[1].count == 1
    change(engine, 2, "OUT", {"A": "1"}, EIGHT + timedelta(hours=2))
    third = look(engine, kept)
    assert kept.read == 3  # both records of the one station, and the other of which the last look knew
    assert third.tables["DAY.A"] is second.tables["DAY.A"] is not first.tables["DAY.A"]
    assert third.tables["OUT.A"].n == 1
    assert look(engine, kept) is third


def test_the_coverage_that_is_kept_is_what_would_be_counted_afresh(engine: Engine, kept: Kept) -> None:
    def counted() -> coverage.Coverage:
        with reading(engine) as session:
            seen = kept.coverage(session, EIGHT)
            assert seen == coverage.coverage(evidence.now(session), kept.election, EIGHT)
        return seen

    assert counted().forms["DAY"].all == coverage.Tally(expected=50, received=45)
    change(engine, 1, "DAY", {"A": "2", "K": "9", "T": "8", "R": "4", "B": "4"}, EIGHT + timedelta(hours=1))
    change(engine, 2, "OUT", {"A": "1"}, EIGHT + timedelta(hours=1))
    seen = counted()
    assert seen.forms["DAY"].all == coverage.Tally(expected=50, received=45, complete=1)
    assert seen.forms["OUT"].all == coverage.Tally(expected=1, received=1, complete=1)
    assert look(engine, kept).tables["OUT.A"].n == 1  # the findings learn of it too


def test_what_was_taken_back_is_gone(engine: Engine, kept: Kept) -> None:
    look(engine, kept)
    with writing(engine) as session:
        session.execute(delete(StationRecordRow).where(StationRecordRow.station_id == 3))
    assert look(engine, kept).tables["DAY.A"].n == 44


def test_a_look_asks_as_often_however_much_is_stored(engine: Engine, kept: Kept) -> None:
    look(engine, kept)
    change(engine, 45, "DAY", {"A": "1"}, EIGHT + timedelta(minutes=30))
    look(engine, kept)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for station in range(1, 40):
        change(engine, station, "OUT", {"A": "1"}, EIGHT + timedelta(hours=station))
        asked.clear()
        with reading(engine) as session:
            kept.look(session)
        counts.append((len(asked), kept.read))
    assert set(counts[1:]) == {counts[1]}
    assert counts[1][1] == 4


def change(engine: Engine, station: int, form: str, answers: dict[str, str], at: datetime) -> None:
    values = {"answers": answers, "updated_at": at}
    mine = StationRecordRow.station_id == station, StationRecordRow.form == form
    with writing(engine) as session:
        if not session.execute(update(StationRecordRow).where(*mine).values(**values)).rowcount:  # type: ignore[attr-defined]
            nothing: dict[str, Any] = {"by_observer": {}, "conflicts": [], "decided": {}, "flags": [], "first_at": at}
            row = {"station_id": station, "form": form, "quarantined": False}
            session.execute(insert(StationRecordRow).values(**row, **nothing, **values))
