"""What an operator does with an item besides mending it: records mended, questions sent, work given on."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AccountRow, AuditRow, JournalRow, OutboxRow, StationRecordRow, WorkItemRow
from tests.console.house import A1, A2, House, post

UNSOUND = "SET H2570 M1 A1"
TALLY = "TAL R900 V500 YA300 YB100"


def record(house: House, form: str = "TAL") -> StationRecordRow:
    with Session(house.hub.engine) as session:
        return session.scalars(select(StationRecordRow).where(StationRecordRow.form == form)).one()


def account(house: House, name: str) -> int:
    with Session(house.hub.engine) as session:
        return session.scalars(select(AccountRow.id).where(AccountRow.name == name)).one()


def row(house: House, item_id: int) -> WorkItemRow:
    with Session(house.hub.engine) as session:
        return session.get_one(WorkItemRow, item_id)


async def test_a_broken_rule_is_mended_in_the_record_of_both_observers_at_once(house: House) -> None:
    house.clock[0] += timedelta(hours=14)
    house.text(A1, TALLY)
    house.text(A2, TALLY)
    item = house.item("rule")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{item}")).text
        assert 'name="said.V.A1"' in page
        assert 'name="said.V.A2"' in page
        answer = await post(browser, f"/desk/{item}/amend", **{"said.V.A1": "400", "said.V.A2": "400"}, reason="read")
        assert answer.headers["location"] == "/desk?done=saved"
    assert (record(house).answers["V"], record(house).flags, record(house).conflicts) == ("400", [], [])
    assert (row(house, item).resolution, row(house, item).closed_by) == ("corrected", account(house, "operator-1"))
    with Session(house.hub.engine) as session:
        corrections = session.scalars(select(JournalRow).where(JournalRow.corrects.is_not(None))).all()
        assert [(it.text, it.corrects, it.reason) for it in corrections] == [
            ("TAL 10001 R900 V400 YA300 YB100", 1, "read"),
            ("TAL 10001 R900 V400 YA300 YB100", 2, "read"),
        ]
        noted = session.scalars(select(AuditRow).where(AuditRow.action == "amend")).one()
        assert noted.before["A1"]["V"] == "500"
        assert noted.after["A1"] == {"V": "400"}


async def test_a_number_that_cannot_be_is_not_stored_and_stays_in_its_field(house: House) -> None:
    house.clock[0] += timedelta(hours=14)
    house.text(A1, TALLY)
    item = house.item("rule")
    async with house.browser("operator-1") as browser:
        answer = await post(browser, f"/desk/{item}/amend", **{"said.V.A1": "99999"})
        assert answer.status_code == 422
        assert 'value="99999"' in answer.text
        assert "from 0 to 2000" in answer.text
        assert (await post(browser, f"/desk/{item}/amend", **{"said.V.A1": "500"})).status_code == 422  # no change
        answer = await post(browser, f"/desk/{item}/amend", **{"said.YB.A1": "150"})
        assert answer.headers["location"] == f"/desk/{item}?done=open"  # stored, and the rule is still broken
    assert (record(house).answers["V"], record(house).answers["YB"]) == ("500", "150")


async def test_an_answer_set_in_its_field_is_written_into_the_text(house: House) -> None:
    house.text(A1, UNSOUND)
    path = f"/desk/{house.item()}"
    async with house.browser("operator-1") as browser:
        page = (await browser.get(path)).text
        assert "data-code=M" in page
        read = (await post(browser, f"{path}/preview", text=UNSOUND, code="H", value="07:25")).text
    assert 'data-written="SET H07:25 M1 A1"' in read
    assert "accepted" in read


async def test_a_question_goes_to_the_sender_and_the_item_waits_for_the_answer(house: House) -> None:
    house.text(A1, UNSOUND)
    item = house.item()
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{item}")).text
        assert "n&#39;est pas une heure" in page or "heure" in page  # in the observer's language, French
        assert "2 SMS" in (await post(browser, f"/desk/{item}/count", question="é" * 161)).text
        assert (await post(browser, f"/desk/{item}/ask", question=" ")).status_code == 422
        answer = await post(browser, f"/desk/{item}/ask", question="À quelle heure ?")
        assert answer.headers["location"] == "/desk?done=asked"
        with Session(house.hub.engine) as session:
            sent = session.scalars(select(OutboxRow).where(OutboxRow.kind == "question")).one()
            assert (sent.text, sent.channel, sent.gateway) == ("À quelle heure ?", "sms", "twilio")
        assert "waits: À quelle heure ?" in (await browser.get("/desk/queue")).text
        house.text(A1, "yes?")
        assert "waits" not in (await browser.get("/desk/queue")).text
    assert house.audited()[-1] == "ask"


async def test_what_is_postponed_comes_back_when_its_time_is_up(house: House) -> None:
    house.text(A1, UNSOUND)
    item = house.item()
    async with house.browser("operator-1") as browser:
        assert (await post(browser, f"/desk/{item}/postpone", minutes="15")).status_code == 422
        assert (await post(browser, f"/desk/{item}/postpone", minutes="9999", why="x")).status_code == 422
        answer = await post(browser, f"/desk/{item}/postpone", minutes="15", why="calls back at nine")
        assert answer.headers["location"] == "/desk?done=postponed"  # and is not the next one
        assert "waits: calls back at nine" in (await browser.get("/desk/queue")).text
        house.clock[0] += timedelta(minutes=16)
        assert "waits" not in (await browser.get("/desk/queue")).text
        assert "Said before: calls back at nine" in (await browser.get(f"/desk/{item}")).text


async def test_an_item_is_handed_to_a_colleague_and_back_by_the_supervisor(house: House) -> None:
    house.text(A1, UNSOUND)
    item, second = house.item(), account(house, "operator-2")
    async with house.browser("operator-1") as browser, house.browser("supervisor") as supervisor:
        assert (await post(browser, f"/desk/{item}/hand", to="999")).status_code == 422
        await post(browser, f"/desk/{item}/hand", to=str(second), why="knows her")
        assert row(house, item).claimed_by == second
        page = (await supervisor.get("/team")).text
        assert "operator-2" in page
        await post(supervisor, f"/team/{item}/give", to=str(account(house, "operator-1")))
        assert row(house, item).claimed_by == account(house, "operator-1")
        assert (await post(supervisor, f"/team/{item}/give", to="999")).status_code == 404
        await post(browser, f"/desk/{item}/escalate", why="she was threatened")
        assert "for the supervisor: she was threatened" in (await supervisor.get("/team")).text
        assert "For the supervisor since 08:40: she was threatened" in (await supervisor.get(f"/desk/{item}")).text
    assert house.audited() == ["claim", "hand_over", "reassign", "escalate", "claim"]


async def test_the_supervisor_sees_how_many_each_has_closed(house: House) -> None:
    house.text(A1, UNSOUND)
    item = house.item()
    house.clock[0] += timedelta(minutes=6)
    async with house.browser("operator-1") as browser, house.browser("supervisor") as supervisor:
        await post(browser, f"/desk/{item}/unusable", reason="a test")
        page = (await supervisor.get("/team")).text
    assert '<td class="number">6.0</td>' in page
