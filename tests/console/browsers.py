"""A real Chromium, the console served to it, and people who are logged in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from hub.app import Server
from hub.changes import Changes
from hub.console import access
from tests.console.house import House

CHROMIUM = Path("/usr/bin/chromium")
REPLACED = ("htmx:afterRequest", "htmx:sendAbort")  # what htmx says of a reading that a newer one took the place of
needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium is installed here"),
]


@contextmanager
def served(house: House, port: int = 0) -> Iterator[str]:
    """The URL of a real server; it ends as `hub serve` does, with pages open."""
    house.app.state.changes = Changes(house.hub.engine)
    server = Server(house.app.state.changes, uvicorn.Config(house.app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def url(house: House) -> Iterator[str]:
    with served(house) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for a module, whose tests are all synchronous: Playwright's loop runs while it is open."""
    expect.set_options(timeout=20_000)  # milliseconds: four tests share two cores
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def complaints(chromium: Browser) -> Iterator[list[str]]:
    """What browsers complained of: a broken script, a policy violated. There must be nothing."""
    heard: list[str] = []
    yield heard
    for context in chromium.contexts:
        context.close()
    assert not heard, "\n".join(heard)


def log_in(
    chromium: Browser, url: str, house: House, name: str, complaints: list[str], width: int = 1280, path: str = "/desk"
) -> Page:
    context: BrowserContext = chromium.new_context(viewport={"width": width, "height": 800}, locale="en-GB")
    context.set_default_navigation_timeout(30_000)
    context.add_cookies([{"name": access.COOKIE, "value": house.token(name), "url": url}])
    page = context.new_page()
    page.on(
        "console",
        lambda it: complaints.append(it.text) if it.type == "error" and not it.text.startswith(REPLACED) else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}{path}")
    return page
