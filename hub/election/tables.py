"""CSV files as rows with their line numbers. What is wrong with the file as such becomes findings here."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.election.findings import Findings, did_you_mean

_ENCODING = "save the file as “CSV UTF-8”, with commas"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. A column that the file lacks reads as empty."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    file: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


def read(
    directory: Path, name: str, required: Sequence[str], findings: Findings, optional: Sequence[str] = ()
) -> Table:
    """The table's rows, cells stripped, blank lines left out; no rows at all when it cannot be read."""
    lines = _lines(directory / name, name, findings)
    if lines is None:
        return Table(name)
    try:
        reader = csv.reader(lines, strict=True)
        header = tuple(cell.strip() for cell in next(reader, []))
        if not _columns_fit(name, header, required, optional, findings):
            return Table(name)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        findings.error(name, reader.line_num, f"not CSV: {error}", "check the quotes on this line")
        return Table(name)
    if not rows:
        findings.error(name, 1, "the table has no rows", "fill it in below the line of column names")
    return Table(name, header, tuple(_row(name, line, cells, header, findings) for line, cells in rows))


def _lines(path: Path, name: str, findings: Findings) -> list[str] | None:
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        findings.error(name, 0, "this file is missing", "config/README.md tells what belongs in it")
        return None
    except UnicodeDecodeError as error:
        findings.error(name, data[: error.start].count(b"\n") + 1, "not UTF-8", _ENCODING)
        return None
    if not text.strip():
        findings.error(name, 1, "this file is empty", "config/README.md tells which columns belong in it")
        return None
    return text.splitlines(keepends=True)


def _columns_fit(
    name: str, header: tuple[str, ...], required: Sequence[str], optional: Sequence[str], findings: Findings
) -> bool:
    known = [*required, *optional]
    missing = [column for column in required if column not in header]
    if missing == list(required) and len(header) == 1:
        findings.error(name, 1, "the columns are not separated by commas", _ENCODING)
        return False
    for column in header:
        if column not in known:
            findings.error(name, 1, f"unknown column {column or '(without a name)'}", did_you_mean(column, known))
        elif header.count(column) > 1:
            findings.error(name, 1, f"column {column} stands here twice", "leave one of them")
    for column in missing:
        findings.error(name, 1, f"column {column} is missing", f"add it; the columns are {','.join(known)}")
    return not missing


def _row(name: str, line: int, cells: list[str], header: tuple[str, ...], findings: Findings) -> Row:
    if len(cells) != len(header):
        message = f"{len(cells)} cells, but {len(header)} columns"
        findings.error(name, line, message, "add or remove commas; a cell with a comma in it needs quotes")
    return Row(line, dict(zip(header, cells, strict=False)))
