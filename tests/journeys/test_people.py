"""Several numbers to a person, several people to a phone, people who move, stations that are replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.analysis import tables
from hub.database import writing
from hub.intake import corrections
from hub.models import AccountRow, PersonRow, StationRecordRow, StationRow
from hub.sample import importer, moves, replacements
from tests.journeys.town import MORNING, Town, arvenia

A1, A2, A3, SECOND_PHONE = "+237670000001", "+237670000002", "+237670000003", "+237670000077"


def change(town: Town, **changes: dict[str, Any]) -> None:
    """Loads the election again with other particulars of some people."""
    loaded = arvenia()
    people = tuple(replace(person, **changes.get(person.code, {})) for person in loaded.people)
    with writing(town.hub.engine) as session:
        importer.load(session, replace(loaded, people=people), town.hub.vault, MORNING)


def records(town: Town) -> dict[str, dict[str, Any]]:
    """Station → what stands there."""
    with town.session() as session:
        rows = session.execute(
            select(StationRow.code, StationRecordRow.answers).join(
                StationRow, StationRow.id == StationRecordRow.station_id
            )
        )
        return {station: answers for station, answers in rows}


async def test_an_observer_is_known_by_each_of_several_numbers(town: Town) -> None:
    change(town, A1={"phones": (A1, SECOND_PHONE)})
    await town.sms("+237 670 000 077", "SET H0715 M1")
    await town.sms(A1, "SET A1")
    await town.work()
    assert records(town) == {"10001": {"H": "07:15", "M": "1", "A": "1"}}
    assert {address for address, _ in town.told()} == {SECOND_PHONE, A1}


async def test_two_at_one_phone_tell_by_the_station_who_writes_and_by_their_code_where_that_is_the_same(
    town: Town,
) -> None:
    change(town, A1={"phones": (SECOND_PHONE,)}, A2={"phones": (SECOND_PHONE,)}, A3={"phones": (SECOND_PHONE,)})
    await town.sms(SECOND_PHONE, "SET 10004 H0700")
    await town.sms(SECOND_PHONE, "SET H0715")
    await town.sms(SECOND_PHONE, "SET 10001 H0715")
    await town.sms(SECOND_PHONE, "SET 10001 H0715 #a2")
    await town.work()
    assert records(town) == {"10004": {"H": "07:00"}, "10001": {"H": "07:15"}}
    problems = [[problem["code"] for problem in submission.problems] for submission in town.submissions()]
    assert [codes[0] for codes in problems] == [
        "missing_answers",
        "station_missing",
        "person_missing",
        "missing_answers",
    ]
    assert any("A1, A2 partagent ce téléphone. Ajoutez qui écrit : #A1" in text for _, text in town.told())
    with town.session() as session:
        ids = [submission.person_id for submission in town.submissions()]
        codes = [session.get_one(PersonRow, id).code for id in (ids[0], ids[3]) if id]
    assert codes == ["A3", "A2"]


async def test_a_message_that_came_before_a_move_counts_for_the_old_station_though_it_is_read_later(
    town: Town,
) -> None:
    await town.sms(A1, "SET H0715")
    noon = town.clock[0] + timedelta(hours=4)
    with writing(town.hub.engine) as session:
        moves.move(session, "A1", "20001", noon, town.clock[0])
    town.clock[0] = noon
    await town.sms(A1, "SET H0730")
    await town.sms(A1, "SET 10001 H0731")
    await town.work()
    assert records(town) == {"10001": {"H": "07:15"}, "20001": {"H": "07:30"}}
    assert town.submissions()[2].problems[0]["code"] == "station_not_assigned"


async def test_a_correction_counts_for_where_its_sender_was_when_the_message_came(town: Town) -> None:
    await town.sms(A1, "SET H2570 M1 A1")
    await town.work()
    noon = town.clock[0] + timedelta(hours=4)
    with writing(town.hub.engine) as session:
        moves.move(session, "A1", "20001", noon, noon)
        account = AccountRow(name="op", role="operator", language="en", password_hash="-")
        session.add(account)
        session.flush()
        town.clock[0] = noon
        [item] = town.desk()
        corrections.save(
            session, town.hub, item_id=item.id, text="SET H0725", account_id=account.id, reason="called", now=noon
        )
    assert records(town) == {"10001": {"H": "07:25", "M": "1", "A": "1"}}


async def test_a_replacement_reports_in_the_place_of_the_drawn_station_and_is_marked(town: Town) -> None:
    await town.sms(A3, "SET H0700 M1 A1")
    await town.work()
    now = town.clock[0]
    with writing(town.hub.engine) as session:
        replacements.replace(session, "10004", "10005", "the road is cut", now)
        moves.move(session, "A3", "10005", now, now)
    await town.sms(A3, "SET H0800 M1 A0")
    await town.sms(A3, "SET 10004 H0800")
    await town.work()
    assert [submission.outcome for submission in town.submissions()] == ["accepted", "accepted", "rejected"]
    assert town.submissions()[2].problems[0]["code"] == "station_out_of_sample"
    with town.session() as session:
        found = tables.findings(session, town.hub.election)
    table = found.tables["SET.A"]
    assert (table.n, table.replaced, [option.count for option in table.options]) == (1, 1, [0, 1])
    assert [stratum.drawn for stratum in table.options[0].strata] == [2, 2]
    assert [(it.station, it.by, it.reason) for it in found.replacements] == [("10004", "10005", "the road is cut")]
