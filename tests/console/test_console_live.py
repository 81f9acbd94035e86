"""Open pages in a real Chromium: what happens shows by itself, and a connection that is lost says so and mends."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from playwright.sync_api import Browser, expect

from tests.console.browsers import log_in, needs_chromium, served
from tests.console.house import A1, A2, A4, House

pytestmark = needs_chromium


def test_what_happens_shows_at_once_in_the_queue_the_bell_the_alerts_and_the_day(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    operator = log_in(chromium, url, house, "operator-1", complaints)
    lawyer = log_in(chromium, url, house, "littoral", complaints, path="/alerts")
    office = log_in(chromium, url, house, "office", complaints, path="/day?form=SET")
    expect(operator.locator("#entry-1")).to_contain_text("10001")
    expect(lawyer.locator("#bell-alerts")).to_have_text("● 0 alerts")
    operator.locator("#entry-1").focus()
    held = operator.locator("#entry-1").bounding_box()

    house.text(A4, "SET H2580 M1 A1")
    expect(operator.locator("#queued-2.arrived")).to_be_visible()
    assert operator.locator("#entry-1").bounding_box() == held, "the line under the cursor moved"
    expect(operator.locator("#entry-1")).to_be_focused()

    house.text(A1, "SET H0715 M1 A0")
    expect(lawyer.locator(".card h2")).to_contain_text("10001")
    expect(lawyer.locator("#bell-alerts")).to_have_text("■ 1 alert")
    expect(lawyer.locator("#announced")).to_have_text("■ 1 alert")
    expect(office.get_by_title("10001 · Port-Nord · complete")).to_be_visible()


def test_two_pages_see_who_takes_what_without_a_reload(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    first = log_in(chromium, url, house, "operator-1", complaints)
    second = log_in(chromium, url, house, "operator-2", complaints)
    first.locator("#entry-1").click()
    expect(second.locator("#entry-1")).to_contain_text("operator-1 has it")
    first.get_by_role("button", name="Give back").click()
    expect(second.locator("#entry-1")).not_to_contain_text("has it")


def test_a_lost_connection_is_shown_nothing_is_sent_into_it_and_it_mends_by_itself(
    house: House, chromium: Browser
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    port = _free_port()
    with ExitStack() as first_server:
        url = first_server.enter_context(served(house, port))
        page = log_in(chromium, url, house, "operator-1", [], path="/desk/1")  # a server that is away is complained of
        page.locator("#text").fill("SET H0725 M1 A1")
        expect(page.locator("#reading .mark")).to_contain_text("accepted")
        expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#connection")).to_contain_text("The connection is lost")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#connection")).to_contain_text("Not sent")
    house.text(A4, "SET H2580 M1 A1")
    with served(house, port):
        expect(page.locator("#connection")).to_be_hidden()
        expect(page.locator("#queued-2")).to_be_visible()
        expect(page.locator("#text")).to_have_value("SET H0725 M1 A1")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**?done=saved*")


def test_a_page_without_a_stream_asks_by_itself(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    page = log_in(chromium, url, house, "operator-1", complaints)
    page.context.route("**/events", lambda route: route.fulfill(status=204))
    page.clock.install()
    page.reload()
    expect(page.locator("#queue-count")).to_contain_text("0 waiting")
    house.text(A1, "SET H2570 M1 A1")
    page.clock.run_for(11_000)
    expect(page.locator("#queued-1")).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def test_a_log_in_that_ended_is_said_and_the_page_stays_as_it_is(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H0715 M1 A0")
    page = log_in(chromium, url, house, "littoral", complaints, path="/alerts")
    expect(page.locator("#bell-alerts")).to_be_visible()
    page.context.clear_cookies()
    house.text(A2, "SET H0715 M1 A0")
    expect(page.locator("#connection")).to_contain_text("You are logged out")
    expect(page.locator("#connection").get_by_role("link")).to_have_attribute("href", "/login?next=/alerts")
    expect(page.locator(".card")).to_be_visible()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
