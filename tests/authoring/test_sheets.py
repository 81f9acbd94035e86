"""Strangers' files: read as people see them, refused where they are dangerous or say something else than they show."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from hub.authoring import sheets
from tests.authoring.paper import workbook


def cells(data: bytes, name: str = "frame.xlsx") -> list[tuple[str, ...]]:
    read = sheets.read(name, data)
    assert not read.complaints, read.complaints
    return [row.cells for row in read.sheets[0].rows]


def refusal(data: bytes, name: str = "frame.xlsx") -> str:
    read = sheets.read(name, data)
    assert read.complaints
    return str(read.complaints[0])


# the cell, and what it says
CELLS: list[tuple[Any, str]] = [
    (1191, "1191"),
    (1191.0, "1191"),
    (996550000000, "996550000000"),
    (0.5, "0.5"),
    (True, "true"),
    (date(2030, 3, 10), "2030-03-10"),
    (datetime(2030, 3, 10, 17, 0), "2030-03-10 17:00"),
    (time(8, 30), "08:30"),
    ("  Port-Nord ", "Port-Nord"),
    ("+237 670", "+237 670"),
    ("two\nlines", "two\nlines"),
]


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_a_cell_says_what_people_read_in_it(cell: Any, text: str) -> None:
    assert cells(workbook(one=[["head"], [cell]]))[1] == (text,)


def test_zeros_that_a_format_shows_are_part_of_the_number() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet["A1"] = 17
    sheet["A1"].number_format = "00000"
    out = io.BytesIO()
    book.save(out)
    assert cells(out.getvalue()) == [("00017",)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", [("a", "b"), ("1", "2")]),
        ("\ufeffa;b\r\n1;2,5\r\n", [("a", "b"), ("1", "2,5")]),
        ("a\tb\n1\t2\n", [("a", "b"), ("1", "2")]),
        ('a,b\n\n"x, y",\n', [("a", "b"), ("x, y", "")]),
    ],
)
def test_csv_is_read_with_whichever_separator_it_has(text: str, rows: list[tuple[str, ...]]) -> None:
    assert cells(text.encode(), "frame.csv") == rows
    assert cells(text.removeprefix("\ufeff").encode("utf-16"), "frame.csv") == rows


def test_blank_rows_keep_the_numbers_of_those_below() -> None:
    (header, row) = sheets.read("f.xlsx", workbook(Frame=[["a"], [None], [None], ["b"]])).sheets[0].rows
    assert (header.address(0), row.address(2)) == ("Frame!A1", "Frame!C4")


# what stands in C2, and what is said of it
REFUSED_CELLS = [
    ("=1+1", "Frame!C2: a formula — copy the column and paste its values only"),
    ('=HYPERLINK("http://x","y")', "Frame!C2: a formula"),
    ("#REF!", "Frame!C2: the error #REF!"),
    ("9.9655E+11", "Frame!C2: 9.9655E+11 is a number cut short"),
    ("x" * 2001, "Frame!C2: longer than 2000 characters"),
    ("be\x85ll", "Frame!C2: a control character"),
]


@pytest.mark.parametrize(("cell", "words"), REFUSED_CELLS, ids=[words for _, words in REFUSED_CELLS])
def test_a_cell_that_is_no_value_is_refused_by_its_address(cell: str, words: str) -> None:
    assert refusal(workbook(Frame=[["a", "b", "c"], ["1", "2", cell]])).startswith(words)


def test_hidden_sheets_are_not_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(old=[["x"]], new=[["y"]])))
    book["old"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert [sheet.name for sheet in sheets.read("f.xlsx", out.getvalue()).sheets] == ["new"]


def spoilt(part: str, content: str | bytes) -> bytes:
    """A sound workbook with one part replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(Frame=[["a"], ["b"]]))) as sound,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in sound.namelist():
            if name != part:
                archive.writestr(name, sound.read(name))
        archive.writestr(part, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROWS = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
LAUGHS = "".join(
    [
        '<!DOCTYPE lolz [<!ENTITY l0 "lol">',
        *(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)),
        "]>",
        ROWS.format("<row><c t='str'><v>&l9;</v></c></row>"),
    ]
)
EXTERNAL = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>{ROWS.format("")}'


def test_a_document_type_is_refused_in_any_part_and_encoding() -> None:
    assert "document type" in refusal(spoilt(SHEET, LAUGHS))
    assert "document type" in refusal(spoilt(SHEET, LAUGHS.encode("utf-16")))
    assert "document type" in refusal(spoilt("xl/sharedStrings.xml", EXTERNAL))


def test_what_unpacks_to_more_than_a_table_is_refused_before_it_is_unpacked() -> None:
    assert "unpacks to more" in refusal(spoilt("xl/media/image1.png", b"\0" * 61_000_000))
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(501):
            archive.writestr(str(number), "")
    assert "unpacks to more" in refusal(many.getvalue())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('<row r="100001"><c r="A100001" t="str"><v>x</v></c></row>', "more than 100,000 rows"),
        ('<row r="999999999"><c r="A999999999" t="str"><v>x</v></c></row>', "longer than any spreadsheet"),
        ('<row r="1"><c r="XFD1" t="str"><v>x</v></c></row>', "more than 100 columns"),
        ('<row r="1"><c r="ZZZZZZZ1" t="str"><v>x</v></c></row>', "damaged"),
        ('<row r="1"><c t="s"><v>77</v></c></row>', "damaged"),
        ('<row r="1"><c t="n"><v>1e400</v></c></row>', "damaged"),
    ],
)
def test_a_sheet_beyond_any_bounds_is_refused(rows: str, words: str) -> None:
    assert words in refusal(spoilt(SHEET, ROWS.format(rows)))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("frame.xlsx", b"PK\x03\x04 and then nothing", "no XLSX workbook"),
        ("frame.xlsx", b"", "no XLSX workbook"),
        ("frame.xls", b"\xd0\xcf\x11\xe0", "neither XLSX nor CSV"),
        ("frame.csv", b"\xf3\xf7\xe0", "not UTF-8"),
        ("frame.csv", b'a,b\n"never closed', "no CSV"),
        ("frame.csv", b"\n\n", "no sheet holds anything"),
        ("frame.csv", b"a," * 5_000_001, "larger than 10 MB"),
        ("frame.xlsx", workbook(one=[]), "no sheet holds anything"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_spreadsheet_is_refused_as_a_file(name: str, data: bytes, words: str) -> None:
    assert words in refusal(data, name)
    assert refusal(data, name).startswith(name)
