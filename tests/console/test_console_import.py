"""A spreadsheet uploaded in the console: looked at, mended by its columns, taken, and on record."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import StationRow, UploadRow
from tests.console.house import House, csrf, post
from tests.journeys.town import ARVENIA

FRAME = (ARVENIA / "stations.csv").read_bytes()


async def upload(
    browser: httpx.AsyncClient, data: bytes, kind: str = "stations", name: str = "frame.csv"
) -> httpx.Response:
    fields = {"csrf": await csrf(browser), "kind": kind}
    return await browser.post("/import", data=fields, files={"file": (name, data)}, follow_redirects=True)


def seal(page: str) -> str:
    return page.partition('name="seal" value="')[2].partition('"')[0]


def voters(house: House) -> list[int]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(StationRow.voters).order_by(StationRow.id)))


async def test_a_sheet_is_looked_at_then_taken_and_on_record(house: House) -> None:
    before = voters(house)
    async with house.browser("admin") as browser:
        page = await upload(browser, FRAME.replace(b",900,", b",901,"))
        assert "Polling stations" in page.text
        assert "10001" in page.text
        assert voters(house) == before
        path = page.url.path
        taken = await post(browser, f"{path}/take", seal=seal(page.text))
        assert taken.headers["location"] == "/import?taken=stations"
        assert "Taken: polling stations." in (await browser.get("/import?taken=stations")).text
        assert voters(house) == [901, *before[1:]]
        assert (await browser.get(path)).status_code == 404
        assert "took a spreadsheet in" in (await browser.get("/audit")).text
    assert house.audited() == ["import"]


async def test_a_header_that_may_be_meant_is_named_and_looked_at_again(house: House) -> None:
    async with house.browser("admin") as browser:
        page = await upload(browser, FRAME.replace(b"voters", b"votres").replace(b",900,", b",901,"))
        assert "is “votres” our column voters?" in page.text
        assert "Take it in" not in page.text
        path = page.url.path
        await post(browser, f"{path}/columns", told="voters=votres")
        page = await browser.get(path)
        assert "Take it in" in page.text
        assert "voters=votres" in page.text


async def test_wrong_cells_are_told_by_their_address_and_nothing_can_be_taken(house: House) -> None:
    before = voters(house)
    async with house.browser("admin") as browser:
        page = await upload(browser, FRAME.replace(b",900,", b",many,"))
        assert "frame!E2" in page.text
        refused = await post(browser, f"{page.url.path}/take", seal="old")
        assert refused.headers["location"] == f"{page.url.path}?old=true"
        assert "nothing was taken" in (await browser.get(refused.headers["location"])).text
    assert voters(house) == before


async def test_the_same_sheet_changes_nothing_and_is_forgotten(house: House) -> None:
    async with house.browser("admin") as browser:
        page = await upload(browser, FRAME)
        assert "It changes nothing." in page.text
        await post(browser, f"{page.url.path}/forget")
    with Session(house.hub.engine) as session:
        assert session.scalars(select(UploadRow)).all() == []


@pytest.mark.parametrize("name", ["operator-1", "littoral", "office"])
async def test_only_an_administrator_imports(house: House, name: str) -> None:
    async with house.browser(name) as browser:
        assert (await browser.get("/import")).status_code == 403
        assert (await upload(browser, FRAME)).status_code == 403


async def test_nonsense_is_no_error_of_the_server(house: House) -> None:
    async with house.browser("admin") as browser:
        assert (await upload(browser, FRAME, kind="secrets")).status_code == 422
        assert "no XLSX workbook" in (await upload(browser, b"\0", name="../../<b>.xlsx")).text
        assert (await browser.get("/import/77")).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("ru", "Что изменится"), ("ky", "Эмне өзгөрөт")])
async def test_the_preview_speaks_every_language(house: House, language: str, words: str) -> None:
    async with house.browser("admin") as browser:
        await post(browser, "/me/language", language=language)
        assert words in (await upload(browser, FRAME.replace(b",900,", b",901,"))).text
