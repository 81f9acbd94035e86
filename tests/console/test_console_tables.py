"""Every table sorts by its headings and goes out as CSV, as it is shown."""

from __future__ import annotations

import csv
import io
import re

import openpyxl
import pytest

from hub.console import tables
from tests.console.house import A1, A4, House, post

TABLE = """<table data-table><thead><tr><th>Name</th><th class="number">Count</th><th>Seen</th></tr></thead><tbody>
<tr><th scope="row"><a href="/x">Beta</a></th><td>1,200 of 2</td><td data-key="2030-01-02">08:00</td></tr>
<tr><th scope="row">alpha <span aria-hidden="true">●</span></th><td>97</td><td data-key="2030-01-01">9 Mar</td></tr>
<tr><th scope="row">Gamma</th><td>—</td><td><form><button>Give</button></form></td></tr>
</tbody></table>"""


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("1.1", ["alpha", "Beta", "Gamma"]),
        ("1.-1", ["Gamma", "Beta", "alpha"]),
        ("1.2", ["Gamma", "alpha", "Beta"]),
        ("1.-2", ["Beta", "alpha", "Gamma"]),
        ("1.3", ["Gamma", "alpha", "Beta"]),
        ("", ["Beta", "alpha", "Gamma"]),
        ("2.1", ["Beta", "alpha", "Gamma"]),
        ("1.99", ["Beta", "alpha", "Gamma"]),
        ("1.x; drop", ["Beta", "alpha", "Gamma"]),
    ],
)
def test_a_table_is_shown_in_the_order_that_was_asked_for(sort: str, order: list[str]) -> None:
    shown = tables.sorted_by(TABLE, "/p", {"sort": sort}, "en")
    assert [row[0] for row in tables.lines(shown)[1:]] == order


def test_numbers_are_read_as_the_language_writes_them() -> None:
    table = TABLE.replace("1,200 of 2", "97,5\u00a0%").replace(">97<", ">1\u00a0200<")
    shown = tables.sorted_by(table, "/p", {"sort": "1.2"}, "ru")
    assert [row[0] for row in tables.lines(shown)[1:]] == ["Gamma", "Beta", "alpha"]


def test_a_heading_leads_to_its_order_and_back_and_keeps_the_filter() -> None:
    shown = tables.sorted_by(TABLE, "/p", {"who": 'a"&', "sort": "1.2"}, "en")
    assert 'href="/p?who=a%22%26&amp;sort=1.1"' in shown
    assert 'href="/p?who=a%22%26&amp;sort=1.-2"' in shown
    assert shown.count("aria-sort") == 1
    assert '<th class="number" aria-sort="ascending">' in shown


async def test_a_page_sorts_and_exports_what_it_shows(house: House) -> None:
    async with house.browser("admin") as browser:
        page = (await browser.get("/accounts?sort=1.-1")).text
        names = re.findall(r'scope="row"><a href="/accounts/\d+">([^<]+)', page)
        assert names == sorted(names, reverse=True)
        assert "/accounts?sort=1.-1&amp;as=csv" in page
        answer = await browser.get("/accounts?as=csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="accounts.csv"'
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert rows[0][:2] == ["Name", "Role"]
        assert ["littoral", "coordinator", "Littoral"] in [row[:3] for row in rows]


async def test_the_day_exports_its_coverage_and_a_text_never_becomes_a_formula(house: House) -> None:
    house.text(A1, "SET H0715 M1 A1")
    house.text(A4, "SET H2580 M1 A1")
    async with house.browser("supervisor") as browser:
        await browser.get("/desk/1")
        await post(browser, "/desk/1/escalate", why='=HYPERLINK("http://evil")')
        answer = await browser.get("/team?as=csv")
        assert "HYPERLINK" in answer.text
        assert not [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row if cell.startswith(("=", "@"))]
    async with house.browser("office") as browser:
        assert re.search(r"SET .*,2 of 4", (await browser.get("/day?as=csv")).text)


async def test_the_same_table_is_a_workbook(house: House) -> None:
    async with house.browser("admin") as browser:
        assert "/accounts?as=xlsx" in (await browser.get("/accounts")).text
        answer = await browser.get("/accounts?as=xlsx")
        assert answer.headers["content-disposition"] == 'attachment; filename="accounts.xlsx"'
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert ("littoral", "coordinator", "Littoral") in [row[:3] for row in sheet.iter_rows(values_only=True)]


async def test_only_who_sees_a_page_gets_its_table(house: House) -> None:
    async with house.browser("operator-1") as browser:
        assert (await browser.get("/accounts?as=csv")).status_code == 403
