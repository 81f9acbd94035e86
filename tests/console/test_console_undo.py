"""Undo for a minute: what was stored, closed or asked is as it was, and the item is the operator's again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import (
    AlertEventRow,
    AlertRow,
    ContactRow,
    DeedRow,
    IncidentRow,
    JournalRow,
    OutboxRow,
    StationRecordRow,
    SubmissionRow,
    WorkItemRow,
)
from tests.console.house import A1, A2, House, post

UNSOUND = "SET H2570 M1 A1"
STRANGER = "+237670000010"


def record(house: House) -> dict[str, Any] | None:
    """The answers of the one record there is, and who says what."""
    with Session(house.hub.engine) as session:
        row = session.scalars(select(StationRecordRow).where(StationRecordRow.form == "SET")).one_or_none()
        return {"answers": row.answers, "said": row.by_observer, "conflicts": row.conflicts} if row else None


def item(house: House, item_id: int) -> WorkItemRow:
    with Session(house.hub.engine) as session:
        return session.get_one(WorkItemRow, item_id)


def deed(house: House) -> int:
    with Session(house.hub.engine) as session:
        return session.scalars(select(DeedRow.id).order_by(DeedRow.id.desc())).all()[0]


def outgoing(house: House, kind: str) -> list[str]:
    with Session(house.hub.engine) as session:
        rows = select(OutboxRow.state).where(OutboxRow.kind == kind).order_by(OutboxRow.id)
        return list(session.scalars(rows))


async def test_a_correction_undone_leaves_the_record_as_it_was_and_the_item_with_its_operator(house: House) -> None:
    house.text(A1, UNSOUND)
    number, before = house.item(), record(house)
    async with house.browser("operator-1") as browser:
        page = (
            await browser.get((await post(browser, f"/desk/{number}/save", text="SET H0725 M1 A1")).headers["location"])
        ).text
        assert "Stored · 10001" in page
        assert 'data-seconds="60"' in page
        assert item(house, number).resolution == "corrected"
        assert record(house) != before
        house.clock[0] += timedelta(seconds=20)
        assert 'data-seconds="40"' in (await browser.get("/desk")).text
        answer = await post(browser, f"/desk/undo/{deed(house)}")
        assert answer.headers["location"] == f"/desk/{number}?done=undone"
        page = (await browser.get(answer.headers["location"])).text
    assert f"{UNSOUND}</textarea>" in page
    assert "Undone" in page
    assert "data-seconds" not in page
    assert record(house) == before
    assert (item(house, number).closed_at, item(house, number).claimed_until) == (
        None,
        house.clock[0] + timedelta(minutes=5),
    )
    assert outgoing(house, "reply")[-1] == "withdrawn"
    assert house.audited() == ["claim", "save", "undo"]


async def test_the_journal_only_grows_and_says_who_took_it_back(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{house.item()}/save", text="SET H0725 M1 A1")
        await post(browser, f"/desk/undo/{deed(house)}")
    with Session(house.hub.engine) as session:
        rows = session.scalars(select(JournalRow).order_by(JournalRow.id)).all()
        made = session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)).all()
    assert [(it.text, it.kind, it.corrects, bool(it.account_id)) for it in rows] == [
        (UNSOUND, "text", None, False),
        ("SET H0725 M1 A1", "text", 1, True),
        (UNSOUND, "undo", 1, True),
    ]
    assert made == ["partial", "accepted", "partial"]


async def test_a_first_report_undone_is_owed_again_and_a_conflict_that_it_made_is_gone(house: House) -> None:
    house.text(A1, "SET H0715 M1 A1")
    house.text(A2, "hello SET")
    number = house.item()
    before = record(house)
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{number}/save", text="SET H0730 M1 A1")
        assert house.item("conflict")
        await post(browser, f"/desk/undo/{deed(house)}")
    assert record(house) == before
    with Session(house.hub.engine) as session:
        open_kinds = session.scalars(select(WorkItemRow.kind).where(WorkItemRow.closed_at.is_(None))).all()
    assert open_kinds == ["message"]


async def test_a_record_that_only_the_correction_made_is_no_record_any_more(house: House) -> None:
    house.text(A1, "call me please")
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{house.item()}/save", text="SET H0730 M1 A1")
        assert record(house) is not None
        await post(browser, f"/desk/undo/{deed(house)}")
    assert record(house) is None


async def test_what_the_observer_texted_since_then_stays(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{house.item()}/save", text="SET H0725 M13 A1")
        house.text(A1, "SET H0740")
        await post(browser, f"/desk/undo/{deed(house)}")
    now = record(house)
    assert now is not None
    assert now["answers"] == {"H": "07:40", "M": "1", "A": "1"}


async def test_unusable_and_asked_are_undone_too(house: House) -> None:
    house.text(A1, UNSOUND)
    number = house.item()
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{number}/unusable", reason="a test")
        assert "Closed as unusable" in (await browser.get("/desk")).text
        await post(browser, f"/desk/undo/{deed(house)}")
        assert (item(house, number).closed_at, item(house, number).detail) == (None, {})
        await post(browser, f"/desk/{number}/ask", question="When?")
        assert item(house, number).postponed_until is not None
        assert "Question asked" in (await browser.get("/desk")).text
        await post(browser, f"/desk/undo/{deed(house)}")
    assert item(house, number).postponed_until is None
    assert item(house, number).claimed_by is not None
    assert outgoing(house, "question") == ["withdrawn"]


async def test_an_undo_comes_too_late_twice_or_from_somebody_else_and_changes_nothing(house: House) -> None:
    house.text(A1, UNSOUND)
    number = house.item()
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await post(first, f"/desk/{number}/ask", question="When?")
        done = deed(house)
        too_late = "/desk?done=too_late"
        assert (await post(second, f"/desk/undo/{done}")).headers["location"] == too_late
        await second.get(f"/desk/{number}")  # a colleague has opened it meanwhile
        assert (await post(first, f"/desk/undo/{done}")).headers["location"] == too_late
        await post(second, f"/desk/{number}/release")
        house.clock[0] += timedelta(minutes=1)
        assert (await post(first, f"/desk/undo/{done}")).headers["location"] == too_late
        assert "Too late to undo" in (await first.get(too_late)).text
    assert outgoing(house, "question") == ["pending"]


async def test_what_has_alerted_somebody_is_taken_back_and_the_alert_says_so_and_stays(both: House) -> None:
    both.text(A1, "violence here")
    number = both.item()
    async with both.browser("operator-1") as browser:
        await post(browser, f"/desk/{number}/save", text="ALR 101 they beat somebody")
        [alert] = alerts(both)
        assert "Somebody was alerted." in (await browser.get("/desk")).text
        await post(browser, f"/desk/undo/{deed(both)}")
        assert item(both, number).closed_at is None
        page = (await browser.get(f"/alerts/{alert.id}")).text
        assert "the report was taken back: a mistake at the desk · operator-1" in page
        assert [it.state for it in alerts(both)] == ["raised"]
        await post(browser, f"/desk/{number}/save", text="ALR 101 they beat somebody")
    with Session(both.hub.engine) as session:
        rows = session.execute(select(IncidentRow.verified, IncidentRow.alert_id).order_by(IncidentRow.id)).all()
    assert [tuple(row) for row in rows] == [(False, alert.id), (None, alert.id)]  # stored again, it is another report


async def test_an_answer_that_raised_an_alert_is_taken_back_with_its_values(both: House) -> None:
    both.text(A1, "SET H2570 M1 A1")
    number, before = both.item(), record(both)
    async with both.browser("operator-1") as browser:
        await post(browser, f"/desk/{number}/save", text="SET H0715 M1 A0")
        assert len(alerts(both)) == 1
        await post(browser, f"/desk/undo/{deed(both)}")
    assert record(both) == before
    assert item(both, number).closed_at is None
    with Session(both.hub.engine) as session:
        told = session.scalars(select(AlertEventRow.kind).order_by(AlertEventRow.id)).all()
    assert (told[0], told[-1]) == ("raised", "taken_back")


async def test_an_alert_of_the_message_itself_is_not_taken_back_with_its_correction(house: House) -> None:
    house.text(A1, "SET H2570 M1 A0")
    assert len(alerts(house)) == 1
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{house.item()}/save", text="SET H0715 M1 A0")
        await post(browser, f"/desk/undo/{deed(house)}")
    with Session(house.hub.engine) as session:
        assert "taken_back" not in session.scalars(select(AlertEventRow.kind)).all()


async def test_a_stranger_named_wrongly_is_a_stranger_again_with_all_they_sent(both: House) -> None:
    both.text(STRANGER, "SET 10001 H0715 M1 A1")
    both.text(STRANGER, "hello")
    second = both.item("unknown")
    first = second - 1
    async with both.browser("operator-1") as browser:
        await post(browser, f"/desk/{first}/identify", person="A1", called="1")
        assert record(both) is not None
        assert "Sender named" in (await browser.get("/desk")).text
        answer = await post(browser, f"/desk/undo/{deed(both)}")
        assert answer.headers["location"] == f"/desk/{first}?done=undone"
    assert record(both) is None
    with Session(both.hub.engine) as session:
        assert session.scalars(select(ContactRow.id).where(ContactRow.linked_at.is_not(None))).all() == []
    for number in (first, second):
        assert (item(both, number).kind, item(both, number).closed_at) == ("unknown", None), number
    assert item(both, second).claimed_by is None
    assert outgoing(both, "reply")[-1] == "withdrawn"
    both.text(STRANGER, "SET H0720")
    assert item(both, both.item("unknown")).id > second
    async with both.browser("operator-1") as browser:
        await post(browser, f"/desk/{first}/identify", person="A2", called="1")
    after = record(both)
    assert after is not None
    assert after["answers"]["H"] == "07:20"


def alerts(house: House) -> list[AlertRow]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(AlertRow).order_by(AlertRow.id)))
