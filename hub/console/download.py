"""A table as a file: CSV that a spreadsheet opens as text and numbers, and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """`name` without its ending. Moments are ISO 8601 in UTC, what is missing is empty."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    # With the mark that tells spreadsheets it is UTF-8.
    return Response(f"\ufeff{file.getvalue()}".encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
    return value
