"""Official results: any table of stations and figures is mapped; what is wrong with it is told by its cell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.authoring import results, sheets
from hub.authoring.results import Understood
from hub.election.definition import Election
from tests.authoring.paper import workbook
from tests.journeys import town

STATIONS = {"10001": 900, "10004": 400, "20005": 300}
SOUND = ("station,R,V,YA,YB", "10001,900,500,300,200", "10004,400,200,120,80")


@pytest.fixture(scope="module")
def arvenia() -> Election:
    return town.arvenia().election


def read(election: Election, *lines: str, **told: str) -> Understood:
    """`told`: our column=their heading."""
    data = "\n".join(lines).encode()
    told = {theirs: ours for ours, theirs in told.items()}
    return results.understood(sheets.read("t.csv", data), election, election.checklist.form("TAL"), told, STATIONS)


def complained(found: Understood) -> list[tuple[str, str]]:
    return [(it.address, it.message) for it in found.complaints]


def test_codes_as_headings_need_no_word(arvenia: Election) -> None:
    found = read(arvenia, *SOUND)
    assert not found.complaints
    assert found.results == {
        "10001": {"R": "900", "V": "500", "YA": "300", "YB": "200"},
        "10004": {"R": "400", "V": "200", "YA": "120", "YB": "80"},
    }
    assert found.totals == {"R": 1300, "V": 700, "YA": 420, "YB": 280}


def test_a_commissions_own_headings_are_guessed_below_its_titles(arvenia: Election) -> None:
    """The station's word in several languages, the questions' own words, the parties' names; the rest is left out."""
    words = arvenia.checklist.form("TAL").by_code["V"].text["fr"]
    lines = ("Commission électorale;;;;", f"Bureau de vote;Commune;{words};Sun;Moon", "10001;Nord;500;300;200")
    found = read(arvenia, *lines)
    assert not found.complaints
    assert found.places == {"station": 0, "V": 2, "YA": 3, "YB": 4}
    assert found.header.number == 2
    assert found.results == {"10001": {"V": "500", "YA": "300", "YB": "200"}}


def test_what_is_told_comes_before_what_is_guessed(arvenia: Election) -> None:
    found = read(arvenia, "unit,a,V", "10001,500,7", station="unit", V="a", **{"-": "V"})
    assert found.results == {"10001": {"V": "500"}}
    wrong = read(arvenia, *SOUND, V="nowhere")
    assert complained(wrong) == [("t!A1", "the sheet has no header “nowhere”")]


def test_a_workbook_is_read_as_well(arvenia: Election) -> None:
    data = workbook(results=[line.split(",") for line in SOUND])
    form = arvenia.checklist.form("TAL")
    found = results.understood(sheets.read("t.xlsx", data), arvenia, form, {}, STATIONS)
    assert found.results == read(arvenia, *SOUND).results
    damaged = results.understood(sheets.read("t.xlsx", b"PK"), arvenia, form, {}, STATIONS)
    assert complained(damaged) == [("t.xlsx", "no XLSX workbook")]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("99,1,1,1,1", ("t!A4", "“99” is no station of the frame")),
        (",1,1,1,1", ("t!A4", "“” is no station of the frame")),
        ("10004,1,1,1,1", ("t!A4", "station 10004 is in row 3 already")),
        ("20005,300,7 of 9,1,1", ("t!C4", "“7 of 9” is no whole number, as V needs")),
        ("20005,300,7.5,1,1", ("t!C4", "“7.5” is no whole number, as V needs")),
        ("20005,-1,7,1,1", ("t!B4", "“-1” is no whole number, as R needs")),
        ("20005,nan,7,1,1", ("t!B4", "“nan” is no whole number, as R needs")),
        ("Total,1300,701,420,280", ("t!C4", "the total 701 is not the sum of the column, 700")),
    ],
)
def test_what_is_wrong_is_told_by_its_cell(arvenia: Election, row: str, complaint: tuple[str, str]) -> None:
    assert complained(read(arvenia, *SOUND, row)) == [complaint]


def test_a_right_total_is_no_station(arvenia: Election) -> None:
    found = read(arvenia, *SOUND, "Total,1300,700,,280")
    assert not found.complaints
    assert found.results.keys() == {"10001", "10004"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("R,V", "1,2"), "no column with the station's code"),
        (("station,name", "10001,x"), "no column with an answer of the protocol"),
        (("station,V",), "no row below the headings"),
        (("station,V,V", "10001,1,2"), "“V” is a second column V"),
    ],
)
def test_a_table_that_is_none_is_told_what_it_lacks(arvenia: Election, lines: tuple[str, ...], message: str) -> None:
    assert message in [it.message for it in read(arvenia, *lines).complaints]


def test_a_rule_that_the_published_figures_break_is_told_and_they_are_taken(arvenia: Election) -> None:
    found = read(arvenia, *SOUND, "20005,300,301,200,101")
    assert not found.complaints
    assert [it.address for it in found.doubts] == ["t!C4"]
    assert "20005" in found.doubts[0].message
    assert found.totals["V"] == Decimal(1001)


def test_another_table_has_another_seal(arvenia: Election) -> None:
    assert read(arvenia, *SOUND).seal == read(arvenia, *SOUND).seal
    assert read(arvenia, *SOUND).seal != read(arvenia, *SOUND[:2]).seal
