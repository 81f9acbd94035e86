"""A table or a drawing as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from fastapi.responses import Response

from hub import tabulation
from hub.tabulation import Table

Kind = Literal["csv", "xlsx", "svg", "png"]
_TYPES: dict[Kind, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "svg": "image/svg+xml",
    "png": "image/png",
}


def as_csv(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """`name` without its ending."""
    return as_file(name, "csv", tabulation.as_csv(headings, rows))


def as_workbook(name: str, tables: Sequence[Table]) -> Response:
    return as_file(name, "xlsx", tabulation.as_workbook(tables))


def as_file(name: str, kind: Kind, content: bytes) -> Response:
    """To be saved, never shown in our name."""
    headers = {"content-disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, media_type=_TYPES[kind], headers=headers)
