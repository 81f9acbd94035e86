"""A table as a file: CSV and XLSX that a spreadsheet opens as text and numbers, and never as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

# What a spreadsheet takes for a formula, also where something that is not seen or a wide letter stands before it.
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WIDEST = 60  # characters


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` of text, numbers, moments and None. `numbers`: the columns that are figures, from 0; `notes` stand below,
    and go into a workbook but not into CSV, where each line is a row."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]
    numbers: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Moments are ISO 8601, what is missing is empty. With the mark that tells spreadsheets it is UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([guarded(heading) for heading in headings])
    writer.writerows([guarded(value) for value in row] for row in rows)
    return f"\ufeff{file.getvalue()}".encode()


def as_workbook(tables: Sequence[Table]) -> bytes:
    """XLSX, a sheet for each table."""
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for number, table in enumerate(tables, 1):
        _fill(book.create_sheet(f"{number}"), table)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def guarded(value: object) -> object:
    """A cell of CSV: what would be a formula gets an apostrophe before it, which spreadsheets take for text."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str() if _FORMULA.match(value) and not _NUMBER.fullmatch(value):
            return f"'{value}"
    return value


def _fill(sheet: Worksheet, table: Table) -> None:
    _put(sheet, 1, 1, table.title).font = Font(bold=True, size=13)
    for column, heading in enumerate(table.headings, 1):
        _put(sheet, 3, column, heading).font = Font(bold=True)
    for at, row in enumerate(table.rows, 4):
        for column, value in enumerate(row, 1):
            cell = _put(sheet, at, column, value)
            if column - 1 in table.numbers:
                cell.alignment = Alignment(horizontal="right")
    for at, note in enumerate(table.notes, len(table.rows) + 5):
        _put(sheet, at, 1, note)
    for column, cells in enumerate(zip(table.headings, *table.rows, strict=False), 1):
        widest = max(len(str(value)) for value in cells)
        sheet.column_dimensions[get_column_letter(column)].width = min(widest, _WIDEST) + 2
    sheet.freeze_panes = "A4"


def _put(sheet: Worksheet, row: int, column: int, value: object) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # nothing is merged
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, str):
        cell.value = _NOT_IN_XML.sub("", value)
        cell.data_type = "s"  # whatever it looks like
        cell.quotePrefix = isinstance(guarded(value), str) and guarded(value) != value
    else:
        cell.value = value  # type: ignore[assignment]
    return cell
