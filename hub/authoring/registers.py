"""The frame, the observers and the staff from a sheet with any order of columns: what stations.csv, observers.csv or
staff.csv would hold. A column that the sheet lacks stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hub.authoring import headers
from hub.authoring.headers import Mapped
from hub.authoring.plan import NO_CHANGE, Changes, Upload
from hub.authoring.sheets import Complaint, Row, Sheet, Workbook
from hub.election import documents, frame, people, tables
from hub.election.findings import Finding, Findings

Kind = Literal["stations", "observers", "staff"]


@dataclass(frozen=True, slots=True)
class Register:
    """One of the three tables. `columns`: what it may have; the first is the key, by which rows are compared."""

    file: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.columns[0]


REGISTERS: dict[str, Register] = {
    "stations": Register(frame.FILE, ("station", "stratum", "region", "district", "voters", "sampled"), ("region",)),
    "observers": Register(
        people.OBSERVERS,
        ("observer", "role", "station", "phone", "telegram_id", "language", "region", people.PREFERS),
        (people.PREFERS,),
    ),
    "staff": Register(
        people.STAFF,
        ("person", "role", "region", "phone", "telegram_id", "language", people.PREFERS),
        (people.PREFERS,),
    ),
}


def read(directory: Path, kind: Kind, workbook: Workbook, told: Mapping[str, str]) -> Upload:
    """What the table of a workbook would make of the register. `told`: their header → our column."""
    register = REGISTERS[kind]
    if workbook.complaints:
        return Upload(register.file, complaints=workbook.complaints)
    sheet = workbook.sheet(kind) or next(sheet for sheet in workbook.sheets if sheet.rows)
    if not sheet.rows:
        empty = Complaint(sheet.name, "the sheet is empty", "write a line of headers, and rows below it")
        return Upload(register.file, complaints=(empty,))
    header, *rows = sheet.rows
    found = headers.mapped(header, register.columns, told, {"station": station_words(directory)})
    before = tables.read(directory, register.file, (), Findings(), optional=register.columns)
    return _Reading(
        register, sheet, rows, found, before.columns, {row[register.key]: row for row in before.rows}
    ).upload()


def station_words(directory: Path) -> tuple[str, ...]:
    """What people of this election call a station. Not `№`: in a sheet that is any row's number."""
    top = documents.read(directory, "election.yaml", Findings()).value
    station = top.get("station") if isinstance(top, dict) else None
    words = station.get("words") if isinstance(station, dict) else None
    return tuple(word for word in words if any(map(str.isalpha, word))) if isinstance(words, list) else ()


@dataclass(frozen=True, slots=True)
class _Reading:
    register: Register
    sheet: Sheet
    rows: Sequence[Row]
    found: Mapped
    columns_before: tuple[str, ...]
    before: Mapping[str, tables.Row]

    def upload(self) -> Upload:
        columns = self._columns()
        complaints = [*self.found.complaints, *self._missing()]
        if complaints:
            return self._told(complaints=tuple(complaints))
        lines = [self._line(row, columns) for row in self.rows]
        return self._told(content=as_csv(columns, lines), changes=self._changes(columns, lines))

    def _told(
        self,
        content: bytes | None = None,
        changes: Changes = NO_CHANGE,
        complaints: tuple[Complaint, ...] = (),
    ) -> Upload:
        found = self.found
        return Upload(
            self.register.file,
            content,
            changes,
            found.taken,
            found.left_out,
            self._kept(),
            complaints=complaints,
            address=self._address,
        )

    def _columns(self) -> tuple[str, ...]:
        """In the order of the file; new ones behind it."""
        register = self.register
        held = self.columns_before or tuple(name for name in register.columns if name not in register.optional)
        return (*held, *(name for name in register.columns if name in self.found.places and name not in held))

    def _kept(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns_before if name not in self.found.places)

    def _missing(self) -> list[Complaint]:
        """The key is always needed; another column only where there is nothing to keep."""
        needed = [self.register.key] if self.before else list(self._columns())
        fix = "add the column, or say which it is: --map '{0}=their header'"
        return [
            Complaint(self.rows[0].address(0) if self.rows else self.sheet.name, f"no column {name}", fix.format(name))
            for name in needed
            if name not in self.found.places
        ]

    def _line(self, row: Row, columns: Sequence[str]) -> dict[str, str]:
        places = self.found.places
        code = row.cell(places[self.register.key])
        old = self.before.get(code)
        return {
            name: _value(name, row.cell(places[name])) if name in places else (old[name] if old else "")
            for name in columns
        }

    def _changes(self, columns: Sequence[str], lines: Sequence[Mapping[str, str]]) -> Changes:
        key = self.register.key
        codes = {line[key]: line for line in lines}
        old = {code: {name: row[name] for name in columns} for code, row in self.before.items()}
        return Changes(
            added=tuple(code for code in codes if code not in old),
            changed=tuple(code for code in codes if code in old and codes[code] != old[code]),
            removed=tuple(code for code in old if code not in codes),
        )

    def _address(self, finding: Finding) -> str | None:
        """Our file has a line for each row of theirs, in the same order, below its header."""
        if finding.file != self.register.file or not 2 <= finding.line < len(self.rows) + 2:
            return None
        row = self.rows[finding.line - 2]
        return row.address(self.found.places.get(finding.column, self.found.places[self.register.key]))


def _value(column: str, cell: str) -> str:
    if column == "sampled":
        return {"true": "1", "false": ""}.get(cell.casefold(), cell)
    return cell.replace("\n", " ")  # a line of ours is a row of theirs


def as_csv(columns: Sequence[str], lines: Sequence[Mapping[str, str]]) -> bytes:
    """A register's file. Cells of other columns are left out."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()
