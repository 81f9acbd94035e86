"""What an open page is told: that something changed, and the rows that differ, and no more."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import Message

from hub.console import access, live, rows
from tests.console.house import A1, A4, URL, House

LIST = '<ol><li id="a" data-row>one</li>\n<li id="b" class="x" data-row>two {}</li>\n<!--/rows--></ol>{}'


def test_only_rows_that_are_new_or_differ_are_sent() -> None:
    have = _have(rows.stamped(LIST.format("", "")))
    assert rows.differing(LIST.format("", "what follows the rows is no row"), have) is None
    changed = rows.differing(LIST.format("more", ""), have)
    assert changed is not None
    assert changed["order"] == ["a", "b"]
    assert list(_rows(changed)) == ["b"]
    assert "two more" in _rows(changed)["b"]


def test_the_order_alone_and_a_row_that_is_gone_are_differences() -> None:
    have = _have(rows.stamped(LIST.format("", "")))
    a, b = have.split()
    assert rows.differing(LIST.format("", ""), f"{b} {a}") == {"order": ["a", "b"], "rows": {}}
    assert rows.differing("<ol></ol>", have) == {"order": [], "rows": {}}


def test_that_time_passes_is_no_difference() -> None:
    have = _have(rows.stamped(LIST.format('<time data-ago datetime="x">1 min</time>', "")))
    assert rows.differing(LIST.format('<time data-ago datetime="x">2 min</time>', ""), have) is None


def test_what_an_observer_typed_cannot_end_a_row_or_begin_one() -> None:
    page = LIST.format("&lt;li id=&#34;c&#34; data-row&gt;", "")
    assert [row.id for row in rows.rows(page)] == ["a", "b"]


async def test_the_queue_is_refreshed_by_differences(house: House) -> None:
    house.text(A1, "SET H2570 M1 A1")
    async with house.browser("operator-1") as browser:
        page = (await browser.get("/desk")).text
        have = _have(page[page.index('id="queue"') :])
        assert (await browser.get("/desk/queue", headers={"x-have": have})).status_code == 204
        house.clock[0] += timedelta(minutes=3)
        assert (await browser.get("/desk/queue", headers={"x-have": have})).status_code == 204
        house.text(A4, "SET H2580 M1 A1")
        answer = (await browser.get("/desk/queue", headers={"x-have": have})).json()
        assert answer["order"] == ["queue-count", "queued-1", "queued-2"]
        assert set(answer["rows"]) == {"queue-count", "queued-2"}


@pytest.mark.parametrize("path", ["/day", "/alerts", "/late", "/pulse"])
async def test_every_page_that_lives_says_nothing_while_nothing_changed(house: House, path: str) -> None:
    house.text(A1, "SET H0715 M1 A0")
    async with house.browser("admin") as browser:
        have = _have((await browser.get(path)).text)
        assert have
        assert (await browser.get(path, headers={"x-have": have})).status_code == 204


async def test_a_stream_tells_topics_that_the_role_may_see_and_no_contents(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUIET", 0.0)
    async with aclosing(_stream(house, "lawyer")) as lines:
        assert "event: beat" in await anext(lines)
        assert "data: alerts\n" in await anext(lines)  # whatever was missed before it listened
        await asyncio.to_thread(house.text, A1, "SET H2570 M1 A1")  # an item for the desk: no concern of a lawyer's
        await asyncio.to_thread(house.text, A1, "SET H0715 M1 A0")
        assert await anext(lines) == "event: changed\ndata: alerts\n\n"


async def test_a_stream_ends_with_its_log_in_and_when_the_process_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT", 0.01)
    monkeypatch.setattr(live, "QUIET", 0.0)
    heard = [line async for line in _until_over(house)]
    assert heard
    async with aclosing(_stream(house, "office")) as lines:
        await anext(lines)
        house.app.state.changes.close()
        assert not [line async for line in lines if "changed" in line]


async def test_one_log_in_has_so_many_streams_and_its_other_pages_ask(house: House) -> None:
    token = house.token("office")
    open_streams = [_stream(house, "office", token) for _ in range(live.STREAMS)]
    for lines in open_streams:
        await anext(lines)
    async with house.browser() as browser:
        browser.cookies.set(access.COOKIE, token)
        assert (await browser.get("/events")).status_code == 204
        for lines in open_streams:
            await lines.aclose()
        assert not +house.app.state.streams


async def test_nobody_hears_without_a_log_in(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.get("/events")).status_code == 303


def _have(page: str) -> str:
    return " ".join(
        f"{row}:{digest}" for row, digest in re.findall(r'<\w+[^>]* id="([^"]+)"[^>]* data-row="(\w+)">', page)
    )


def _rows(answer: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = json.loads(json.dumps(answer["rows"]))
    return found


async def _until_over(house: House) -> AsyncGenerator[str]:
    """A stream whose log-in ends after its first words."""
    async with aclosing(_stream(house, "office")) as lines:
        async for line in lines:
            yield line
            house.clock[0] += timedelta(days=1)


async def _stream(house: House, name: str, token: str = "") -> AsyncGenerator[str]:
    """What /events sends, as it sends it: httpx would wait for its end."""
    sent: asyncio.Queue[Message] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    cookie = f"{access.COOKIE}={token or house.token(name)}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": "/events",
        "raw_path": b"/events",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", URL.encode()), (b"cookie", cookie.encode())],
        "client": ("10.0.0.1", 1),
        "server": ("console.test", 80),
    }
    answering = asyncio.create_task(house.app(scope, receive, sent.put))
    try:
        while True:
            message = await asyncio.wait_for(sent.get(), 5)
            if message["type"] == "http.response.start":
                assert message["status"] == 200
            elif message["body"]:
                yield message["body"].decode()
            elif not message.get("more_body"):
                return
    finally:
        gone.set()
        await answering
