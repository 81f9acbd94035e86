"""Numbers in addresses that no database holds."""

from __future__ import annotations

import pytest

from tests.console.house import House, post

HUGE = "2493807372997977111003136"


@pytest.mark.parametrize(
    "path", [f"/alerts/{HUGE}", f"/desk/{HUGE}", f"/alerts/incidents/{HUGE}", f"/accounts/-{HUGE}"]
)
async def test_a_page_of_a_number_beyond_bounds_is_not_there(house: House, path: str) -> None:
    assert (await house.browser("admin").get(path + HUGE)).status_code in (404, 422)


async def test_a_call_about_a_number_beyond_bounds_is_not_understood(house: House) -> None:
    answer = await post(house.browser("operator-1"), f"/late/{HUGE}/SET/{HUGE}/check", page="/late")
    assert answer.status_code in (404, 422)
