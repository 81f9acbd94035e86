from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from hub.analysis import evidence
from hub.analysis.coverage import Coverage, CurvePoint, DayFigures, Tally, coverage, day_figures, due_at
from hub.database import reading, writing
from hub.election.definition import Election
from hub.models import AlertRow, WorkItemRow

Fill = Callable[..., None]
# The SQL is the same for these, so that one database will do; the others run on both.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FRAME = [
    ("10", "north", "b", True),
    ("9", "north", "b", True),
    ("30", "north", "a", True),
    ("11", "north", "a", False),
    ("20", "south", "a", True),
]
WHOLE = {"A": "1", "K": "100", "T": "50", "R": "30", "B": "20"}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2030, 1, 1, hour, minute, tzinfo=UTC)


def report(station: str, form: str = "DAY", answers: dict[str, str] = WHOLE, **others: Any) -> dict[str, Any]:
    return {"station": station, "form": form, "answers": answers, "first_at": at(8, 31), **others}


def seen(engine: Engine, election: Election, now: datetime) -> Coverage:
    with reading(engine) as session:
        return coverage(evidence.now(session), election, now)


def test_a_form_is_due_in_the_zone_of_the_election(golden: Election) -> None:
    assert due_at(golden, golden.checklist.form("OPN")) == datetime(2021, 11, 28, 3, tzinfo=UTC)


def test_stations_are_tallied_by_form_region_and_stratum(engine: Engine, fill: Fill, small: Election) -> None:
    partial = report("10", answers={"A": "1"})
    outside = report("11")
    fill(FRAME, [report("9"), partial, outside, report("9", "OUT", {"A": "1"})])
    found = seen(engine, small, at(9, 30))
    day, domain = found.forms["DAY"], found.forms["OUT"]
    assert day.all == Tally(expected=4, received=2, complete=1, late=2)
    assert day.by_stratum == {
        "north": Tally(expected=3, received=2, complete=1, late=1),
        "south": Tally(expected=1, late=1),
    }
    assert day.by_region == day.by_stratum
    assert day.all.share == 0.5
    assert domain.all == Tally(expected=1, received=1, complete=1)
    assert domain.by_stratum["south"].share is None


@on_sqlite
def test_nothing_is_late_before_it_is_due(engine: Engine, fill: Fill, small: Election) -> None:
    fill(FRAME, [])
    assert seen(engine, small, at(8, 59)).forms["DAY"].all.late == 0
    assert seen(engine, small, at(9, 0)).forms["DAY"].all.late == 4


@on_sqlite
@pytest.mark.parametrize(
    ("record", "state"),
    [
        (report("9"), "complete"),
        (report("9", answers=WHOLE | {"M": "1,2"}), "complete"),
        (report("9", answers={"A": "1"}), "partial"),
        (report("9", answers={}), "partial"),
        (report("9", conflicts=["M"]), "flagged"),
        (report("9", flags=["sum"]), "flagged"),
        (report("9", flags=["odd"]), "complete"),  # a note asks nothing of anybody
        (report("9", quarantined=True), "flagged"),
        (report("10"), "missing"),
    ],
)
def test_a_square_of_the_grid_shows_what_its_station_needs(
    engine: Engine, fill: Fill, small: Election, record: dict[str, Any], state: str
) -> None:
    fill(FRAME, [record])
    squares = {station.code: station.states for station in seen(engine, small, at(12)).grid}
    assert squares["9"] == {"DAY": state, "OUT": "awaited"}
    assert {station.states["DAY"] for station in seen(engine, small, at(8)).grid} <= {state, "awaited", "complete"}


@on_sqlite
def test_the_grid_is_ordered_by_region_district_and_number(engine: Engine, fill: Fill, small: Election) -> None:
    fill(FRAME, [])
    grid = seen(engine, small, at(8)).grid
    assert [station.code for station in grid] == ["30", "9", "10", "20"]
    assert (grid[1].region, grid[1].district, grid[1].stratum) == ("north", "b", "north")


def test_the_curve_sets_what_came_against_what_was_due(engine: Engine, fill: Fill, small: Election) -> None:
    fill(
        FRAME,
        [
            report("9", first_at=at(8, 31)),
            report("10", first_at=at(8, 35)),
            report("20", first_at=at(8, 36)),
            report("9", "OUT", {"A": "1"}, first_at=at(8, 36)),
        ],
    )
    assert seen(engine, small, at(9, 30)).curve == (
        CurvePoint(at(8, 35), 2, 0),
        CurvePoint(at(8, 40), 4, 0),
        CurvePoint(at(9, 0), 4, 4),
        CurvePoint(at(10, 0), None, 5),
    )


def test_the_whole_golden_day_came_in(golden_day: Engine, golden: Election) -> None:
    midnight = datetime(2021, 11, 28, 20, tzinfo=UTC)
    found = seen(golden_day, golden, midnight)
    counts = {code: (form.all.expected, form.all.complete, form.all.late) for code, form in found.forms.items()}
    assert counts == {
        code: (179, 179, 0) if code == "MOB" else (300, 300, 0)
        for code in (form.code for form in golden.checklist.forms)
    }
    assert len(found.grid) == 300
    assert found.curve[-1].received == found.curve[-1].due == 2279
    with reading(golden_day) as session:
        assert day_figures(session, golden, midnight) == DayFigures(2279, 2279, 0, 0, 0, 0)


def test_the_day_in_six_figures(engine: Engine, fill: Fill, small: Election) -> None:
    fill(FRAME, [report("9"), report("10"), report("11"), report("9", "OUT", {"A": "1"}), report("9", "OLD", {})])
    with writing(engine) as session:
        session.execute(insert(WorkItemRow), [_item("message"), _item("conflict"), _item("conflict", closed=True)])
        session.execute(insert(AlertRow), [_alert("raised"), _alert("acknowledged"), _alert("resolved")])
    with reading(engine) as session:
        before, after = (day_figures(session, small, at(hour)) for hour in (8, 11))
    assert before == DayFigures(expected=0, received=3, waiting=2, late=0, alerts_open=2, conflicts=1)
    assert after == DayFigures(expected=5, received=3, waiting=2, late=2, alerts_open=2, conflicts=1)


def _item(kind: str, closed: bool = False) -> dict[str, Any]:
    nothing = {"open_key": None, "journal_id": None, "station_id": None, "form": None, "closed_by": None}
    claim = {"claimed_by": None, "claimed_until": None, "resolution": None}
    moments = {"opened_at": at(8), "closed_at": at(9) if closed else None}
    return {**nothing, **claim, **moments, "kind": kind, "severity": 2, "detail": {}}


def _alert(state: str) -> dict[str, Any]:
    return {"topic": "incident:01", "station_id": 1, "severity": 1, "state": state, "raised_at": at(8)}
