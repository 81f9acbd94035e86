"""Alerts, the day, the findings, the audit: what they show, also when there is nothing yet."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy.orm import Session

from hub.alerts import board
from tests.console.house import A1, A3, A4, House, post


async def test_every_page_says_what_will_appear_while_there_is_nothing(house: House) -> None:
    async with house.browser("admin") as browser:
        for path, words in (
            ("/desk", "Nothing waits."),
            ("/alerts", "No alerts."),
            ("/findings", "Shares appear with the first protocols."),
            ("/findings?form=SET", "No station has answered yet."),
            ("/day", "Expected by now"),
            ("/audit", "Nothing yet."),
            ("/accounts", "littoral"),
        ):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert words in answer.text, path


async def test_an_alert_tells_where_what_who_and_since_when_and_who_acknowledged_it(house: House) -> None:
    house.text(A1, "SET H0715 M1 A0")
    async with house.browser("littoral") as browser:
        page = (await browser.get("/alerts")).text
        for shown in ("10001", "Port-Nord", "Observer admitted: no", "Reported by A1 at 08:40", "nobody has answered"):
            assert shown in page
        assert "1 alert<" in (await browser.get("/pulse")).text
        house.clock[0] += timedelta(minutes=2)
        await post(browser, "/alerts/1/acknowledge")
        page = (await browser.get("/alerts/cards")).text
        assert "Acknowledged by littoral at 08:42" in page
        assert "in the console" in page
        assert "0 alerts" in (await browser.get("/pulse")).text
        await post(browser, "/alerts/1/resolve", words="admitted after a call")
        page = (await browser.get("/alerts?state=resolved")).text
        assert "Resolved by littoral at 08:42" in page
        assert "I have it" not in page
    assert house.audited() == ["acknowledge", "resolve"]


async def test_a_coordinator_sees_and_touches_the_own_region_alone(house: House) -> None:
    house.text(A4, "SET H0715 M1 A0")  # in Montagne
    async with house.browser("littoral") as browser:
        assert "20001" not in (await browser.get("/alerts?region=Montagne")).text
        assert "0 alerts" in (await browser.get("/pulse")).text
        refused = await post(browser, "/alerts/1/acknowledge")
        assert refused.status_code == 403
        assert "another region" in refused.text
        assert "Montagne" not in (await browser.get("/day")).text
    async with house.browser("office") as browser:
        assert "20001" in (await browser.get("/alerts")).text
        assert (await post(browser, "/alerts/7/resolve")).status_code == 404
    with Session(house.hub.engine) as session:
        assert board.cards(session)[0].state == "raised"


async def test_the_day_counts_what_came_and_colours_every_station(house: House) -> None:
    house.text(A1, "SET H0715 M1 A1")
    async with house.browser("office") as browser:
        page = (await browser.get("/day?form=SET")).text
        assert "1 of 4" in page
        assert "10001 · Port-Nord · complete" in page
        assert "20005 · Vallée · missing" in page
        assert "<polyline" in page
        assert "20005 · Vallée · not due yet" in (await browser.get("/day?form=TAL")).text


async def test_the_findings_show_counts_estimates_margins_and_their_base(house: House) -> None:
    for observer in (A1, A3, A4):
        house.text(observer, "SET H0715 M1 A1")
    async with house.browser("office") as browser:
        page = (await browser.get("/findings?form=SET")).text
        for shown in ("Observer admitted", "3 of 3", "100.0%", "3 stations", "not released"):
            assert shown in page


@pytest.mark.parametrize("language", ["en", "ru", "ky"])
async def test_every_page_speaks_every_language(house: House, language: str) -> None:
    house.text(A1, "SET H2570 M1 A0")
    async with house.browser("admin") as browser:
        await post(browser, "/me/language", language=language)
        for path in ("/desk", "/desk/1", "/alerts", "/day", "/findings", "/accounts", "/audit"):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert f'<html lang="{language}">' in answer.text, path


async def test_the_audit_is_filtered_by_its_address(house: House) -> None:
    async with house.browser("operator-1") as browser:
        await post(browser, "/me/language", language="ru")
    async with house.browser("admin") as browser:
        assert "changed language" in told(await browser.get("/audit?who=operator-1"))
        assert "changed language" not in told(await browser.get("/audit?who=admin"))


def told(audit: httpx.Response) -> str:
    """The lines of the audit, without the form above them."""
    return audit.text.partition("<tbody")[2]
