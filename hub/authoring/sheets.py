"""Spreadsheets as rows of text with the address of every cell, XLSX and CSV alike. What comes is a stranger's file:
limits come before anything is unpacked, XML with a document type is refused, and a formula is no value."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.utils import get_column_letter

LARGEST = 10_000_000  # bytes of a file
MOST_ROWS, MOST_COLUMNS = 100_000, 100
_UNPACKED = 60_000_000  # bytes; 100,000 rows of a frame are half of it
_MOST_PARTS = 500
_LAST_ROW = 1_048_576  # of any spreadsheet
_LONGEST = 2_000  # characters of a cell


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """What is wrong with a cell (`Sheet1!C17`), a sheet or the file, and what to do about it."""

    address: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.address}: {self.message} — {self.fix}"


@dataclass(frozen=True, slots=True)
class Row:
    """`number` counts from 1, as spreadsheets do. `cells`: stripped; "" where nothing stands."""

    sheet: str
    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        return self.cells[column] if column < len(self.cells) else ""

    def address(self, column: int) -> str:
        return f"{self.sheet}!{get_column_letter(column + 1)}{self.number}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that hold anything. The first is the header."""

    name: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Workbook:
    """What could be read of a file. With complaints, it is not to be used."""

    file: str
    sheets: tuple[Sheet, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    def sheet(self, name: str) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.name.strip().casefold() == name), None)


class _Refused(Exception):
    """The file cannot be read at all: message and fix."""


def read(name: str, data: bytes) -> Workbook:
    """Reads a file by its name's ending: .xlsx, or .csv with commas, semicolons or tabs. Never raises."""
    complaints: list[Complaint] = []
    try:
        if len(data) > LARGEST:
            raise _Refused(f"larger than {LARGEST // 1_000_000} MB", "leave out what is not needed")
        match PurePath(name).suffix.lower():
            case ".xlsx":
                sheets = list(_workbook(data, complaints))
            case ".csv" | ".tsv" | ".txt":
                sheets = [_text(PurePath(name).stem, data, complaints)]
            case _:
                raise _Refused("neither XLSX nor CSV", "save the file as “Excel workbook (.xlsx)” or as CSV UTF-8")
    except _Refused as refused:
        return Workbook(name, (), (Complaint(name, *refused.args),))
    if not any(sheet.rows for sheet in sheets):
        complaints.append(Complaint(name, "no sheet holds anything", "write a line of headers, and rows below it"))
    return Workbook(name, tuple(sheets), tuple(complaints))


def _workbook(data: bytes, complaints: list[Complaint]) -> Iterator[Sheet]:
    _refuse_bombs(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and dates: what matters is complained of by cell
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # what the file claims of its size is only a claim
                    yield _sheet(sheet.title, sheet.iter_rows(), complaints)
    except _Refused:
        raise
    except Exception as error:  # the library raises whatever a broken file makes it trip over
        raise _Refused("this workbook is damaged", "open it in a spreadsheet program and save it again") from error


def _refuse_bombs(data: bytes) -> None:
    """Judges the archive by its directory, which also bounds what is unpacked later; then each part's prologue."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _UNPACKED:
                raise _Refused("unpacks to more than any table needs", "copy the table into a new workbook")
            if any(part.flag_bits & 1 for part in parts):
                raise _Refused("locked with a password", "save it without one")
            for part in parts:
                with archive.open(part) as stream:
                    _refuse_document_type(stream)
    except _Refused:
        raise
    except Exception as error:  # damaged archives end in a dozen ways, of zlib, struct and zipfile
        raise _Refused("no XLSX workbook", "save the file as “Excel workbook (.xlsx)”") from error


def _refuse_document_type(stream: Any) -> None:
    # Entities can only be declared before the first element, so nothing behind it need be read.
    try:
        next(iter(iterparse(stream, events=("start",), forbid_dtd=True)), None)
    except ParseError:
        pass  # a picture
    except DefusedXmlException as error:
        raise _Refused("a workbook with a document type of its own", "copy the table into a new workbook") from error


def _sheet(name: str, cells: Iterator[tuple[Any, ...]], complaints: list[Complaint]) -> Sheet:
    rows: list[Row] = []
    for number, line in enumerate(cells, 1):
        if number > _LAST_ROW:
            raise _Refused("longer than any spreadsheet", "copy the table into a new workbook")
        if not line:
            continue
        texts = [_cell(cell, f"{name}!{get_column_letter(at)}{number}", complaints) for at, cell in enumerate(line, 1)]
        _add(Row(name, number, tuple(texts)), rows)
    return Sheet(name, tuple(rows))


def _add(row: Row, rows: list[Row]) -> None:
    if not any(row.cells):
        return
    if row.number > MOST_ROWS:
        raise _Refused(f"{row.sheet} has more than {MOST_ROWS:,} rows", "delete what stands below the table")
    if any(row.cells[MOST_COLUMNS:]):
        raise _Refused(f"{row.sheet} has more than {MOST_COLUMNS} columns", "delete what stands beside the table")
    rows.append(row)


def _cell(cell: Any, address: str, complaints: list[Complaint]) -> str:
    if cell.value is None:
        return ""
    if cell.data_type == "f":
        complaints.append(Complaint(address, "a formula", "copy the column and paste its values only"))
        return ""
    if cell.data_type == "e":
        complaints.append(Complaint(address, f"the error {cell.value}", "correct it, or empty the cell"))
        return ""
    return _clean(_written(cell.value, cell.number_format), address, complaints)


def _written(value: Any, shown_as: str) -> str:
    """As people would write it: 1191 and not 1191.0, 2021-11-28, 09:00; zeros in front where the sheet shows them."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() if value == int(value):
            return str(int(value)).zfill(len(shown_as) if set(shown_as) == {"0"} else 0)
        case float():
            return repr(value)
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return f"{value:%Y-%m-%d}"
        case time():
            return f"{value:%H:%M}"
    return str(value)


def _clean(text: str, address: str, complaints: list[Complaint]) -> str:
    text = text.strip()
    if len(text) > _LONGEST:
        complaints.append(Complaint(address, f"longer than {_LONGEST} characters", "shorten it"))
        return ""
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        complaints.append(Complaint(address, "a control character in the text", "type the text again"))
        return ""
    if re.fullmatch(r"[0-9]([.,][0-9]+)?E\+[0-9]+", text):
        complaints.append(Complaint(address, f"{text} is a number cut short", "format the column as text first"))
        return ""
    return text


def _text(name: str, data: bytes, complaints: list[Complaint]) -> Sheet:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _Refused("not UTF-8", "save the file as “CSV UTF-8”") from error
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows: list[Row] = []
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1):
            # What stands too far to the right has no address; it need only be seen.
            kept = line if len(line) <= MOST_COLUMNS else [*line[:MOST_COLUMNS], "".join(line[MOST_COLUMNS:])]
            addressed = ((cell, f"{name}!{get_column_letter(at)}{number}") for at, cell in enumerate(kept, 1))
            _add(Row(name, number, tuple(_clean(cell, address, complaints) for cell, address in addressed)), rows)
    except csv.Error as error:
        raise _Refused(f"no CSV: {error}", "check the quotes, or save it as an Excel workbook") from error
    return Sheet(name, tuple(rows))
