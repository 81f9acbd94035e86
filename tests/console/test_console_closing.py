"""What ends otherwise than by mending: strangers who get a name, incidents that are verified, calls that are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bots.gateway import SendError
from hub import outbox
from hub.database import writing
from hub.delivery.sending import other_road
from hub.desk import nudges
from hub.election.definition import Election
from hub.models import AuditRow, CallRow, ContactRow, IncidentRow, StationRecordRow, SubmissionRow, WorkItemRow
from tests.console.house import A1, House, post

STRANGER = "+237670000010"  # one digit from A1's, A2's, A3's …


def item(house: House, item_id: int) -> WorkItemRow:
    with Session(house.hub.engine) as session:
        return session.get_one(WorkItemRow, item_id)


def open_kinds(house: House) -> list[str]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(WorkItemRow.kind).where(WorkItemRow.closed_at.is_(None))))


async def test_an_unknown_sender_is_offered_people_by_number_station_code_and_text(house: House) -> None:
    house.text(A1, "SET H0715 M1 A1")
    house.text(STRANGER, "SET H0715 M1 A1")
    house.text("+4915112345678", "SET 20001 H0715 M1 A1 # A3")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item('unknown') - 1}")).text
        assert page.index("<b>A1</b>") < page.index("<b>A2</b>")
        assert "number differs in 2 digits" in page
        assert "sent the same text" in page
        page = (await browser.get(f"/desk/{house.item('unknown')}")).text
        assert "is at the station in the text" in page
        assert "code is in the text" in page
        assert "5112345678" not in page


async def test_only_after_a_call_back_the_number_is_added_and_all_that_waited_is_read(house: House) -> None:
    house.text(STRANGER, "SET 10001 H0715 M1 A1")
    house.text(STRANGER, "hello")
    first, second = house.item("unknown") - 1, house.item("unknown")
    async with house.browser("operator-1") as browser:
        path = f"/desk/{first}/identify"
        assert (await post(browser, path, person="A1")).status_code == 422
        assert (await post(browser, path, person="XX", called="1")).status_code == 422
        answer = await post(browser, path, person="A1", called="1")
        assert answer.headers["location"] == f"/desk/{second}?done=identified"
        assert "<b>A1</b></a> · observer" in (await browser.get(f"/desk/{second}")).text
    assert (item(house, first).resolution, item(house, second).kind) == ("corrected", "message")
    with Session(house.hub.engine) as session:
        assert session.scalars(select(StationRecordRow)).one().answers["H"] == "07:15"
        assert session.scalars(select(SubmissionRow.outcome)).all() == ["rejected", "rejected", "accepted", "rejected"]
        assert session.scalars(select(ContactRow.hint).where(ContactRow.linked_at.is_not(None))).all() == ["010"]
        [noted] = session.scalars(select(AuditRow).where(AuditRow.action == "identify")).all()
    assert noted.after == {"person": "A1", "called back": True}
    house.text(STRANGER, "SET H0720")
    assert open_kinds(house) == ["message"]


def verifying(house: House) -> None:
    told = house.hub.election.model_dump(mode="json") | {"verify": 1}
    house.hub = replace(house.hub, election=Election.model_validate(told))
    house.app.state.hub = house.hub


async def test_a_grave_incident_is_verified_or_refuted_by_phone_and_that_is_undone_too(house: House) -> None:
    verifying(house)
    house.text(A1, "ALR 101 they beat somebody")
    house.text(A1, "ALR 201 posters at the door")
    number = house.item("incident")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{number}")).text
        assert "Is it so?" in page
        assert "they beat somebody" in page
        assert '<textarea id="text"' not in page
        assert (await post(browser, f"/desk/{number}/save", text="x")).status_code == 404
        assert (await post(browser, f"/desk/{number}/verify", sound="true")).status_code == 422
        await post(browser, f"/desk/{number}/verify", sound="false", reason="A2 saw nothing")
        with Session(house.hub.engine) as session:
            assert session.scalars(select(IncidentRow.verified).order_by(IncidentRow.id)).all() == [False, None]
        assert item(house, number).resolution == "refuted"
        await post(browser, "/desk/undo/1")
    with Session(house.hub.engine) as session:
        assert session.scalars(select(IncidentRow.verified).order_by(IncidentRow.id)).all() == [None, None]
    assert item(house, number).closed_at is None


async def test_a_reply_that_no_road_takes_is_somebody_s_to_call_for(house: House) -> None:
    house.text("+237670000002", "SET H0715 M1 A1")  # A2 has no Telegram
    with writing(house.hub.engine) as session:
        [due] = outbox.claim(session, ["sms"], house.clock[0], 10)
        outbox.refused(session, due, SendError("no such number", permanent=True), house.clock[0])
        other_road(session, house.hub, due, "blocked", house.clock[0])
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item('undeliverable')}")).text
        assert "did not reach the observer" in page
        assert "SET 10001: OK" in page
        assert (
            await post(browser, f"/desk/{house.item('undeliverable')}/settle", reason="new number")
        ).status_code == 303
    assert open_kinds(house) == []


async def test_a_late_report_is_an_item_until_it_comes_and_waits_after_a_call(house: House) -> None:
    house.clock[0] += timedelta(minutes=20)  # half an hour after it was due
    with writing(house.hub.engine) as session:
        nudges.remind(session, house.hub, house.clock[0])
        nudges.remind(session, house.hub, house.clock[0])
    assert open_kinds(house) == ["late"] * 4
    with Session(house.hub.engine) as session:
        row = session.scalars(select(WorkItemRow).order_by(WorkItemRow.id)).all()[0]
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{row.id}")).text
        assert "Whom to call" in page
        assert "…001" in page
        await post(browser, "/late/number/1")
        assert "shown 1 time" in (await browser.get(f"/desk/{row.id}")).text
        answer = await post(
            browser, f"/late/{row.station_id}/SET/called", person="1", outcome="no_answer", item=str(row.id)
        )
        assert answer.headers["location"].endswith("?done=called")
    assert item(house, row.id).postponed_until == house.clock[0] + timedelta(minutes=10)
    with Session(house.hub.engine) as session:
        assert session.scalars(select(CallRow.outcome)).all() == ["no_answer"]
    house.text(A1, "SET H0715 M1 A1")
    assert (item(house, row.id).resolution, len(open_kinds(house))) == ("came", 3)
    with writing(house.hub.engine) as session:
        nudges.remind(session, house.hub, house.clock[0])
    assert len(open_kinds(house)) == 3


async def test_whoever_leaves_an_item_gives_it_back(house: House) -> None:
    house.text(A1, "SET H2570 M1 A1")
    number = house.item()
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await first.get(f"/desk/{number}")
        await post(second, f"/desk/{number}/left")  # it is not theirs
        assert item(house, number).claimed_by is not None
        assert (await post(first, f"/desk/{number}/left")).status_code == 204
        assert item(house, number).claimed_by is None
        assert '<textarea id="text"' in (await second.get(f"/desk/{number}")).text


async def test_the_sender_s_card_tells_who_else_is_there_and_what_came_over_every_channel(house: House) -> None:
    house.text("8100001", "SET H0715", channel="telegram")
    house.text(A1, "SET H2570 M1 A1")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item()}")).text
    for known in ("also there: A2", "heard ", "Telegram", "SET H0715"):
        assert known in page, known
