"""My account, everybody's accounts, and the audit."""

from __future__ import annotations

import re

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import audit
from hub.accounts import totp
from hub.audit import Wanted
from hub.database import reading, writing
from hub.models import AccountRow, AuditRow, PersonRow
from tests.console.house import PASSWORD, TOTP, House, post

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


async def came_in(house: House, name: str, steps: int = 0) -> httpx.AsyncClient:
    """A browser that went the whole way; `steps`: each code works once."""
    browser = house.browser()
    browser.headers["user-agent"] = FIREFOX
    await browser.post("/login", data={"name": name, "password": PASSWORD})
    assert (await post(browser, "/me/code", page="/me/code", code=house.code(steps))).status_code == 303
    return browser


def id_of(house: House, name: str) -> int:
    with Session(house.hub.engine) as session:
        return session.scalars(select(AccountRow.id).where(AccountRow.name == name)).one()


async def test_my_log_ins_are_listed_and_ended_one_or_all_others(house: House) -> None:
    first, second, third = [await came_in(house, "operator-1", steps) for steps in (-1, 0, 1)]
    page = (await first.get("/me")).text
    assert page.count("Firefox · Windows") == 3
    assert page.count("● this one") == 1
    assert page.count("08:40") >= 6  # since, and last seen
    other = re.findall(r"/me/sessions/(\d+)/end", page)[-1]
    assert (await post(first, f"/me/sessions/{other}/end")).status_code == 303
    assert sorted([(await it.get("/desk")).status_code for it in (second, third)]) == [200, 303]
    assert (await post(first, "/me/sessions/others")).status_code == 303
    assert [(await it.get("/desk")).status_code for it in (first, second, third)] == [200, 303, 303]
    assert house.audited()[-2:] == ["revoke", "revoke"]


async def test_nobody_ends_somebody_elses_log_in_from_their_own_page(house: House) -> None:
    async with house.browser("operator-1") as mine, house.browser("operator-2") as theirs:
        assert (await post(theirs, "/me/sessions/1/end")).status_code == 404
        assert (await mine.get("/desk")).status_code == 200


async def test_a_new_password_ends_the_other_log_ins_and_is_the_only_one_that_lets_in(house: House) -> None:
    async with house.browser("operator-1") as browser, house.browser("operator-1") as elsewhere:
        fields = {"current": PASSWORD, "wanted": "green-kettle-92-river"}
        assert (await post(browser, "/me/password", **fields)).headers["location"] == "/me"
        assert (await browser.get("/desk")).status_code == 200
        assert (await elsewhere.get("/desk")).status_code == 303
        for password, status in ((PASSWORD, 401), ("green-kettle-92-river", 303)):
            answer = await elsewhere.post("/login", data={"name": "operator-1", "password": password})
            assert answer.status_code == status
    with reading(house.hub.engine) as session:
        noted = audit.recent(session, Wanted(action="password"))
    assert [(it.who, it.address, it.after) for it in noted] == [("operator-1", "127.0.0.1", {"log_ins_ended": 1})]


async def test_the_current_password_cannot_be_guessed_quickly_on_a_machine_left_alone(house: House) -> None:
    async with house.browser("operator-1") as browser:
        for _ in range(5):
            answer = await post(browser, "/me/password", current="wrong", wanted="green-kettle-92-river")
            assert "The current password is wrong" in answer.text
        answer = await post(browser, "/me/password", current=PASSWORD, wanted="green-kettle-92-river")
        assert "Too many wrong attempts" in answer.text
        answer = await post(browser, "/me/second-factor", current=PASSWORD)
        assert "data:image" not in answer.text


async def test_a_new_phone_needs_the_password(house: House) -> None:
    async with house.browser("operator-1") as browser:
        assert "data:image" not in (await post(browser, "/me/second-factor", current="wrong")).text
        page = (await post(browser, "/me/second-factor", current=PASSWORD)).text
        assert "data:image/svg+xml" in page
    assert TOTP.hex() not in page


async def test_an_admin_helps_somebody_back_in_and_is_told_the_password_once(house: House) -> None:
    anna = id_of(house, "operator-1")
    async with house.browser("admin") as admin, house.browser("operator-1") as operator:
        made = re.findall(r'class="raw">([^<]+)<', (await post(admin, f"/accounts/{anna}/password")).text)[0]
        assert (await operator.get("/desk")).status_code == 303
        assert made not in (await admin.get(f"/accounts/{anna}")).text
        await post(admin, f"/accounts/{anna}/second-factor")
        answer = await operator.post("/login", data={"name": "operator-1", "password": made})
        assert (await operator.get(answer.headers["location"])).headers["location"] == "/me/password"
        await post(operator, "/me/password", page="/me/password", current=made, wanted="green-kettle-92-river")
        assert (await operator.get("/desk")).headers["location"] == "/me/second-factor?next=/desk"
    with reading(house.hub.engine) as session:
        noted = {it.action: (it.who, it.subject, it.before, it.after) for it in audit.recent(session, Wanted())}
    assert noted["new_password"] == ("admin", "operator-1", {}, {"log_ins_ended": 1})
    assert noted["reset_second_factor"][2:] == ({"enrolled": True}, {"enrolled": False, "log_ins_ended": 0})


async def test_an_admin_ends_one_log_in_of_somebody_or_shuts_them_out_and_never_themselves(house: House) -> None:
    anna, own = id_of(house, "operator-1"), id_of(house, "admin")
    async with house.browser("admin") as admin, house.browser("operator-1") as operator:
        page = (await admin.get(f"/accounts/{anna}")).text
        login = re.findall(rf"/accounts/{anna}/sessions/(\d+)/end", page)[0]
        assert (await post(admin, f"/accounts/{anna}/sessions/{login}/end")).status_code == 303
        assert (await operator.get("/desk")).status_code == 303
        await post(admin, f"/accounts/{anna}/disable")
        answer = await operator.post("/login", data={"name": "operator-1", "password": PASSWORD})
        assert answer.status_code == 401
        await post(admin, f"/accounts/{anna}/enable")
        answer = await operator.post("/login", data={"name": "operator-1", "password": PASSWORD})
        assert answer.status_code == 303
        assert (await post(admin, f"/accounts/{own}/disable")).status_code == 422
        assert (await admin.get("/accounts")).status_code == 200
    assert [action for action in house.audited() if action in ("disable", "enable", "revoke")] == [
        "revoke",
        "disable",
        "enable",
    ]


async def test_the_audit_is_searched_and_turned_over_and_holds_no_secret(house: House) -> None:
    with writing(house.hub.engine) as session:
        for n in range(130):
            audit.record(
                session, "save", house.clock[0], account_id=1, subject=f"item {n}", before={"text": f"was {n}"}
            )
    browser = await came_in(house, "admin")
    page = (await browser.get("/audit")).text
    assert "item 129" in page
    assert "item 20<" not in page
    older = re.findall(r'href="(/audit\?[^"]*before=\d+)"', page)[0].replace("&amp;", "&")
    page = (await browser.get(older)).text
    assert "item 20<" in page
    assert "was 20" in page
    assert "item 129" not in page
    assert "the newest" in page
    page = (await browser.get("/audit?q=item+77")).text
    assert page.count("item 77") == 2  # in the field and in the line
    assert "item 129<" in (await browser.get("/audit?who=operator-1&action=save")).text
    assert "Nothing was found" in (await browser.get("/audit?who=nobody")).text
    assert "item 129<" in (await browser.get("/audit?since=2030-03-10T08:39&until=2030-03-10T08:41")).text
    for away in ("since=2030-03-10T08:41", "until=2030-03-10T08:40"):  # the election's local time
        assert "Nothing was found" in (await browser.get(f"/audit?{away}")).text
    assert (await browser.get("/audit?since=nonsense")).status_code == 200
    assert (await browser.post("/audit")).status_code == 405
    with Session(house.hub.engine) as session:
        rows = str([(row.before, row.after) for row in session.scalars(select(AuditRow))])
    for secret in (PASSWORD, totp.spelled(TOTP), house.code()):
        assert secret not in rows


async def test_an_analyst_sees_figures_and_no_code_of_anybody(house: House) -> None:
    house.text("+237670000001", "SET H0725 M1 A1 # they sent us away")
    with Session(house.hub.engine) as session:
        codes = list(session.scalars(select(PersonRow.code)))
    async with house.browser("analyst") as browser:
        for path in ("/day", "/findings", "/findings/doubts", "/findings/protocols"):
            page = (await browser.get(path)).text
            for code in [*codes, "sent us away"]:
                assert code not in page, (path, code)
