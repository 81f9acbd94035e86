"""The queue: the oldest critical first, and one operator at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from hub.database import reading, writing
from hub.desk import opening, queue
from hub.desk.queue import Claimed, QueueEntry, TakenBy
from hub.models import AccountRow, StationRow, WorkItemRow

NOW = datetime(2021, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture
def operators(engine: Engine) -> list[int]:
    names = ("operator-01", "operator-02")
    with writing(engine) as session:
        session.add_all(AccountRow(name=name, role="operator", language="en", password_hash="-") for name in names)
    with reading(engine) as session:
        return list(session.scalars(select(AccountRow.id).order_by(AccountRow.name)))


def open_item(engine: Engine, cause: str, severity: int = 2, minutes_ago: int = 0, kind: str = "message") -> int:
    with writing(engine) as session:
        row = WorkItemRow(
            kind=kind, open_key=cause, severity=severity, detail={}, opened_at=NOW - timedelta(minutes=minutes_ago)
        )
        session.add(row)
        session.flush()
        return row.id


def test_the_oldest_critical_item_stands_first(engine: Engine) -> None:
    new, old = open_item(engine, "a", 2, 1), open_item(engine, "b", 2, 30)
    critical_new, critical_old = open_item(engine, "c", 1, 2), open_item(engine, "d", 1, 9)
    with reading(engine) as session:
        assert [entry.id for entry in queue.waiting(session, NOW)] == [critical_old, critical_new, old, new]
        assert queue.count(session) == 4


def test_one_cause_has_one_item_that_is_brought_up_to_date_also_within_a_batch(engine: Engine) -> None:
    def item(severity: int, journal_id: int, **detail: int) -> dict[str, Any]:
        return opening.item("message", "message:1", severity, NOW, journal_id=journal_id, detail=detail)

    def stored() -> tuple[int, int | None, dict[str, Any]]:
        with reading(engine) as session:
            [row] = session.scalars(select(WorkItemRow))
            return row.severity, row.journal_id, row.detail

    with writing(engine) as session:
        opening.open_items(session, [item(2, 1, first=1), item(1, 2, second=2)])
    assert stored() == (1, 1, {"second": 2})
    with writing(engine) as session:
        opening.open_items(session, [item(2, 3, third=3)])
    assert stored() == (2, 1, {"third": 3})


def test_the_second_operator_is_told_who_has_it_and_since_when(engine: Engine, operators: list[int]) -> None:
    item = open_item(engine, "a")
    first, second = operators
    later = NOW + timedelta(minutes=4)
    with writing(engine) as session:
        assert queue.claim(session, item, first, NOW) == Claimed(NOW + queue.LEASE, new=True)
        assert queue.claim(session, item, first, later) == Claimed(later + queue.LEASE, new=False)
        assert queue.claim(session, item, second, later + timedelta(minutes=3)) == TakenBy("operator-01", NOW)
        assert [(entry.holder, entry.holder_id) for entry in queue.waiting(session, later)] == [("operator-01", first)]


def test_a_claim_that_ran_out_is_free_for_the_next(engine: Engine, operators: list[int]) -> None:
    item = open_item(engine, "a")
    first, second = operators
    over = NOW + queue.LEASE
    with writing(engine) as session:
        queue.claim(session, item, first, NOW)
        assert queue.waiting(session, over)[0].holder == ""
        assert isinstance(queue.claim(session, item, second, over), Claimed)
        assert queue.claim(session, item, first, over) == TakenBy("operator-02", over)


def test_an_item_given_back_is_free_and_only_its_holder_can_give_it_back(engine: Engine, operators: list[int]) -> None:
    item = open_item(engine, "a")
    first, second = operators
    with writing(engine) as session:
        queue.claim(session, item, first, NOW)
        assert not queue.release(session, item, second)
        assert queue.release(session, item, first)
        assert isinstance(queue.claim(session, item, second, NOW), Claimed)


def test_a_closed_item_is_nobody_s_any_more_and_its_cause_may_come_again(engine: Engine, operators: list[int]) -> None:
    item = open_item(engine, "a")
    with writing(engine) as session:
        assert queue.close(session, item, operators[0], "settled", NOW)
        assert not queue.close(session, item, operators[1], "decided", NOW)
        assert queue.claim(session, item, operators[1], NOW) == TakenBy("", NOW, closed=True)
        assert queue.claim(session, 999, operators[1], NOW) == TakenBy("", None, closed=True)
    assert open_item(engine, "a") != item


def test_of_many_who_claim_at_once_exactly_one_wins(engine: Engine) -> None:
    item = open_item(engine, "a")
    with writing(engine) as session:
        rows = [AccountRow(name=f"op-{n}", role="operator", language="en", password_hash="-") for n in range(8)]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]

    def claim(account_id: int) -> Claimed | TakenBy:
        with writing(engine) as session:
            return queue.claim(session, item, account_id, NOW)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(claim, ids))
    assert sum(isinstance(answer, Claimed) for answer in answers) == 1
    assert len({answer.name for answer in answers if isinstance(answer, TakenBy)}) == 1


def test_items_are_counted_by_region_and_kind(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(
            StationRow(id=1, code="5191", stratum="Osh", region="Osh", district="Kurshab", voters=900, sampled=True)
        )
    item = open_item(engine, "a", kind="conflict")
    open_item(engine, "b")
    with writing(engine) as session:
        session.get_one(WorkItemRow, item).station_id = 1
    with reading(engine) as session:
        assert queue.count(session, region="Osh") == 1
        assert queue.count(session, kind="conflict") == 1
        assert queue.count(session, region="Talas") == 0


def test_what_waits_comes_back_in_time_and_escalated_items_say_why(engine: Engine, operators: list[int]) -> None:
    item = open_item(engine, "a")
    first, second = operators
    until = NOW + timedelta(minutes=15)
    with writing(engine) as session:
        assert not queue.postpone(session, item, first, until, "busy")  # not theirs
        queue.claim(session, item, first, NOW)
        assert queue.postpone(session, item, first, until, "busy")
        [entry] = queue.waiting(session, NOW)
        assert (entry.postponed_until, entry.note, entry.holder) == (until, "busy", "")
        assert queue.waiting(session, until)[0].postponed_until is None
        queue.claim(session, item, first, NOW)
        assert queue.hand_over(session, item, first, second, "speaks Kyrgyz", NOW)
        assert queue.claim(session, item, first, NOW) == TakenBy("operator-02", NOW)
        assert queue.reassign(session, item, first, NOW)
        assert queue.escalate(session, item, first, "a threat", NOW)
        [entry] = queue.waiting(session, NOW)
        assert (entry.escalated_at, entry.note, entry.holder) == (NOW, "a threat", "")


def entry(id: int, severity: int = 2, form: str = "", region: str = "", language: str = "", **more: Any) -> QueueEntry:
    more = {"opened_at": NOW} | more
    return QueueEntry(
        id, "message", severity, "", form, "", more.pop("opened_at"), None, "", None, region, language, **more
    )


def test_the_order_is_critical_then_one_s_own_then_due_then_old() -> None:
    due = {"OPN": NOW, "MID": NOW + timedelta(hours=6)}
    entries = [
        entry(1, postponed_until=NOW, severity=1),
        entry(2, opened_at=NOW + timedelta(minutes=1)),
        entry(3),
        entry(4, form="MID"),
        entry(5, form="OPN"),
        entry(6, form="OPN", region="Osh", language="ky"),
        entry(7, form="MID", region="Talas", language="ru"),
        entry(8, severity=1, region="Talas", language="ru"),
    ]
    assert [it.id for it in queue.in_order(entries, due)] == [8, 5, 6, 4, 7, 3, 2, 1]
    assert [it.id for it in queue.in_order(entries, due, "Osh", "ky")] == [8, 5, 6, 4, 3, 2, 7, 1]
