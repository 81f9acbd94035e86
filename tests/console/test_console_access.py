"""The gate: every page for every role, and what a forged request gets."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import update

from hub.console import access, live
from hub.console.access import ACTS, SEES, Page
from hub.console.app import console
from hub.database import writing
from hub.models import AccountRow
from tests.console.house import A1, OWN, STAFF, House, csrf
from tests.console.rights import ROLES, who_may

FREE = {("GET", "/login"), ("POST", "/login"), ("POST", "/language")}


def routes(house: House) -> list[tuple[str, str]]:
    """Every (method, path) of the console."""
    found = [(method, route.path) for route in walk(house.app.router.routes) for method in sorted(route.methods or ())]
    assert len(found) > 20
    return found


def filled(path: str) -> str:
    """A path with a number in each place; nothing there has this number."""
    return re.sub(r"\{.*?\}", "999", path)


def walk(entries: object) -> list[APIRoute]:
    """FastAPI keeps an included router whole; what it holds are the routes."""
    found: list[APIRoute] = []
    for entry in entries:  # type: ignore[attr-defined]
        if isinstance(entry, APIRoute):
            found.append(entry)
        elif hasattr(entry, "original_router"):
            found += walk(entry.original_router.routes)
    return found


async def test_a_stranger_gets_to_the_log_in_and_nowhere_else(house: House) -> None:
    async with house.browser() as browser:
        for method, path in routes(house):
            if (method, path) in FREE:
                continue
            answer = await browser.request(method, filled(path))
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login"), (method, path)


async def test_who_gave_the_password_alone_gets_to_the_code_and_nowhere_else(house: House) -> None:
    async with house.browser() as browser:
        browser.cookies.set(access.COOKIE, house.token("admin", proved=False))
        for method, path in routes(house):
            if (method, path) in FREE or path in ("/logout", "/me/code", "/me/language"):
                continue
            answer = await browser.request(method, filled(path))
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/me/code"), (method, path)


def test_every_route_says_who_may(house: House) -> None:
    assert set(routes(house)) - FREE == who_may().keys()


@pytest.mark.parametrize("role", ROLES.values())
async def test_each_role_gets_what_the_table_says_and_no_more(house: House, role: str) -> None:
    name = next(name for name, (its, _) in STAFF.items() if its == role)
    house.app.state.streams = defaultdict(lambda: live.STREAMS)  # a stream would never end
    allowed, ends = who_may(), {"/logout", "/me/sessions/others"}
    async with house.browser(name) as browser:
        token = await csrf(browser)
        for method, path in sorted(set(routes(house)) - FREE, key=lambda route: route[1] in ends):
            headers = {"x-csrf": token} if method == "POST" else {}
            answer = await browser.request(method, filled(path), headers=headers)
            if role not in allowed.get((method, path), ()):
                assert answer.status_code == 403, (method, path)
            elif method == "GET" and "{" not in path and path != "/":
                assert answer.status_code == (204 if path == "/events" else 200), (method, path)
            else:
                assert answer.status_code < 500, (method, path)
                assert answer.status_code != 403, (method, path)


@pytest.mark.parametrize("name", ["littoral", "lawyer"])
async def test_who_has_one_region_sees_nothing_of_another_on_any_page(house: House, name: str) -> None:
    with writing(house.hub.engine) as session:
        session.execute(update(AccountRow).where(AccountRow.name == name).values(region="Montagne"))
    house.text(A1, "SET H0715 M1 A0 # they sent me away")  # station 10001, in Littoral
    house.text(A1, "INC 10001 02 a crowd")
    house.text(A1, "SET H2570 M1 A1")
    house.clock[0] += timedelta(hours=3)  # and somebody is late there
    house.app.state.streams = defaultdict(lambda: live.STREAMS)
    role = STAFF[name][0]
    async with house.browser(name) as browser:
        mine = sorted(path for (method, path), roles in who_may().items() if method == "GET" and role in roles)
        for path in mine:
            if "{" not in path and not path.startswith("/findings"):  # figures are the whole country's
                page = (await browser.get(path)).text
                for foreign in ("10001", "they sent me away", "a crowd", "Port-Nord"):
                    assert foreign not in page, (path, foreign)
        for path in ("/find/station/10001", "/find/observer/A1", "/alerts/1", "/alerts/incidents/1"):
            assert (await browser.get(path)).status_code in (403, 404), path
        found = (await browser.get("/find?q=crowd")).text
        assert "a crowd" not in found


@pytest.mark.parametrize(
    ("headers", "with_token", "status"),
    [
        (OWN, True, 303),
        (OWN, False, 403),
        ({"sec-fetch-site": "cross-site"}, True, 403),
        ({"sec-fetch-site": "same-site"}, True, 403),
        ({"sec-fetch-site": "none"}, True, 403),
        ({"origin": "http://console.test"}, True, 303),
        ({"origin": "https://evil.example"}, True, 403),
        ({}, True, 403),
    ],
)
async def test_a_change_needs_our_own_page_and_the_token_of_the_log_in(
    house: House, headers: dict[str, str], with_token: bool, status: int
) -> None:
    async with house.browser("operator-1") as browser:
        token = await csrf(browser)
        del browser.headers["sec-fetch-site"]
        answer = await browser.post("/logout", data={"csrf": token if with_token else "wrong"}, headers=headers)
        assert answer.status_code == status


async def test_the_log_in_itself_cannot_be_sent_from_another_site(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/login", data={"name": "x"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
    assert house.audited() == []


async def test_every_answer_carries_the_strict_headers_and_no_page_has_anything_inline(house: House) -> None:
    async with house.browser("admin") as browser:
        for path in ("/login", "/day", "/findings", "/alerts", "/desk", "/accounts", "/audit", "/nothing", "/static/x"):
            answer = await browser.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", answer.text), path


async def test_a_browser_that_came_by_https_is_told_to_stay_with_it(house: House) -> None:
    async with house.browser("admin") as browser:
        assert "strict-transport-security" not in (await browser.get("/login")).headers
    settings = house.hub.settings.model_copy(update={"public_url": "https://hub.example.org"})
    transport = httpx.ASGITransport(console(replace(house.hub, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_url) as stranger:
        told = (await stranger.get("/login")).headers["strict-transport-security"]
    assert told == "max-age=63072000; includeSubDomains"


async def test_an_unknown_address_and_a_wrong_method_get_a_page_that_says_what_to_do(house: House) -> None:
    async with house.browser("operator-1") as browser:
        missing = await browser.get("/nothing")
        assert missing.status_code == 404
        assert "There is nothing here" in missing.text
        assert (await browser.get("/desk/999")).status_code == 404
        assert (await browser.get("/desk/nonsense")).status_code == 422
        assert (await browser.delete("/login")).status_code == 405


def test_every_role_lands_somewhere_and_may_only_act_where_it_sees() -> None:
    assert SEES.keys() == ACTS.keys()
    for role, places in SEES.items():
        assert places
        assert ACTS[role] & set(get_args(Page)) <= set(places), role
    assert access.COOKIE == "hub_session"
