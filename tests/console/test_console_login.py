"""Coming in, going out, and the language."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from hub.accounts import accounts, sessions
from hub.console.login import own_path
from hub.database import writing
from hub.models import AccountRow
from tests.console.house import House, post

PASSWORD = "blue-kettle-92-river"


def with_password(house: House, name: str) -> None:
    with writing(house.hub.engine) as session:
        accounts.create(session, name, "operator", "ru", password=PASSWORD)


async def test_who_logs_in_lands_at_the_first_place_of_the_role_or_where_they_wanted_to_go(house: House) -> None:
    with_password(house, "newcomer")
    async with house.browser() as browser:
        answer = await browser.post("/login", data={"name": "newcomer", "password": PASSWORD})
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await browser.get("/")).headers["location"] == "/desk"
        answer = await browser.post("/login", data={"name": "newcomer", "password": PASSWORD, "next": "/alerts"})
        assert answer.headers["location"] == "/alerts"
    assert house.audited() == ["login", "login"]


async def test_wrong_passwords_are_told_noted_and_slowed_down(house: House) -> None:
    with_password(house, "newcomer")
    async with house.browser() as browser:
        for name in ("newcomer", "nobody"):
            answer = await browser.post("/login", data={"name": name, "password": "wrong"})
            assert answer.status_code == 401
            assert "Name or password is wrong" in answer.text
        for _ in range(accounts.FREE_FAILURES):
            answer = await browser.post("/login", data={"name": "newcomer", "password": "wrong"})
        answer = await browser.post("/login", data={"name": "newcomer", "password": PASSWORD})
        assert answer.status_code == 429
        assert "Try again in" in answer.text
        house.clock[0] += accounts.LONGEST_LOCK
        assert (await browser.post("/login", data={"name": "newcomer", "password": PASSWORD})).status_code == 303
    assert set(house.audited()) == {"login_failed", "login"}


async def test_a_log_in_that_ended_leads_back_to_where_one_was(house: House) -> None:
    async with house.browser("operator-1") as browser:
        house.clock[0] += sessions.IDLE + timedelta(seconds=1)
        answer = await browser.get("/desk/7")
        assert answer.headers["location"] == "/login?next=/desk/7"
        answer = await browser.get("/pulse", headers={"hx-request": "true", "hx-current-url": "http://x/desk/7"})
        assert answer.headers["hx-redirect"] == "/login?next=/desk/7"


async def test_who_works_stays_logged_in(house: House) -> None:
    async with house.browser("operator-1") as browser:
        for _ in range(4):
            house.clock[0] += sessions.IDLE - timedelta(minutes=1)
            assert (await browser.get("/desk")).status_code == 200


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
