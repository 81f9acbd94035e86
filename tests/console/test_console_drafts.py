"""An edit in progress survives a reload and an expired log-in, in a real Chromium; and the way in, walked once."""

from __future__ import annotations

import base64
from datetime import timedelta

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from hub.accounts import accounts, totp
from hub.database import writing
from hub.models import LoginSessionRow
from tests.console.browsers import log_in, needs_chromium
from tests.console.house import A1, PASSWORD, House

pytestmark = needs_chromium


def expire(house: House) -> None:
    with writing(house.hub.engine) as session:
        session.execute(delete(LoginSessionRow))


def come_back(house: House, page: Page, name: str) -> None:
    """Password and code, as the log-in page asks for them."""
    house.clock[0] += timedelta(seconds=totp.PERIOD)  # each code works once
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Six digits from the app").fill(house.code())
    page.keyboard.press("Enter")


def test_a_draft_outlives_a_reload_and_an_expired_log_in_until_the_server_has_it(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    page = log_in(chromium, url, house, "operator-1", complaints, path="/desk/1")
    page.locator("#text").fill("SET H0725 M1 A1")
    page.locator("#edit [name=reason]").fill("as she said")
    expect(page.locator("#reading .mark")).to_contain_text("accepted")
    page.reload()
    expect(page.locator("#text")).to_have_value("SET H0725 M1 A1")
    expect(page.locator("#edit [name=reason]")).to_have_value("as she said")
    expect(page.locator("#reading .mark")).to_contain_text("accepted")
    page.wait_for_load_state("networkidle")

    expire(house)
    page.locator("#text").press("Control+Enter")
    page.wait_for_url("**/login?next=/desk/1")
    come_back(house, page, "operator-1")
    page.wait_for_url("**/desk/1")
    expect(page.locator("#text")).to_have_value("SET H0725 M1 A1")
    expect(page.locator("#edit [name=reason]")).to_have_value("as she said")
    expect(page.locator("#reading .mark")).to_contain_text("accepted")
    assert "save" not in house.audited()  # nothing was sent twice, or without a log-in

    page.locator("#text").press("Control+Enter")
    page.wait_for_url("**/desk?done=saved*")
    assert "save" in house.audited()
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft'))") == []


def test_a_draft_that_was_refused_stays_and_is_nobody_elses_and_goes_with_the_log_out(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    page = log_in(chromium, url, house, "supervisor", complaints, path="/alerts")
    page.get_by_text("Somebody is in danger").click()
    form = page.locator("form[action='/alerts/sos']")
    words = form.locator("[name=words]")
    words.fill("they took her phone")
    form.locator("[name=whom]").fill("nobody we know")
    form.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no such station or person")
    expect(words).to_have_value("they took her phone")
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies()
    page.goto(f"{url}/alerts")
    come_back(house, page, "operator-1")
    page.wait_for_url("**/alerts")
    expect(words).to_have_value("")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft')).length") == 1
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.get_by_label("Name").wait_for()


def test_the_first_log_in_of_a_newcomer_on_a_phone(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    with writing(house.hub.engine) as session:
        made = accounts.create(session, "newcomer", "operator", "en")
    page = chromium.new_context(viewport={"width": 360, "height": 740}, locale="en-GB").new_page()
    page.goto(f"{url}/desk")
    page.get_by_label("Name").fill("newcomer")
    page.get_by_label("Password").fill(made)
    page.keyboard.press("Enter")
    page.get_by_label("Current password").fill(made)
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show the picture to scan").click()
    expect(page.locator(".qr")).to_be_visible()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 100  # the policy lets it be shown
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("Cannot scan it?").click()
    secret = base64.b32decode(page.locator("p.raw").inner_text())
    page.get_by_label("Six digits from the app").fill(totp.code(secret, totp.step_at(house.hub.timer())))
    page.keyboard.press("Enter")
    expect(page.locator(".recovery li")).to_have_count(10)
    page.get_by_role("button", name="I have written them down").click()
    page.wait_for_url("**/desk")
    page.goto(f"{url}/me")
    expect(page.get_by_text("set up, 10 recovery codes left")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_is_typed_before_the_scripts_arrive_on_a_slow_line_is_read_when_they_have(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.clock[0] += timedelta(hours=1)
    page = log_in(chromium, url, house, "operator-1", complaints, path="/late")
    late = page.locator(".owed-line").filter(has_text="10001")
    late.get_by_role("button", name="read it to me").first.click()
    expect(page.locator("#field-H")).to_be_visible()

    def type_and_be_read(address: str, field: str, typed: str, reading: str, words: str) -> None:
        page.route("**/static/vendor/htmx*", lambda route: None)
        page.goto(address, wait_until="commit")
        page.locator(field).fill(typed)
        page.unroute("**/static/vendor/htmx*")  # what was held goes on
        expect(page.locator(reading)).to_contain_text(words)

    type_and_be_read(page.url, "#field-H", "2570", "#troubles", "▲")
    house.text(A1, "SET H2570 M1 A1")
    type_and_be_read(f"{url}/desk/{house.item()}", "#text", "SET H0725 M1 A1", "#reading .mark", "accepted")
