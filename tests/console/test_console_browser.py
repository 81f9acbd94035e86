"""The desk in a real Chromium, with the keyboard alone, by two operators."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.console.browsers import log_in, needs_chromium
from tests.console.house import A1, House

pytestmark = needs_chromium


def test_two_operators_at_the_desk_with_the_keyboard(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    house.text(A1, "SET H0715 M1 A1 W3O.5x")
    first = log_in(chromium, url, house, "operator-1", complaints)
    second = log_in(chromium, url, house, "operator-2", complaints)

    first.keyboard.press("j")
    first.keyboard.press("Enter")
    first.wait_for_url("**/desk/1")
    expect(first.locator("#original mark")).to_have_text("25701")

    second.goto(f"{url}/desk/1")
    expect(second.get_by_role("alert")).to_contain_text("operator-1 has this item since 08:40")
    expect(second.locator("textarea")).to_have_count(0)

    first.keyboard.press("e")
    first.keyboard.press("Control+a")
    first.keyboard.type("SET H0725 M12 A1")
    expect(first.locator("#reading")).to_contain_text("ink, seals")
    expect(first.locator("#reading .mark")).to_contain_text("accepted")
    first.keyboard.press("Control+Enter")
    first.wait_for_url("**/desk/2?done=saved")  # the next one opened by itself
    expect(first.locator("main").get_by_role("status")).to_contain_text("Stored")


def test_a_phone_shows_the_list_then_the_item_and_nothing_wider_than_the_screen(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1 # " + "a long comment without end " * 8)
    page = log_in(chromium, url, house, "operator-1", complaints, width=360)
    expect(page.locator("#queue")).to_be_visible()
    for path in ("/desk", "/desk/1", "/alerts"):
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(f"{url}/desk/1")
    expect(page.locator("#queue")).to_be_hidden()
    page.get_by_text("← the list").click()
    expect(page.locator("#queue")).to_be_visible()


def test_a_suggestion_writes_itself_where_the_problem_is_and_help_opens(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.clock[0] = house.clock[0].replace(hour=20)
    house.text(A1, "TAL R9З0 V500 YA300 YB200")
    page = log_in(chromium, url, house, "operator-1", complaints)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{url}/desk/1")
    page.get_by_role("button", name="write 930").click()
    expect(page.locator("#text")).to_have_value("TAL R930 V500 YA300 YB200")
    expect(page.locator("#reading .mark")).to_contain_text("accepted")
