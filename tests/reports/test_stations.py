from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations

import pytest
from sqlalchemy import Engine, select

from hub.database import reading, writing
from hub.models import StationRecordRow, StationRow
from hub.reports.stations import StationRecord, StationRecords, decide

NOW = datetime(2030, 3, 10, 8, tzinfo=UTC)
Said = tuple[int, dict[str, str], int]  # person, answers, journal id


def merged(*said: Said) -> StationRecord:
    record = StationRecord(1, "SET", NOW, NOW)
    for person, answers, journal_id in said:
        record.merge(person, answers, journal_id, journal_id, NOW)
    return record


def test_observers_who_agree_and_who_complete_each_other_are_merged() -> None:
    record = merged((1, {"A": "1", "B": "2"}, 1), (2, {"B": "2", "C": "3"}, 2))
    assert (record.answers, record.conflicts) == ({"A": "1", "B": "2", "C": "3"}, [])


def test_a_difference_is_a_conflict_and_in_no_estimate() -> None:
    record = merged((1, {"A": "1", "B": "2"}, 1), (2, {"A": "2"}, 2))
    assert (record.answers, record.conflicts) == ({"B": "2"}, ["A"])


def test_whatever_the_order_of_reading_the_latest_message_stands() -> None:
    said: list[Said] = [(1, {"A": "1"}, 1), (1, {"A": "2", "B": "1"}, 2), (1, {"A": "3"}, 3)]
    for order in permutations(said):
        assert merged(*order).answers == {"A": "3", "B": "1"}


def test_a_correction_speaks_for_its_original_and_never_for_a_later_message() -> None:
    record = merged((1, {"A": "1"}, 1), (1, {"A": "2"}, 5))
    record.merge(1, {"A": "3", "B": "1"}, 1, 9, NOW)
    assert record.answers == {"A": "2", "B": "1"}


def test_a_decision_settles_a_conflict_until_somebody_says_something_else() -> None:
    record = merged((1, {"A": "1"}, 1), (2, {"A": "2"}, 2))
    record.decide({"A": "2"}, NOW)
    assert (record.answers, record.conflicts) == ({"A": "2"}, [])
    record.merge(1, {"A": "3"}, 3, 3, NOW)
    assert (record.answers, record.conflicts) == ({}, ["A"])
    record.merge(1, {"A": "2"}, 4, 4, NOW)
    assert (record.answers, record.conflicts) == ({"A": "2"}, [])


@pytest.fixture
def station(engine: Engine) -> int:
    with writing(engine) as session:
        row = StationRow(code="1", stratum="s", region="r", district="d", voters=9, sampled=True)
        session.add(row)
        session.flush()
        return row.id


def test_a_decision_takes_only_what_an_observer_said(engine: Engine, station: int) -> None:
    with writing(engine) as session:
        records = StationRecords(session, [station])
        records.open(station, "SET", NOW).merge(1, {"A": "1"}, 1, 1, NOW)
        records.open(station, "SET", NOW).merge(2, {"A": "2"}, 2, 2, NOW)
        records.save()
    with writing(engine) as session, pytest.raises(ValueError, match="A3"):
        decide(session, station_id=station, form="SET", values={"A": "3"}, now=NOW)
    with writing(engine) as session:
        assert decide(session, station_id=station, form="SET", values={"A": "2"}, now=NOW) == []
    with reading(engine) as session:
        assert session.scalars(select(StationRecordRow.answers)).one() == {"A": "2"}


def test_observers_who_report_at_once_neither_deadlock_nor_lose_an_answer(engine: Engine, station: int) -> None:
    with writing(engine) as session:
        other = StationRow(code="2", stratum="s", region="r", district="d", voters=9, sampled=True)
        session.add(other)
        session.flush()
        stations = [station, other.id]

    def report(n: int) -> None:
        with writing(engine) as session:
            records = StationRecords(session, stations if n % 2 else list(reversed(stations)))
            for id in stations if n % 3 else reversed(stations):
                records.open(id, "SET", NOW).merge(n, {f"A{n}": "1"}, n, n, NOW)
            records.save()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(report, range(40)))
    with reading(engine) as session:
        assert [len(answers) for answers in session.scalars(select(StationRecordRow.answers))] == [40, 40]
