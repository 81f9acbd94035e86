"""Every page before axe-core in a real Chromium: wide in the light, on a phone in the dark; nothing serious."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from hub.database import open_engine, writing
from hub.models import AccountRow
from tests.console.browsers import log_in, needs_chromium, served
from tests.console.house import A1, A2, A4, House, open_house
from tests.console.rights import WHO_MAY

pytestmark = needs_chromium
# What is no page, and what leads elsewhere.
NO_PAGES = {"/", "/events", "/pulse", "/desk/queue", "/late/lines", "/alerts/cards"}
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (360, "dark"))
SERIOUS = """axe.run({resultTypes: ["violations"]}).then((told) => told.violations
    .filter((it) => ["serious", "critical"].includes(it.impact))
    .flatMap((it) => it.nodes.map((node) => [it.id, node.html.slice(0, 160)])))"""
ONE_OF_EACH = ("/desk/1", "/desk/2", "/desk/3", "/find/station/10001", "/find/observer/A1", "/late/1/SET/1", "/nothing")


@pytest.fixture(scope="module")
def lived_in(house_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with something of everything: unreadable, in conflict, against a rule, critical, late."""
    path = tmp_path_factory.mktemp("lived") / "hub.db"
    shutil.copy(house_template, path)
    engine = open_engine(f"sqlite:///{path}")
    house = open_house(engine)
    house.text(A1, "SET H2570 M1 A1 # <b>a remark</b>")
    house.text(A1, "SET H0715 M12 A1")
    house.text(A2, "SET H0715 M1 A0")
    house.text(A4, "SET H0725 M1 A0")
    house.text("+237670000099", "SET 20001 H0725 M1 A0")
    house.clock[0] += timedelta(hours=1)
    yield house
    engine.dispose()


@pytest.fixture(scope="module")
def lived_in_url(lived_in: House) -> Iterator[str]:
    with served(lived_in) as url:
        yield url


def test_no_page_has_a_serious_finding(lived_in: House, lived_in_url: str, chromium: Browser) -> None:
    page = log_in(chromium, lived_in_url, lived_in, "admin", [])
    assert [it for path in (*_pages(), *ONE_OF_EACH) for it in _findings(page, lived_in_url, path)] == []


@pytest.mark.parametrize("language", ["ru", "ky"])
def test_the_other_languages_have_none_either(
    lived_in: House, lived_in_url: str, chromium: Browser, language: str
) -> None:
    with writing(lived_in.hub.engine) as session:
        session.execute(update(AccountRow).where(AccountRow.name == "admin").values(language=language))
    page = log_in(chromium, lived_in_url, lived_in, "admin", [])
    assert [it for path in ("/desk/1", "/day") for it in _findings(page, lived_in_url, path)] == []


def test_the_log_in_has_none(lived_in: House, lived_in_url: str, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    assert _findings(page, lived_in_url, "/login") == []


def _pages() -> list[str]:
    """Every address that shows a page and needs nothing else to be known."""
    asked = [line.split()[:2] for line in WHO_MAY.strip().splitlines()]
    found = {path for method, path in asked if method == "GET" and "{" not in path and not path.endswith(".csv")}
    assert len(found) > 15
    return sorted(found - NO_PAGES)


def _findings(page: Page, url: str, path: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    page.goto(url + path)
    page.evaluate(AXE_SCRIPT)
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [(path, str(width), *it) for it in page.evaluate(SERIOUS)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((path, str(width), "wider than the screen"))
    return found
