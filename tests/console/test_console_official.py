"""Official results in the console: uploaded, each column's meaning corrected, taken whole, and on record."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.analysis import kept
from hub.models import OfficialRow, UploadRow
from tests.console.house import House, csrf, post

TABLE = b"Bureau,Note,R,Ballots,YA,YB\n10001,x,900,510,300,210\n10004,y,400,396,300,96\n"


async def upload(browser: httpx.AsyncClient, data: bytes = TABLE, name: str = "official.csv") -> httpx.Response:
    fields = {"csrf": await csrf(browser)}
    return await browser.post("/findings/official", data=fields, files={"file": (name, data)}, follow_redirects=True)


def seal(page: str) -> str:
    return page.partition('name="seal" value="')[2].partition('"')[0]


def stored(house: House) -> list[dict[str, str]]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(OfficialRow.answers).order_by(OfficialRow.station_id)))


async def named(browser: httpx.AsyncClient, path: str, *meanings: str) -> httpx.Response:
    data = {"csrf": await csrf(browser), "meaning": list(meanings)}
    return await browser.post(f"{path}/columns", data=data, follow_redirects=True)


async def test_head_office_says_what_a_column_means_and_takes_the_table(counted: House) -> None:
    async with counted.browser("office") as browser:
        assert "None are stored." in (await browser.get("/findings/official")).text
        page = await upload(browser)
        path = page.url.path
        assert '<option value="YA" selected>' in page.text
        assert '<option value="V" selected>' not in page.text  # nobody knows yet that ballots are V
        assert "300 · 300" in page.text  # the first rows of the column
        page = await named(browser, path, "station", "-", "R", "V", "YA", "YB")
        assert '<option value="V" selected>' in page.text
        assert ">906<" in page.text  # its sum
        assert stored(counted) == []
        taken = await post(browser, f"{path}/take", seal=seal(page.text))
        assert taken.headers["location"] == "/findings/protocols"
        assert stored(counted) == [
            {"R": "900", "V": "510", "YA": "300", "YB": "210"},
            {"R": "400", "V": "396", "YA": "300", "YB": "96"},
        ]
        differ = (await browser.get("/findings/protocols")).text
        assert ">510</td>" in differ
        assert "Compared line by line: 2. Equal: 1. Different: 1." in differ
        assert "all stations" not in differ  # two of the frame's were published
        assert '<a href="/find/station/10004">' not in differ
        assert "2 stations are stored." in (await browser.get("/findings/official")).text
        assert (await browser.get(path)).status_code == 404
    assert counted.audited() == ["official"]
    with Session(counted.hub.engine) as session:
        assert session.scalars(select(UploadRow)).all() == []


async def test_a_second_table_of_as_many_stations_is_compared_at_once(counted: House) -> None:
    async with counted.browser("office") as browser:
        for ballots in (b"510", b"500"):
            page = await upload(
                browser, TABLE.replace(b"Ballots", b"V").replace(b"510", ballots).replace(b"210", b"200")
            )
            await post(browser, f"{page.url.path}/take", seal=seal(page.text))
            with Session(counted.hub.engine) as session:
                found = kept.of(session, counted.hub.election).look(session)[2]
            differing = {it.code for it in found.differences or () if it.kind == "differs"}
            assert differing == ({"V"} if ballots == b"510" else set())


async def test_a_wrong_cell_is_told_by_its_address_and_nothing_is_half_stored(counted: House) -> None:
    async with counted.browser("office") as browser:
        page = await upload(browser, TABLE.replace(b"10004", b"10009"))
        assert "official!A3" in page.text
        assert "is no station of the frame" in page.text
        assert "Take it in" not in page.text
        refused = await post(browser, f"{page.url.path}/take", seal="old")
        assert refused.headers["location"] == f"{page.url.path}?old=true"
        assert "nothing was taken" in (await browser.get(refused.headers["location"])).text
        page = await named(browser, page.url.path, "station", "-", "R", "-", "R", "-")
        assert "is a second column R" in page.text
        await post(browser, f"{page.url.path}/forget")
        assert (await browser.get(page.url.path)).status_code == 404
    assert stored(counted) == []
    assert counted.audited() == []


async def test_what_was_not_shown_is_not_taken(counted: House) -> None:
    async with counted.browser("office") as browser:
        page = await upload(browser)
        shown = seal(page.text)
        await named(browser, page.url.path, "station", "-", "R", "V", "YA", "YB")
        await post(browser, f"{page.url.path}/take", seal=shown)
    assert stored(counted) == []


@pytest.mark.parametrize("name", ["analyst", "lawyer"])
async def test_who_only_reads_figures_uploads_nothing(counted: House, name: str) -> None:
    async with counted.browser(name) as browser:
        page = await browser.get("/findings/official")
        assert 'type="file"' not in page.text
        assert (await upload(browser)).status_code == 403


async def test_an_upload_is_its_persons_own_and_of_its_own_page(counted: House) -> None:
    async with counted.browser("office") as office, counted.browser("admin") as admin:
        path = (await upload(office)).url.path
        assert (await admin.get(path)).status_code == 404
        own = (await upload(admin)).url.path
        assert (await admin.get(own.replace("/findings/official", "/import"))).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("ru", "Что значит каждый столбец"), ("ky", "Ар бир мамыча")])
async def test_the_preview_speaks_every_language(counted: House, language: str, words: str) -> None:
    async with counted.browser("office") as browser:
        await post(browser, "/me/language", language=language)
        assert words in (await upload(browser)).text


async def test_control_ratios_and_the_official_totals_stand_above_what_differs(counted: House) -> None:
    async with counted.browser("office") as browser:
        page = await upload(browser, TABLE.replace(b"Ballots", b"V").replace(b"510,300", b"910,300"))
        assert "Published figures that break a rule" in page.text
        await post(browser, f"{page.url.path}/take", seal=seal(page.text))
        told = (await browser.get("/findings/protocols")).text
    assert "Control ratios that do not hold" in told
    assert "Official, %" in told
    assert ">100.46<" in told  # 1306 of 1300
