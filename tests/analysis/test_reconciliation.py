from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from hub.analysis import evidence
from hub.analysis.estimates import Estimate
from hub.analysis.reconciliation import (
    Difference,
    by_station,
    compare,
    edition,
    official_stations,
    stations_that_differ,
    take_official,
    totals,
)
from hub.database import reading, writing
from hub.election.definition import Election
from hub.models import AuditRow

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
Fill = Callable[..., None]
# The SQL is the same for these, so that one database will do; the others run on both.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STATIONS = [("10", "north", "d", True), ("11", "north", "d", True), ("12", "north", "d", False)]
PROTOCOL = {"K": "100", "T": "50", "R": "30", "B": "20"}


def official(engine: Engine, *rows: dict[str, str]) -> None:
    """Each row names its station."""
    with writing(engine) as session:
        take_official(session, "DAY", {row["station"]: row_of(row) for row in rows}, NOON)


def row_of(row: dict[str, str]) -> dict[str, str]:
    return {code: value for code, value in row.items() if code != "station"}


def differences(engine: Engine, election: Election) -> list[Difference]:
    with reading(engine) as session:
        return compare(session, election, evidence.now(session))


def protocol(station: str, **others: Any) -> dict[str, Any]:
    return {"station": station, "form": "DAY", "answers": PROTOCOL, **others}


def test_twelve_stations_of_the_golden_day_differ(
    golden_day: Engine, golden: Election, golden_expected: dict[str, Any], golden_official: dict[str, dict[str, str]]
) -> None:
    with writing(golden_day) as session:
        take_official(session, "PRT", golden_official, NOON)
    found = differences(golden_day, golden)
    assert stations_that_differ(found) == golden_expected["reconciliation"]["stations_that_differ"]
    assert {each.kind for each in found} == {"differs"}
    with reading(golden_day) as session:
        states = Counter(each.state for each in by_station(session, golden, evidence.now(session)))
    assert states == {"differs": 12, "equal": 288}


@on_sqlite
def test_nothing_differs_before_official_results_are_there(engine: Engine, fill: Fill, small: Election) -> None:
    fill(STATIONS, [protocol("10")])
    assert differences(engine, small) == []


@on_sqlite
def test_every_line_is_compared_as_a_number_and_named_with_both_sides(
    engine: Engine, fill: Fill, small: Election
) -> None:
    fill(STATIONS, [protocol("10"), protocol("11")])
    published = {**PROTOCOL, "T": "050", "B": "200"}
    official(engine, {"station": "10", **published}, {"station": "11", **PROTOCOL})
    assert differences(engine, small) == [Difference("10", "B", "20", "200")]


def test_what_one_side_does_not_say_is_no_difference_of_figures(engine: Engine, fill: Fill, small: Election) -> None:
    fill(STATIONS, [protocol("10"), protocol("11", quarantined=True)])
    official(engine, {"station": "10", "K": "100", "T": "50", "B": "20"}, {"station": "11", "T": "7"})
    found = differences(engine, small)
    assert found == [Difference("10", "R", "30", None), Difference("11", "T", None, "7")]
    assert [each.kind for each in found] == ["not_published", "not_observed"]
    assert stations_that_differ(found) == []


@on_sqlite
def test_stations_outside_the_sample_are_kept_but_not_compared(engine: Engine, fill: Fill, small: Election) -> None:
    fill(STATIONS, [])
    official(engine, {"station": "12", "T": "7"})
    assert differences(engine, small) == []


def test_a_new_table_replaces_the_old_one_and_an_empty_one_replaces_nothing(
    engine: Engine, fill: Fill, small: Election
) -> None:
    fill(STATIONS, [])
    official(engine, {"station": "10", "T": "7"}, {"station": "11", "T": "8"})
    with reading(engine) as session:
        first = edition(session)
    official(engine, {"station": "10", "T": "9"})
    official(engine)
    with reading(engine) as session:
        assert official_stations(session, "DAY") == 1
        assert edition(session) > first
        told = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert told is not None
    assert (told.action, told.before, told.after) == ("official", {"stations": 2}, {"form": "DAY", "stations": 1})
    assert differences(engine, small) == [Difference("10", "T", None, "9")]


@on_sqlite
def test_a_station_is_equal_differs_or_is_missing_on_one_side_with_the_control_ratios_of_both(
    engine: Engine, fill: Fill, small: Election
) -> None:
    stations = [(str(number), "north", "d", True) for number in range(10, 15)]
    fill(stations, [protocol("10"), protocol("11"), protocol("12"), protocol("13")])
    too_many = {**PROTOCOL, "T": "101"}  # more than K
    official(
        engine,
        {"station": "10", **PROTOCOL},
        {"station": "11", **too_many},
        {"station": "12", "K": "100"},
        {"station": "14", **PROTOCOL},
    )
    with reading(engine) as session:
        found = by_station(session, small, evidence.now(session))
    assert [(each.station, each.state, each.equal) for each in found] == [
        ("10", "equal", 4),
        ("11", "differs", 3),
        ("12", "differs", 1),
        ("13", "not_published", 0),
        ("14", "not_observed", 0),
    ]
    assert found[1].broken == ((), ("sum",))
    assert [(line.code, line.observer, line.official) for line in found[1].lines] == [("T", "50", "101")]


@on_sqlite
def test_the_official_total_is_set_against_the_interval(engine: Engine, fill: Fill, small: Election) -> None:
    fill([(str(number), "north", "d", number < 14) for number in range(10, 20)], [])
    official(engine, *({"station": str(number), **PROTOCOL} for number in range(10, 20)))
    turnout = Estimate(0.52, 0.01, 0.0196, 0.5004, 0.5396, 4, 0.95)
    leader = Estimate(0.7, 0.01, 0.0196, 0.6804, 0.7196, 4, 0.95)
    estimated = {("DAY.T", "DAY.K"): ("turnout", turnout), ("DAY.R", "DAY.T"): ("Red", leader)}
    with reading(engine) as session:
        found = totals(session, small, estimated | {("OUT.T", "DAY.K"): ("elsewhere", turnout)})
    assert [(each.name, each.official, each.agrees, each.whole) for each in found] == [
        ("turnout", 0.5, False, True),
        ("Red", 0.6, False, True),
    ]
    assert totals_agree(engine, small, Estimate(0.51, 0.01, 0.0196, 0.4904, 0.5296, 4, 0.95)) is True


def totals_agree(engine: Engine, election: Election, turnout: Estimate) -> bool | None:
    with reading(engine) as session:
        return totals(session, election, {("DAY.T", "DAY.K"): ("turnout", turnout)})[0].agrees
