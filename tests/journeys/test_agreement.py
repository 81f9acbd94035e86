"""Two at one station: either may send, each sends a part, both must agree; and what is done where they differ."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bots.gateway import InboundMessage
from hub.checklist.definition import ObserversMode
from hub.database import open_engine, reading, writing
from hub.election.definition import Election
from hub.intake import decisions, journal, pipeline
from hub.models import AccountRow, InboxRow, StationRecordRow, WorkItemRow
from tests.journeys.town import Town

A1, A2, A4 = "+237670000001", "+237670000002", "+237670000004"


def declare(town: Town, form: str, mode: ObserversMode) -> None:
    told = town.hub.election.model_dump(mode="json")
    next(it for it in told["checklist"]["forms"] if it["code"] == form)["observers"] = mode
    town.hub = replace(town.hub, election=Election.model_validate(told))


def record(town: Town) -> StationRecordRow:
    with town.session() as session:
        return session.scalars(select(StationRecordRow)).one()


def decide(town: Town, **values: str) -> list[str]:
    [item] = [item for item in town.desk() if item.kind == "conflict"]
    assert item.station_id is not None
    with writing(town.hub.engine) as session:
        account = AccountRow(name="op", role="operator", language="en", password_hash="-")
        session.add(account)
        session.flush()
        return decisions.decide(
            session,
            town.hub,
            station_id=item.station_id,
            form=item.form or "",
            values=values,
            account_id=account.id,
            reason="called both",
            now=town.clock[0],
        )


async def test_where_both_must_agree_the_first_report_waits_for_the_second(town: Town) -> None:
    declare(town, "SET", "agree")
    await town.sms(A1, "SET H0715 M1 A1")
    await town.work()
    assert (record(town).answers, record(town).conflicts, town.desk()) == ({}, [], [])
    assert town.told() == [(A1, "SET 10001 : reçu. H07:15 M1 A1")]
    await town.sms(A2, "SET H0715 M2 A1")
    await town.work()
    assert (record(town).answers, record(town).conflicts) == ({"H": "07:15", "A": "1"}, ["M"])


async def test_where_both_must_agree_what_is_missing_is_what_the_observer_has_not_sent(town: Town) -> None:
    declare(town, "SET", "agree")
    await town.sms(A1, "SET H0715 M1")
    await town.work()
    await town.sms(A1, "SET A1")
    await town.work()
    assert [text for _, text in town.told()] == [
        "SET 10001 : reçu. H07:15 M1\nManque : A",
        "SET 10001 : reçu. A1",
    ]


async def test_an_observer_alone_at_a_station_needs_no_second_word(town: Town) -> None:
    declare(town, "SET", "agree")
    await town.sms(A4, "SET H0715 M1 A1")
    await town.work()
    assert record(town).answers == {"H": "07:15", "M": "1", "A": "1"}


async def test_where_each_sends_a_part_nothing_is_called_missing_before_both_have_sent(town: Town) -> None:
    declare(town, "SET", "parts")
    await town.sms(A1, "SET H0715")
    await town.work()
    await town.sms(A2, "SET M1")
    await town.work()
    assert record(town).answers == {"H": "07:15", "M": "1"}
    assert [text for _, text in town.told()] == ["SET 10001 : reçu. H07:15", "SET 10001: OK. M1\nMissing: A"]
    await town.sms(A2, "SET H0716")
    await town.work()
    assert record(town).conflicts == ["H"]


async def test_a_conflict_tells_both_values_both_senders_and_what_each_rule_says(town: Town) -> None:
    town.clock[0] += timedelta(hours=12)
    await town.sms(A1, "TAL R900 V50 YA20 YB30")
    await town.sms(A2, "TAL R900 V51 YA20 YB30")
    await town.work()
    [item] = town.desk()
    assert item.detail == {
        "codes": ["V"],
        "said": {"V": {"A1": "50", "A2": "51"}},
        "rules": {"V": {"50": [], "51": ["votes_add_up"]}},
    }


async def test_a_decision_has_its_reason_and_rules_are_judged_again_on_what_then_stands(town: Town) -> None:
    town.clock[0] += timedelta(hours=12)
    await town.sms(A1, "TAL R900 V50 YA20 YB30")
    await town.sms(A2, "TAL R900 V51 YA20 YB30")
    await town.work()
    assert decide(town, V="51") == []
    assert record(town).answers["V"] == "51"
    assert record(town).flags == ["votes_add_up"]
    told = record(town).decided["V"]
    assert (told["value"], told["among"], told["reason"]) == ("51", ["50", "51"], "called both")
    assert [(item.kind, item.detail) for item in town.desk()] == [("rule", {"rules": ["votes_add_up"]})]
    with town.session() as session:
        closed = session.scalars(select(WorkItemRow).where(WorkItemRow.kind == "conflict")).one()
    assert (closed.resolution, closed.closed_by, closed.closed_at) == ("decided", told["account"], town.clock[0])


async def test_a_decision_on_one_of_two_questions_leaves_the_other_open(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    await town.sms(A2, "SET H0716 M2 A1")
    await town.work()
    assert decide(town, H="07:15") == ["M"]
    assert [item.detail["codes"] for item in town.desk()] == [["M"]]


async def test_a_decision_for_what_nobody_said_is_refused(town: Town) -> None:
    await town.sms(A1, "SET H0715")
    await town.sms(A2, "SET H0716")
    await town.work()
    with pytest.raises(ValueError, match="no observer says H07:17"):
        decide(town, H="07:17")


async def test_a_rule_that_two_observers_break_together_is_flagged(town: Town) -> None:
    town.clock[0] += timedelta(hours=12)
    await town.sms(A1, "TAL R900 V50")
    await town.sms(A2, "TAL YA20 YB31")
    await town.work()
    assert record(town).flags == ["votes_add_up"]
    await town.sms(A1, "TAL YB30")  # now they differ, and nothing is known that would break the rule
    await town.work()
    assert (record(town).flags, record(town).conflicts) == ([], ["YB"])


async def test_observers_of_one_station_who_report_at_once_to_many_workers_lose_nothing(
    town: Town, database_url: str
) -> None:
    texts = [
        (sender, f"SET {code}{value}")
        for _ in range(4)
        for sender in (A1, A2)
        for code, value in (("H", "0715"), ("M", "1"), ("A", "1"), ("W", "1.5"))
    ]
    rows = [
        journal.row(
            InboundMessage("twilio", "sms", f"SM{number}", sender, text, raw=b""), town.hub.vault, "CM", town.clock[0]
        )
        for number, (sender, text) in enumerate(texts)
    ]
    with writing(town.hub.engine) as session:
        journal.store(session, rows)

    def work(_worker: int) -> None:
        engine = open_engine(database_url)
        hub = replace(town.hub, engine=engine)
        for _ in range(60):
            pipeline.settle_batch(hub, 2)
        engine.dispose()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    while pipeline.settle_batch(town.hub, 10):
        pass
    with reading(town.hub.engine) as session:
        assert session.scalars(select(InboxRow)).all() == []
    assert [submission.outcome for submission in town.submissions()].count("accepted") >= 8
    assert len(town.submissions()) == len(texts)
    assert record(town).answers == {"H": "07:15", "M": "1", "A": "1", "W": "1.5"}
    assert [sorted(said) for said in record(town).by_observer.values()] == [["A", "H", "M", "W"]] * 2
    assert [item.kind for item in town.desk() if item.kind == "conflict"] == []
