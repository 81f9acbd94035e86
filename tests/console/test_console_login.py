"""Coming in, going out, and the language."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub.accounts import accounts, addresses, second_factor, totp
from hub.accounts.sessions import Limits
from hub.console.app import console
from hub.console.login import own_path
from hub.database import writing
from hub.models import AccountRow
from tests.console.house import PASSWORD, House, post

IDLE = Limits().idle


async def test_who_logs_in_gives_the_password_and_the_code_and_lands_where_they_wanted_to_go(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/login", data={"name": "operator-1", "password": PASSWORD})
        assert answer.headers["location"] == "/me/code?next=/"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        halfway = browser.cookies["hub_session"]
        assert (await browser.get("/desk")).headers["location"] == "/me/code?next=/desk"
        answer = await post(browser, "/me/code", page="/me/code", code=house.code(), next="/alerts")
        assert answer.headers["location"] == "/alerts"
        assert (await browser.get("/")).headers["location"] == "/desk"
        browser.cookies.set("hub_session", halfway)
        assert (await browser.get("/desk")).headers["location"] == "/login?next=/desk"
    assert house.audited() == ["login"]


async def test_wrong_passwords_are_told_noted_and_slowed_down(house: House) -> None:
    async with house.browser() as browser:
        for name in ("operator-1", "nobody"):
            answer = await browser.post("/login", data={"name": name, "password": "wrong"})
            assert answer.status_code == 401
            assert "Name or password is wrong" in answer.text
        for _ in range(accounts.FREE_FAILURES):
            answer = await browser.post("/login", data={"name": "operator-1", "password": "wrong"})
        answer = await browser.post("/login", data={"name": "operator-1", "password": PASSWORD})
        assert answer.status_code == 429
        assert "Try again in" in answer.text
        house.clock[0] += accounts.LONGEST_LOCK
        assert (await browser.post("/login", data={"name": "operator-1", "password": PASSWORD})).status_code == 303
    assert set(house.audited()) == {"login_failed"}


async def test_who_tries_one_password_on_every_name_is_shut_out_by_the_address_in_all_processes(house: House) -> None:
    house.hub.settings.logins_per_address = 5
    other = House(house.hub, console(house.hub), house.clock)  # another web process on the same database
    async with house.browser() as browser, other.browser() as elsewhere:
        for number in range(5):
            answer = await browser.post("/login", data={"name": f"name-{number}", "password": "blue-kettle"})
            assert answer.status_code == 401
        forged = {"x-forwarded-for": "10.9.9.9"}  # nobody says so whom we believe
        for data in ({"name": "name-9", "password": "x"}, {"name": "operator-1", "password": PASSWORD}):
            answer = await elsewhere.post("/login", data=data, headers=forged)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
        assert house.audited() == ["login_failed"] * 5  # and a flood does not fill it
        house.clock[0] += addresses.WINDOW
        assert (await elsewhere.post("/login", data={"name": "operator-1", "password": PASSWORD})).status_code == 303


async def test_an_office_behind_one_address_logs_in_as_often_as_it_likes(house: House) -> None:
    house.hub.settings.logins_per_address = 2
    async with house.browser() as browser:
        for name in ("operator-1", "operator-2", "supervisor", "office"):
            assert (await browser.post("/login", data={"name": name, "password": PASSWORD})).status_code == 303


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_of_ipv6_a_subscriber_has_a_whole_network(address: str, network: str) -> None:
    assert addresses.network(address) == network


async def test_wrong_codes_are_told_noted_and_slowed_down_and_no_code_works_twice(house: House) -> None:
    async with house.browser() as browser:
        await browser.post("/login", data={"name": "operator-1", "password": PASSWORD})
        answer = await post(browser, "/me/code", page="/me/code", code="000000")
        assert answer.status_code == 401
        assert "This code is wrong" in answer.text
        for _ in range(accounts.FREE_FAILURES):
            answer = await post(browser, "/me/code", page="/me/code", code="000000")
        answer = await post(browser, "/me/code", page="/me/code", code=house.code())
        assert answer.status_code == 429
        house.clock[0] += accounts.LONGEST_LOCK
        code = house.code()
        assert (await post(browser, "/me/code", page="/me/code", code=code)).status_code == 303
        await browser.post("/login", data={"name": "operator-1", "password": PASSWORD})
        assert (await post(browser, "/me/code", page="/me/code", code=code)).status_code == 401
    assert set(house.audited()) == {"code_failed", "login"}


async def test_a_first_log_in_is_a_password_of_ones_own_then_a_second_factor_then_the_page(house: House) -> None:
    with writing(house.hub.engine) as session:
        made = accounts.create(session, "newcomer", "operator", "en")
    async with house.browser() as browser:
        answer = await browser.post("/login", data={"name": "newcomer", "password": made, "next": "/alerts"})
        answer = await browser.get(answer.headers["location"])
        assert answer.headers["location"] == "/me/password?next=/alerts"
        assert (await browser.get("/me/second-factor")).headers["location"].startswith("/me/password")
        page = (await browser.get("/me/password?next=/alerts")).text
        assert "Somebody else made the one you have" in page
        assert "/events" not in page
        assert 'href="/desk"' not in page
        for current, wanted, words in [
            (made, "short", "Too short"),
            (made, "password1234", "Easy to guess"),
            (made, made, "This is the password you have"),
            ("wrong", PASSWORD, "The current password is wrong"),
        ]:
            answer = await post(browser, "/me/password", page="/me/password", current=current, wanted=wanted)
            assert words in answer.text
        fields = {"current": made, "wanted": PASSWORD, "next": "/alerts"}
        answer = await post(browser, "/me/password", page="/me/password", **fields)
        answer = await browser.get(answer.headers["location"])
        assert answer.headers["location"] == "/me/second-factor?next=/alerts"

        page = (await browser.get("/me/second-factor?next=/alerts")).text
        assert "data:image/svg" not in page
        page = (await post(browser, "/me/second-factor", page="/me/password", next="/alerts")).text
        assert 'src="data:image/svg+xml' in page
        secret = base64.b32decode(re.findall(r'class="raw">([A-Z2-7]{32})<', page)[0])
        code = totp.code(secret, totp.step_at(house.hub.timer()))
        page = (await post(browser, "/me/second-factor/confirm", page="/me/password", code="000000")).text
        assert "This code is wrong" in page
        assert "data:image/svg" not in page  # it was shown
        page = (await post(browser, "/me/second-factor/confirm", page="/me/password", code=code, next="/alerts")).text
        recovery = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", page)
        assert len(recovery) == second_factor.RECOVERY_CODES
        assert 'href="/alerts"' in page
        assert (await browser.get("/alerts")).status_code == 200
        assert recovery[0] not in (await browser.get("/me")).text

    async with house.browser() as elsewhere:  # with a recovery code, once
        for status in (303, 401):
            await elsewhere.post("/login", data={"name": "newcomer", "password": PASSWORD})
            answer = await post(elsewhere, "/me/code", page="/me/code", code=recovery[0])
            assert answer.status_code == status
            if status == 303:
                assert "set up, 9 recovery codes left" in (await elsewhere.get("/me")).text
    assert house.audited() == ["login", "login_failed", "password", "second_factor", "login", "code_failed"]


async def test_where_a_second_factor_is_only_offered_the_password_is_enough(house: House) -> None:
    house.hub.settings.second_factor = "offered"
    with writing(house.hub.engine) as session:
        accounts.create(session, "newcomer", "operator", "en", password=PASSWORD)
    async with house.browser() as browser:
        answer = await browser.post("/login", data={"name": "newcomer", "password": PASSWORD, "next": "/alerts"})
        assert (await browser.get(answer.headers["location"])).status_code == 200
        assert "Not set up" in (await browser.get("/me")).text


async def test_a_log_in_that_ended_leads_back_to_where_one_was(house: House) -> None:
    async with house.browser("operator-1") as browser:
        house.clock[0] += IDLE + timedelta(seconds=1)
        answer = await browser.get("/desk/7")
        assert answer.headers["location"] == "/login?next=/desk/7"
        answer = await browser.get("/pulse", headers={"hx-request": "true", "hx-current-url": "http://x/desk/7"})
        assert answer.headers["hx-redirect"] == "/login?next=/desk/7"


async def test_who_works_stays_logged_in(house: House) -> None:
    async with house.browser("operator-1") as browser:
        for _ in range(4):
            house.clock[0] += IDLE - timedelta(minutes=1)
            assert (await browser.get("/desk")).status_code == 200


async def test_a_page_that_keeps_itself_up_to_date_is_nobody_who_works(house: House) -> None:
    async with house.browser("operator-1") as browser:
        house.clock[0] += IDLE - timedelta(minutes=1)
        assert (await browser.get("/pulse", headers={"x-have": ""})).status_code == 200
        house.clock[0] += timedelta(minutes=2)
        assert (await browser.get("/desk")).status_code == 303


async def test_a_log_in_ends_when_the_settings_say(house: House) -> None:
    house.hub.settings.session_idle_minutes, house.hub.settings.session_hours = 30, 1
    async with house.browser("operator-1") as browser:
        for _ in range(2):
            house.clock[0] += timedelta(minutes=29)
            assert (await browser.get("/desk")).status_code == 200
        house.clock[0] += timedelta(minutes=3)  # nobody was idle, but the hour is over
        assert (await browser.get("/desk")).status_code == 303


async def test_logging_out_ends_the_log_in_for_good(house: House) -> None:
    async with house.browser("operator-1") as browser:
        token = browser.cookies["hub_session"]
        assert (await post(browser, "/logout")).headers["location"] == "/login"
        browser.cookies.set("hub_session", token)
        assert (await browser.get("/desk")).status_code == 303


async def test_an_admin_ends_the_log_ins_of_an_account(house: House) -> None:
    async with house.browser("admin") as admin, house.browser("operator-1") as operator:
        with writing(house.hub.engine) as session:
            account_id = session.scalars(select(AccountRow.id).where(AccountRow.name == "operator-1")).one()
        assert (await post(admin, f"/accounts/{account_id}/revoke")).status_code == 303
        assert (await operator.get("/desk")).status_code == 303
    assert house.audited() == ["revoke"]


async def test_the_language_is_kept_with_the_account_and_before_that_in_the_browser(house: House) -> None:
    async with house.browser() as stranger:
        assert "Password" in (await stranger.get("/login")).text
        assert "Пароль" in (await stranger.get("/login", headers={"accept-language": "ru-RU,ru;q=0.9"})).text
        await stranger.post("/language", data={"language": "ky", "next": "/login"})
        assert "Сырсөз" in (await stranger.get("/login")).text
    async with house.browser("operator-1") as browser:
        answer = await post(browser, "/me/language", language="ru", next="/desk")
        assert answer.headers["location"] == "/desk"
    async with house.browser("operator-1") as elsewhere:
        assert "Очередь" in (await elsewhere.get("/desk")).text
        await post(elsewhere, "/me/language", language="tlh")
        assert "Очередь" in (await elsewhere.get("/desk")).text


async def test_an_account_in_a_language_that_the_console_lacks_still_gets_words(house: House) -> None:
    with writing(house.hub.engine) as session:
        session.execute(update(AccountRow).values(language="fr"))
    async with house.browser("operator-1") as browser:
        page = (await browser.get("/desk")).text
        assert "Nothing waits." in page
        assert "General election of Arvenia" in page


def test_nobody_is_sent_to_another_site_after_the_log_in() -> None:
    assert own_path("/desk/7?done=x") == "/desk/7?done=x"
    for foreign in ("https://evil.example", "//evil.example", "/\\evil.example", "desk", "", "/a\r\nX: y"):
        assert own_path(foreign) == "/"
