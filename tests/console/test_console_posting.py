"""People sent elsewhere, let in and cut off, a station replaced: by who may, after a yes, with the audit's word."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.database import writing
from hub.models import AuditRow, ContactRow, StationRow
from hub.sample import invitations, links, roster
from tests.console.browsers import log_in, needs_chromium
from tests.console.house import House, post


def posted(house: House, station: str) -> list[str]:
    with Session(house.hub.engine) as session:
        return roster.posted(session, station, house.clock[0])


def last_audit(house: House) -> AuditRow:
    with Session(house.hub.engine) as session:
        return session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).all()[0]


async def test_an_observer_is_moved_from_now_or_from_a_local_time(house: House) -> None:
    async with house.browser("supervisor") as browser:
        refused = await post(browser, "/find/observer/A1/move", station="10004")
        assert refused.status_code == 422
        assert "tick the line" in refused.text
        assert posted(house, "10004") == ["A3"]
        answer = await post(browser, "/find/observer/A1/move", station=" 10004 ", sure="true")
        assert answer.headers["location"] == "/find/observer/A1?done=moved"
        assert "Moved." in (await browser.get(answer.headers["location"])).text
        assert posted(house, "10004") == ["A1", "A3"]
        await post(browser, "/find/observer/A2/move", station="10004", since="2030-03-10T09:00", sure="true")
    assert posted(house, "10001") == ["A2"]
    house.clock[0] += timedelta(minutes=20)  # 09:00 in Arvenia
    assert posted(house, "10001") == []
    told = last_audit(house)
    assert (told.action, told.subject, told.address) == ("move_observer", "person A2", "127.0.0.1")
    assert told.account_id is not None


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("observer/A1/move", {"station": "99999"}, "There is no such station."),
        ("observer/A1/move", {"station": "10004", "since": "noon"}, "This is no time."),
        ("observer/A1/relieve", {"by": "A1"}, "Name another observer."),
        ("observer/A1/relieve", {"by": "nobody"}, "There is no such observer"),
        ("observer/A1/unlink", {"contact": "999"}, "It is cut off already."),
        ("station/10001/replace", {"by": "10004", "reason": "fire"}, "is in the sample already"),
        ("station/10001/replace", {"by": "99999", "reason": "fire"}, "There is no such station."),
        ("station/10001/replace", {"by": "99999", "reason": " "}, "the reason is published"),
    ],
)
async def test_what_cannot_be_says_why_and_changes_nothing(
    house: House, what: str, fields: dict[str, str], words: str
) -> None:
    async with house.browser("office") as browser:
        answer = await post(browser, f"/find/{what}", sure="true", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Nothing was changed." in answer.text
    assert posted(house, "10001") == ["A1", "A2"]
    assert house.audited() == []


async def test_another_observer_takes_over(house: House) -> None:
    async with house.browser("supervisor") as browser:
        await post(browser, "/find/observer/A1/relieve", by="A3", sure="true")
        assert "A3" in (await browser.get("/find/station/10001")).text
    assert posted(house, "10001") == ["A2", "A3"]
    assert posted(house, "10004") == []
    assert house.audited() == ["relieve_observer", "move_observer"]


async def test_a_one_time_code_is_shown_once_and_links_an_account_that_can_be_cut_off(house: House) -> None:
    async with house.browser("supervisor") as browser:
        page = (await post(browser, "/find/observer/A2/invite")).text
        found = re.search(r"/start (\d{8})", page)
        assert found
        assert found[1] not in (await browser.get("/find/observer/A2")).text
        with writing(house.hub.engine) as session:
            person = invitations.redeem(session, house.hub.vault, found[1], b"somebody", house.clock[0])
            assert isinstance(person, int)
            links.link(session, house.hub.vault, person, house.hub.vault.seal(b"7001"), "code", house.clock[0])
        *filed, linked = contacts(house, "telegram")
        page = (await browser.get("/find/observer/A2")).text
        assert "Telegram …001" in page
        assert (await post(browser, "/find/observer/A2/unlink", contact=str(linked))).status_code == 422
        assert contacts(house, "telegram") == [*filed, linked]
        await post(browser, "/find/observer/A2/unlink", contact=str(linked), sure="true")
        assert (await post(browser, "/find/observer/nobody/invite")).status_code == 404
    assert contacts(house, "telegram") == filed
    assert house.audited() == ["invite", "link_telegram", "unlink_telegram"]


async def test_a_number_that_the_desk_added_is_cut_off_and_one_of_the_files_is_not(house: House) -> None:
    with writing(house.hub.engine) as session:
        account, person = 1, session.scalars(select(ContactRow.person_id)).all()[0]
        links.adopt(session, house.hub.vault, person, "sms", house.hub.vault.seal(b"+237699"), account, house.clock[0])
    filed, added = contacts(house, "phone")[0], contacts(house, "phone")[-1]
    async with house.browser("office") as browser:
        for contact in (filed, added):
            await post(browser, "/find/observer/A1/unlink", contact=str(contact), sure="true")
    assert filed in contacts(house, "phone")
    assert added not in contacts(house, "phone")


async def test_a_station_is_replaced_with_its_reason(house: House) -> None:
    with writing(house.hub.engine) as session:
        stratum = session.scalars(select(StationRow.stratum).where(StationRow.code == "10001")).one()
        spare = update(StationRow).where(StationRow.code == "10004")
        session.execute(spare.values(sampled=False, stratum=stratum))
    async with house.browser("office") as browser:
        assert "Replace this station" not in (await browser.get("/find/station/10004")).text
        await post(browser, "/find/station/10001/replace", by="10004", reason="the school burnt", sure="true")
        assert "The school burnt" not in (await browser.get("/find/station/10001")).text
        assert "Replace this station" in (await browser.get("/find/station/10004")).text
    told = last_audit(house)
    assert (told.action, told.subject) == ("replace_station", "station 10001")
    assert told.after == {"by": "10004", "reason": "the school burnt"}


async def test_who_may_only_read_sees_no_form(house: House) -> None:
    for name in ("operator-1", "littoral", "lawyer"):
        async with house.browser(name) as browser:
            pages = [(await browser.get(f"/find/{what}")).text for what in ("observer/A1", "station/10001")]
        assert not any('class="posting"' in page for page in pages), name


@pytest.mark.browser
@pytest.mark.skipif(needs_chromium[1].args[0], reason="no Chromium is installed here")
def test_in_a_browser_an_observer_is_moved_after_a_yes(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    page = log_in(chromium, url, house, "supervisor", complaints, width=360, path="/find/observer/A1")
    page.get_by_text("Move to another station").click()
    page.get_by_label("Station", exact=True).fill("10004")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page).to_have_url(f"{url}/find/observer/A1")  # the browser asks for the yes first
    page.get_by_label("Messages count for the new station").check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("Moved.")
    assert posted(house, "10004") == ["A1", "A3"]


def contacts(house: House, kind: str) -> list[Any]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(ContactRow.id).where(ContactRow.kind == kind).order_by(ContactRow.id)))
