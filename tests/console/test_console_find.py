"""The search, and everything about one station or one observer on a page."""

from __future__ import annotations

from tests.console.house import A1, House, post


async def test_a_station_and_an_observer_have_all_that_happened_newest_first(house: House) -> None:
    house.text(A1, "SET H2570 M1 A1")
    house.text(A1, "SET H0725 M1 A1")
    async with house.browser("operator-1") as browser:
        await post(browser, f"/desk/{house.item()}/ask", question="Quelle heure ?")
        for path in ("/find/station/10001", "/find/observer/A1"):
            page = (await browser.get(path)).text
            assert page.index("SET H0725 M1 A1") < page.index("SET H2570 M1 A1"), path
            assert "670000001" not in page
        assert "Quelle heure ?" in page
        assert (await browser.get("/find/station/nowhere")).status_code == 404
        assert (await browser.get("/find/observer/nobody")).status_code == 404


async def test_the_search_takes_a_station_a_code_last_digits_and_words(house: House) -> None:
    house.text(A1, "SET H0725 M1 A1 # no heating")
    async with house.browser("operator-1") as browser:
        assert (await browser.get("/find?q=10001")).headers["location"] == "/find/station/10001"
        assert (await browser.get("/find?q=a1")).headers["location"] == "/find/observer/A1"
        assert "/find/station/10004" in (await browser.get("/find?q=1000")).text
        assert "/find/observer/A3" in (await browser.get("/find?q=003")).text
        assert "no heating" in (await browser.get("/find?q=HEATING")).text
        assert "Nothing was found" in (await browser.get("/find?q=%25")).text


async def test_a_coordinator_finds_only_the_own_region(house: House) -> None:
    house.text(A1, "SET H0725 M1 A1 # no heating")
    async with house.browser("littoral") as browser:
        assert (await browser.get("/find/station/10001")).status_code == 200
        assert (await browser.get("/find/station/20001")).status_code == 403
        assert (await browser.get("/find/observer/A4")).status_code == 403
        assert "20001" not in (await browser.get("/find?q=2000")).text
        assert "no heating" in (await browser.get("/find?q=heating")).text
