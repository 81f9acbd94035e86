"""Late: whom to call, what came of it, and a report read out on the phone."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AuditRow, CallRow, JournalRow, OutboxRow, PersonRow, StationRecordRow, StationRow, SubmissionRow
from tests.console.house import A1, House, post


def ids(house: House, person: str = "A1", station: str = "10001") -> tuple[int, int]:
    with Session(house.hub.engine) as session:
        return (
            session.scalars(select(StationRow.id).where(StationRow.code == station)).one(),
            session.scalars(select(PersonRow.id).where(PersonRow.code == person)).one(),
        )


async def test_a_station_is_on_the_list_half_an_hour_after_the_form_was_due_and_until_it_comes(house: House) -> None:
    async with house.browser("operator-1") as browser:
        assert "Nobody has to be called" in (await browser.get("/late")).text  # 08:40, due at 08:30
        assert "10 min" in (await browser.get("/late?all=1")).text
        house.clock[0] += timedelta(minutes=20)
        page = (await browser.get("/late")).text
        for known in ("10001", "30 min", "A1", "A2", "…001", "never heard", "no phone is known", "20005"):
            assert known in page, known
        assert "670000001" not in page
        house.text(A1, "SET H0715 M1 A1")
        assert "10001" not in (await browser.get("/late/lines")).text


async def test_a_coordinator_sees_only_the_own_region_and_calls_nobody(house: House) -> None:
    house.clock[0] += timedelta(hours=1)
    station, person = ids(house)
    async with house.browser("littoral") as browser:
        page = (await browser.get("/late?region=Montagne")).text
        assert "10001" in page
        assert "20001" not in page
        assert 'name="outcome"' not in page
        assert (await post(browser, f"/late/number/{person}")).status_code == 403
        assert (await browser.get(f"/late/{station}/SET/{person}")).status_code == 403


async def test_a_number_is_shown_to_who_calls_and_every_look_is_in_the_audit(house: House) -> None:
    _, person = ids(house)
    async with house.browser("operator-1") as browser:
        assert 'href="tel:+237670000001"' in (await post(browser, f"/late/number/{person}")).text
        assert (await post(browser, "/late/number/999")).status_code == 404
    with Session(house.hub.engine) as session:
        assert [(it.action, it.subject) for it in session.scalars(select(AuditRow))] == [("reveal", "A1")]


async def test_what_came_of_a_call_is_kept_and_the_station_goes_behind_the_others(house: House) -> None:
    house.clock[0] += timedelta(hours=1)
    station, person = ids(house)
    async with house.browser("operator-1") as browser:
        path = f"/late/{station}/SET/called"
        await post(browser, path, person=str(person), outcome="no_answer")
        assert (await post(browser, path, person=str(person), outcome="shouted")).status_code == 422
        assert (await post(browser, path, person="999", outcome="off")).status_code == 404
        page = (await browser.get("/late")).text
        assert "09:40 A1: no answer (operator-1)" in page
        assert page.index("20001") < page.index("10001")
    with Session(house.hub.engine) as session:
        call = session.scalars(select(CallRow)).one()
        assert (call.outcome, call.form) == ("no_answer", "SET")


async def test_a_report_read_out_is_stored_as_if_it_had_been_texted(house: House) -> None:
    house.clock[0] += timedelta(hours=1)
    station, person = ids(house)
    path = f"/late/{station}/SET/{person}"
    async with house.browser("operator-1") as browser:
        answer = await post(browser, f"/late/{station}/SET/called", person=str(person), outcome="read")
        assert answer.headers["location"] == path
        page = (await browser.get(path)).text
        assert page.index("Opened at") < page.index("What is missing") < page.index("Observer admitted")
        answers = {"field.H": "2570", "field.M": "1,3", "field.A": "1", "field.W": ""}
        assert "2570" in (await post(browser, f"{path}/check", **answers)).text
        refused = await post(browser, path, **answers)
        assert refused.status_code == 422
        assert 'value="2570"' in refused.text
        answer = await post(browser, path, **answers | {"field.H": "0725"})
        assert answer.headers["location"] == "/late?done=read"
        assert (await browser.get(path)).status_code == 404  # it is not owed any more
        late = await post(browser, f"{path}/check", page="/late", **answers)  # of a field left as it was stored
        assert (late.status_code, late.text) == (204, "")
    with Session(house.hub.engine) as session:
        entry = session.scalars(select(JournalRow)).one()
        assert (entry.channel, entry.gateway, entry.text) == ("phone", "desk", "SET 10001 H0725 M1,3 A1")
        assert session.scalars(select(SubmissionRow.outcome)).one() == "accepted"
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:25", "M": "1,3", "A": "1"}
        reply = session.scalars(select(OutboxRow)).one()
        assert (reply.channel, reply.gateway) == ("sms", "")
        assert session.scalars(select(CallRow.outcome)).one() == "read"
    assert house.audited() == ["call", "dictate"]
