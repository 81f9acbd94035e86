"""What people do all day, in a real Chromium, page after page."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Browser, expect

from tests.console.browsers import log_in, needs_chromium
from tests.console.house import A1, A2, A4, House
from tests.journeys.town import ARVENIA

pytestmark = needs_chromium


def test_with_the_keyboard_alone_an_item_is_taken_mended_and_stored_and_the_next_one_opens(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    house.text(A4, "SET H2580 M1 A1")
    page = log_in(chromium, url, house, "operator-1", complaints)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the page")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/desk/1")
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("SET H0725 M12 A1")
    expect(page.locator("#reading .mark")).to_contain_text("accepted")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/desk/2?done=saved*")
    page.keyboard.press("/")
    page.keyboard.type("10001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/station/10001")
    expect(page.locator(".history")).to_contain_text("SET H0725 M12 A1")


def test_the_back_button_and_a_second_click_do_nothing_twice(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H2570 M1 A1")
    page = log_in(chromium, url, house, "operator-1", complaints, path="/desk/1")
    page.locator("#text").fill("SET H0725 M1 A1")
    page.locator("#store").dblclick()
    page.wait_for_url("**?done=saved*")
    assert house.audited().count("save") == 1
    page.go_back()
    expect(page.locator("#holder")).to_contain_text("Closed at 08:40 by operator-1: corrected.")
    expect(page.locator("#text")).to_have_count(0)


def test_two_who_decide_one_conflict_one_wins_and_the_other_is_told(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H0715 M1 A1")
    house.text(A2, "SET H0715 M2 A1")
    path = f"/desk/{house.item('conflict')}"
    first = log_in(chromium, url, house, "operator-1", complaints, path=path)
    second = log_in(chromium, url, house, "operator-2", complaints, path=path)
    expect(second.get_by_role("alert")).to_contain_text("operator-1 has this item")
    expect(second.get_by_role("radio")).to_have_count(0)
    first.get_by_role("radio").first.check()
    first.get_by_label("Why", exact=True).first.fill("called both")
    first.get_by_role("button", name="Decide").click()
    first.wait_for_url("**?done=decided*")
    second.reload()
    expect(second.locator("#holder")).to_contain_text("Closed at 08:40 by operator-1: decided.")


def test_an_item_is_postponed_handed_over_escalated_and_given_by_the_supervisor(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    for sender in (A1, A2, A4):
        house.text(sender, "SET H2570 M1 A1")
    page = log_in(chromium, url, house, "operator-1", complaints)
    for item, button, done in (
        (1, "Postpone", "postponed"),
        (2, "Hand over", "handed"),
        (3, "Ask the supervisor", "escalated"),
    ):
        page.goto(f"{url}/desk/{item}")
        page.get_by_text("Not now, or not for me").click()
        page.locator("#pass").get_by_label("Why").fill("in a tunnel")
        if button == "Hand over":
            page.get_by_label("Colleague").select_option(label="operator-2")
        page.get_by_role("button", name=button).click()
        page.wait_for_url(f"**?done={done}*")
    supervisor = log_in(chromium, url, house, "supervisor", complaints, path="/team")
    expect(supervisor.get_by_text("for the supervisor: in a tunnel")).to_be_visible()
    row = supervisor.get_by_role("row").filter(has_text="for the supervisor")
    supervisor.get_by_label("Give to").select_option(label="operator-2")
    row.get_by_role("button", name="Give").click()
    expect(supervisor.get_by_role("row").filter(has_text="for the supervisor")).to_contain_text("operator-2")


def test_who_is_late_is_called_and_what_they_read_out_is_stored(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.clock[0] += timedelta(hours=1)
    page = log_in(chromium, url, house, "operator-1", complaints, path="/late", width=360)
    line = page.locator(".owed-line").filter(has_text="10001")
    line.get_by_role("button", name="phone …001").click()
    expect(line.get_by_role("link", name="+237670000001")).to_be_visible()
    line.get_by_role("button", name="no answer").first.click()
    expect(page.locator(".owed-line").filter(has_text="10001")).to_contain_text("1 call")
    page.locator(".owed-line").filter(has_text="10001").get_by_role("button", name="read it to me").first.click()
    page.locator("#field-H").fill("2570")
    page.locator("#field-M").focus()
    expect(page.locator("#troubles")).to_contain_text("▲")
    page.locator("#field-H").fill("0715")
    page.locator("#field-M").fill("1")
    page.locator("#field-A").select_option("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/late?done=read")
    expect(page.locator(".owed-line").filter(has_text="10001")).to_have_count(0)


def test_an_alert_is_taken_on_a_phone_and_everybody_sees_who_has_it(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H0715 M1 A0")
    office = log_in(chromium, url, house, "office", complaints, path="/alerts")
    phone = log_in(chromium, url, house, "littoral", complaints, width=360, path="/alerts")
    button = phone.get_by_role("button", name="I have it")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 43
    button.click()
    expect(phone.locator(".card")).to_contain_text("Acknowledged by littoral")
    expect(office.locator(".card")).to_contain_text("Acknowledged by littoral")


def test_a_language_that_was_chosen_is_kept_on_every_page_and_at_the_next_log_in(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    page = log_in(chromium, url, house, "operator-1", complaints)
    page.locator(".who summary").click()
    page.get_by_role("button", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.goto(f"{url}/late")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    again = log_in(chromium, url, house, "operator-1", complaints)
    expect(again.locator("html")).to_have_attribute("lang", "ru")


def test_a_spreadsheet_is_looked_at_and_taken(house: House, url: str, chromium: Browser, complaints: list[str]) -> None:
    page = log_in(chromium, url, house, "admin", complaints, path="/import")
    page.get_by_label("What the file holds").select_option("stations")
    frame = (ARVENIA / "stations.csv").read_bytes().replace(b",900,", b",901,")
    page.get_by_label("Spreadsheet").set_input_files({"name": "frame.csv", "mimeType": "text/csv", "buffer": frame})
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator("main")).to_contain_text("Polling stations")
    page.get_by_role("button", name="Take it in").click()
    page.wait_for_url("**/import?taken=stations")


def test_what_is_looked_for_is_found_by_code_digits_and_words(
    house: House, url: str, chromium: Browser, complaints: list[str]
) -> None:
    house.text(A1, "SET H0715 M1 A1 # the lamp broke")
    page = log_in(chromium, url, house, "office", complaints, path="/day")
    for sought, found in (
        ("10001", "**/find/station/10001"),
        ("A1", "**/find/observer/A1"),
        ("lamp", "**/find?q=lamp"),
    ):
        page.get_by_role("searchbox").first.fill(sought)
        page.keyboard.press("Enter")
        page.wait_for_url(found)
        expect(page.locator("main")).to_contain_text("the lamp broke")
