"""Frames and rosters from sheets: mapped by header, judged by cell, taken whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.authoring import plan, registers, sheets, workbooks
from hub.authoring.plan import Moved, Plan
from hub.authoring.registers import Kind
from hub.election import configuration
from tests.authoring.conftest import ARVENIA
from tests.authoring.paper import table, workbook

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"
STATIONS = "station|stratum|region|district|voters|sampled"


def planned(directory: Path, kind: Kind, data: bytes, told: dict[str, str] | None = None, name: str = "f.xlsx") -> Plan:
    return plan.plan(directory, registers.read(directory, kind, sheets.read(name, data), told or {}))


def complaints(directory: Path, kind: Kind, rows: str, told: dict[str, str] | None = None) -> list[str]:
    return [str(each) for each in planned(directory, kind, workbook(Sheet1=table(rows)), told).complaints]


def frame_with(directory: Path, before: str, after: str) -> bytes:
    """The election's own frame as CSV with one thing changed."""
    text = (directory / "stations.csv").read_text()
    assert before in text
    return text.replace(before, after, 1).encode()


def test_columns_come_in_any_order_and_under_names_of_many_languages(arvenia: Path) -> None:
    held = (arvenia / "stations.csv").read_text().splitlines()[1:]
    cells = [dict(zip(STATIONS.split("|"), line.split(","), strict=True)) for line in held]
    order = ["region", "voters", "station", "district", "stratum", "sampled"]
    header = ["Oblast", " Registered_voters ", "POLLING STATION no.", "Район", "Strate", "échantillon", "Remark"]
    rows = [[each[name] for name in order] for each in cells]
    made = planned(arvenia, "stations", workbook(any=[header, *rows]))
    assert str(made) == "\n".join(
        [
            "Oblast → region",
            "Registered_voters → voters",
            "POLLING STATION no. → station",
            "Район → district",
            "Strate → stratum",
            "échantillon → sampled",
            "not taken: Remark",
            "stations.csv: no change",
        ]
    )


def test_the_words_of_the_election_name_its_stations(arvenia: Path) -> None:
    made = planned(arvenia, "stations", workbook(one=[["BV", "voters"], ["10001", 900]]))
    assert made.upload.taken == {"BV": "station", "voters": "voters"}


def test_an_import_replaces_and_says_what_is_added_changed_and_removed(arvenia: Path) -> None:
    data = frame_with(arvenia, "10002,", "10009,").replace(b",700,", b",701,")
    made = planned(arvenia, "stations", data, name="f.csv")
    assert (made.changes.added, made.changes.changed, made.changes.removed) == (("10009",), ("10003",), ("10002",))
    assert not made.complaints
    plan.carry_out(arvenia, made)
    codes = {station.code for station in configuration.load(arvenia).stations}
    assert "10009" in codes
    assert "10002" not in codes
    assert not planned(arvenia, "stations", (arvenia / "stations.csv").read_bytes(), name="f.csv").changes


def test_a_column_that_the_sheet_lacks_stays_as_it_is(arvenia: Path) -> None:
    codes = [station.code for station in configuration.load(arvenia).stations]
    made = planned(arvenia, "stations", workbook(one=[["station", "voters"], *([code, 999] for code in codes)]))
    assert made.upload.kept == ("stratum", "region", "district", "sampled")
    plan.carry_out(arvenia, made)
    loaded = configuration.load(arvenia).stations
    before = configuration.load(ARVENIA).stations
    assert {station.voters for station in loaded} == {999}
    assert [station.sampled for station in loaded] == [station.sampled for station in before]


def test_a_header_that_may_be_meant_is_asked_about_and_never_taken(arvenia: Path) -> None:
    rows = STATIONS.replace("voters", "votres") + "\n10001|urban|Littoral|Port-Nord|900|1"
    assert complaints(arvenia, "stations", rows) == [
        "Sheet1!E1: is “votres” our column voters? — if so: --map 'voters=votres'; if not: --map '-=votres'"
    ]
    assert planned(arvenia, "stations", workbook(a=table(rows)), {"votres": "voters"}).upload.taken == {
        **{name: name for name in STATIONS.split("|") if name != "voters"},
        "votres": "voters",
    }
    assert planned(arvenia, "stations", workbook(a=table(rows)), {"votres": "-"}).upload.left_out == ("votres",)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"Bureu": "station"}, "the sheet has no header “Bureu” — did you mean bureau?"),
        ({"Bureau": "statoin"}, "we have no column statoin"),
    ],
)
def test_a_mapping_that_maps_nothing_is_refused(arvenia: Path, told: dict[str, str], words: str) -> None:
    found = complaints(arvenia, "stations", "Bureau|voters\n10001|900", told)
    assert any(words in complaint.replace("Bureau?", "bureau?") for complaint in found), found


# kind, the sheet, the complaint
WRONG: list[tuple[Kind, str, str]] = [
    ("stations", f"{STATIONS}\n10001|urban|Littoral|Port-Nord|many|1", "Sheet1!E2: voters “many” is no positive"),
    ("stations", f"{STATIONS}\n1000A|urban|Littoral|Port-Nord|900|1", "Sheet1!A2: station “1000A” is no number"),
    ("stations", f"{STATIONS}\n10001|urban|Littoral||900|x", "Sheet1!D2: district is empty"),
    ("stations", f"{STATIONS}\n1|a|b|c|9|1\n1|a|b|c|9|1", "Sheet1!A3: station 1 stands already in Sheet1!A2"),
    ("stations", "station|station no\n1|2", "Sheet1!B1: “station no” is a second column station"),
    ("stations", "voters|region\n1|2", "Sheet1!A2: no column station"),
    ("observers", "observer|role|station|language\nA1|observer|99999|fr", "Sheet1!C2: there is no station 99999"),
    ("observers", "observer|phone|role|station\nA1|12|observer|10001", "Sheet1!B2: this phone is no number"),
    ("observers", "code|phone|role|station|language\nA1|+237670000001|boss|10001|fr", "Sheet1!C2: unknown role “boss”"),
    ("staff", "person|language\nA1|fr", "Sheet1!A2: A1 stands already in observers.csv:2"),
    ("staff", "person|language\ncoord-l|xx", "Sheet1!B2: language “xx” is not one of this election"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "rows", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_an_unsound_cell_is_named_by_its_address(arvenia: Path, kind: Kind, rows: str, words: str) -> None:
    found = complaints(arvenia, kind, rows)
    assert any(complaint.startswith(words) for complaint in found), found


def test_what_would_break_another_file_is_refused_by_its_line(arvenia: Path) -> None:
    made = planned(arvenia, "stations", frame_with(arvenia, "10001,", "10009,"), name="f.csv")
    assert [complaint.address for complaint in made.complaints] == ["observers.csv:2", "observers.csv:3"]
    with pytest.raises(ValueError, match="complaints"):
        plan.carry_out(arvenia, made)
    assert (arvenia / "stations.csv").read_bytes() == (ARVENIA / "stations.csv").read_bytes()


def test_what_was_wrong_before_elsewhere_does_not_stand_in_the_way(arvenia: Path) -> None:
    (arvenia / "staff.csv").unlink()
    made = planned(arvenia, "stations", frame_with(arvenia, ",900,", ",901,"), name="f.csv")
    assert not made.complaints
    assert made.changes.changed == ("10001",)


def test_nothing_is_written_where_the_file_changed_after_the_preview(arvenia: Path) -> None:
    made = planned(arvenia, "stations", frame_with(arvenia, ",900,", ",901,"), name="f.csv")
    (arvenia / "stations.csv").write_bytes(frame_with(arvenia, ",900,", ",902,"))
    with pytest.raises(Moved):
        plan.carry_out(arvenia, made)
    assert b",902," in (arvenia / "stations.csv").read_bytes()


def test_a_machine_that_stops_leaves_the_old_file_or_the_new_one(
    arvenia: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planned(arvenia, "stations", frame_with(arvenia, ",900,", ",901,"), name="f.csv")

    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr("os.fsync", power_cut)
    with pytest.raises(OSError, match="power cut"):
        plan.carry_out(arvenia, made)
    assert (arvenia / "stations.csv").read_bytes() == (ARVENIA / "stations.csv").read_bytes()
    assert configuration.load(arvenia).stations == configuration.load(ARVENIA).stations


@pytest.mark.parametrize("kind", ["stations", "observers", "staff"])
@pytest.mark.parametrize("directory", [ARVENIA, KYRGYZSTAN], ids=["arvenia", "kyrgyzstan"])
def test_what_was_exported_comes_back_unchanged(directory: Path, kind: Kind) -> None:
    exported = workbooks.register(directory, kind)
    assert exported
    upload = registers.read(directory, kind, sheets.read("any.xlsx", exported), {})
    assert not upload.complaints
    assert not upload.changes
    assert upload.left_out == upload.kept == ()


def test_an_export_holds_no_formula_whatever_the_cells_begin_with(arvenia: Path) -> None:
    evil = '=HYPERLINK("http://example.org","x")'
    (arvenia / "stations.csv").write_text(
        f'station,stratum,region,district,voters,sampled\n00017,@a,-b,"{evil.replace(chr(34), chr(34) * 2)}",900,1\n'
    )
    exported = workbooks.register(arvenia, "stations")
    assert exported
    read = sheets.read("any.xlsx", exported)
    assert not read.complaints  # a formula would be one
    assert read.sheets[0].rows[1].cells == ("00017", "@a", "-b", evil, "900", "1")
