from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from hub.database import reading, writing
from hub.models import StationRecordRow, StationRow
from hub.reports.stations import StationRecord, StationRecords

NOW = datetime(2030, 3, 10, 8, tzinfo=UTC)
Said = tuple[int, dict[str, str], int]  # person, answers, journal id


def merged(*said: Said, must_agree: Collection[int] | None = None) -> StationRecord:
    record = StationRecord(1, "SET", NOW, NOW)
    for person, answers, journal_id in said:
        record.merge(person, answers, journal_id, journal_id, NOW, must_agree)
    return record


def decided(record: StationRecord, **values: str) -> None:
    record.decide(values, NOW, account_id=7, reason="called both")


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
    with pytest.raises(ValueError, match="no observer says A3"):
        decided(record, A="3")
    decided(record, A="2")
    assert (record.answers, record.conflicts) == ({"A": "2"}, [])
    assert (record.decided["A"]["account"], record.decided["A"]["reason"]) == (7, "called both")
    record.merge(1, {"A": "3"}, 3, 3, NOW)
    assert (record.answers, record.conflicts) == ({}, ["A"])
    record.merge(1, {"A": "2"}, 4, 4, NOW)
    assert (record.answers, record.conflicts) == ({"A": "2"}, [])


def test_where_both_must_agree_one_voice_waits_in_no_estimate_and_is_no_conflict() -> None:
    record = merged((1, {"A": "1", "B": "2"}, 1), must_agree=[1, 2])
    assert (record.answers, record.conflicts) == ({}, [])
    record.merge(2, {"A": "1", "B": "3"}, 2, 2, NOW, [1, 2])
    assert (record.answers, record.conflicts) == ({"A": "1"}, ["B"])
    record.merge(2, {"B": "2"}, 3, 3, NOW, [1, 2])
    assert (record.answers, record.conflicts) == ({"A": "1", "B": "2"}, [])


@pytest.mark.parametrize(("observers", "stands"), [([1], True), ([], True), ([1, 2], False), ([2], False)])
def test_an_observer_who_is_alone_at_a_station_needs_nobodys_word(observers: list[int], stands: bool) -> None:
    # The last one: 1 was moved away after reporting, and 2 has not reported yet.
    assert ("A" in merged((1, {"A": "1"}, 1), must_agree=observers).answers) is stands


def test_a_person_can_let_an_answer_stand_that_waits_until_the_other_observer_says_something_else() -> None:
    record = merged((1, {"A": "1"}, 1), must_agree=[1, 2])
    decided(record, A="1")
    assert record.answers == {"A": "1"}
    record.merge(2, {"A": "1"}, 2, 2, NOW, [1, 2])
    assert record.answers == {"A": "1"}
    record.merge(2, {"A": "2"}, 3, 3, NOW, [1, 2])
    assert (record.answers, record.conflicts) == ({}, ["A"])


observers = st.lists(
    st.tuples(
        st.integers(1, 3), st.dictionaries(st.sampled_from("ABC"), st.sampled_from("12"), min_size=1), st.just(0)
    ),
    max_size=6,
).map(lambda said: [(person, answers, number) for number, (person, answers, _) in enumerate(said, 1)])


@given(said=observers, order=st.randoms(use_true_random=False))
def test_however_messages_come_in_the_record_is_the_same(said: list[Said], order: Random) -> None:
    shuffled = list(said)
    order.shuffle(shuffled)
    for must_agree in (None, [1, 2]):
        one, other = merged(*said, must_agree=must_agree), merged(*shuffled, must_agree=must_agree)
        assert (one.answers, sorted(one.conflicts)) == (other.answers, sorted(other.conflicts))


@given(said=observers)
def test_an_answer_stands_only_if_nobody_differs_and_enough_observers_say_it(said: list[Said]) -> None:
    last: dict[int, dict[str, str]] = {}
    for person, answers, _ in said:
        last.setdefault(person, {}).update(answers)
    either, agreed = merged(*said), merged(*said, must_agree=[1, 2])
    for code in "ABC":
        told = [answers[code] for answers in last.values() if code in answers]
        assert (code in either.conflicts) == (code in agreed.conflicts) == (len(set(told)) > 1)
        assert either.answers.get(code) == (told[0] if len(set(told)) == 1 else None)
        assert agreed.answers.get(code) == (told[0] if len(set(told)) == 1 and len(told) > 1 else None)


@pytest.fixture
def station(engine: Engine) -> int:
    with writing(engine) as session:
        row = StationRow(code="1", stratum="s", region="r", district="d", voters=9, sampled=True)
        session.add(row)
        session.flush()
        return row.id


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
