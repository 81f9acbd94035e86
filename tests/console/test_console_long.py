"""Lists that are longer than a page say so, and what is left out can be had."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from hub.console import findings
from hub.database import writing
from hub.desk import timeline
from hub.models import WorkItemRow
from tests.console.house import A1, A2, House


def _items(house: House, count: int) -> None:
    rows = [
        {"kind": "rule", "form": "SET", "severity": 2, "detail": {}, "opened_at": house.clock[0]} for _ in range(count)
    ]
    with writing(house.hub.engine) as session:
        session.execute(insert(WorkItemRow), rows)


async def test_the_supervisor_pages_through_all_open_items(house: House) -> None:
    _items(house, 203)
    async with house.browser("supervisor") as browser:
        first = (await browser.get("/team")).text
        second = (await browser.get("/team?skip=100")).text
        last = (await browser.get("/team?skip=200")).text
        assert (await browser.get("/team?skip=-1")).status_code == 422
    assert [page.count('class="secondary small-button"') for page in (first, second, last)] == [100, 100, 3]
    assert "103 more after these" in first
    assert 'href="/team?skip=100"' in first
    assert "3 more after these" in second
    assert "more after these" not in last
    assert 'href="/team"' in last


async def test_a_timeline_and_a_search_say_that_they_are_cut(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "LONGEST", 2)
    monkeypatch.setattr(timeline, "HITS", 2)
    async with house.browser("operator-1") as browser:
        assert "are shown" not in (await browser.get("/find/observer/A1")).text
        for minute in (10, 20):
            house.text(A1, f"SET H07{minute} M1 A1")
        assert "The newest 2 are shown." in (await browser.get("/find/observer/A1")).text
        assert "The first 2 are shown. Type more." in (await browser.get("/find?q=1")).text


async def test_doubtful_values_are_shown_a_question_and_a_page_at_a_time(
    counted: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "AT_ONCE", 1)
    for observer in (A1, A2):
        counted.text(observer, "TAL R900 V890 YA500 YB390")
    async with counted.browser("office") as browser:
        pages = [(await browser.get(f"/findings/doubts?question=TAL.V&skip={skip}")).text for skip in (0, 1)]
    assert "1 more after these" in pages[0]
    assert "← the first ones" in pages[1]
