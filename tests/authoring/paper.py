"""Workbooks made in a test: rows of cells by sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

Cells = Sequence[Sequence[Any]]


def workbook(**sheets: Cells) -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.create_sheet(name) if number else first
        sheet.title = name
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table(text: str) -> list[list[str | None]]:
    """Rows of cells between bars, one line a row; an empty cell is None."""
    return [[cell.strip() or None for cell in line.split("|")] for line in text.strip().splitlines()]
