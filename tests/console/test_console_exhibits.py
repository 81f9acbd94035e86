"""Charts in the console: what may be released is drawn and saved; what may not is named and nowhere to be had."""

from __future__ import annotations

from tests.console.house import House


async def test_a_chart_is_shown_with_its_base_and_saved_in_every_form(counted: House) -> None:
    async with counted.browser("analyst") as browser:
        page = (await browser.get("/findings/charts?key=shares:votes")).text
        assert "<svg" in page
        assert "Polling stations: 2" in page
        for path, start in (
            ("bars.svg", b"<svg"),
            ("bars.png", b"\x89PNG"),
            ("figure.csv", b"\xef\xbb\xbfName,"),
            ("strata.csv", b"\xef\xbb\xbfName,Stratum"),
            ("figure.xlsx", b"PK"),
        ):
            answer = await browser.get(f"/findings/charts/shares:votes/{path}")
            assert answer.content.startswith(start), path
            assert answer.headers["content-disposition"].startswith("attachment")
        assert (await browser.get("/findings/charts/stations:TAL/day.svg")).status_code == 200
        assert 'value="reports"' in page


async def test_what_may_not_be_released_is_named_and_cannot_be_had(counted: House) -> None:
    async with counted.browser("office") as browser:
        page = (await browser.get("/findings/charts")).text
        key = next(key for key in keys(counted) if key not in ("participation", "votes"))
        assert "not released" in page
        assert f'value="{key}"' not in page
        for path in ("bars.svg", "bars.png", "figure.csv", "figure.xlsx"):
            assert (await browser.get(f"/findings/charts/{key}/{path}")).status_code == 404
        assert (await browser.get("/findings/charts/nothing/bars.svg")).status_code == 404


async def test_charts_are_for_who_sees_the_findings(counted: House) -> None:
    async with counted.browser("operator-1") as browser:
        assert (await browser.get("/findings/charts/shares:votes/bars.svg")).status_code == 403


def keys(house: House) -> list[str]:
    return [f"{form.code}.{each.code}" for form, each in house.hub.election.checklist.questions() if each.options]
