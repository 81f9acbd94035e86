"""The frame: every polling station of the country, and which of them are the sample. Read from stations.csv."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.election import tables
from hub.election.definition import Sample
from hub.election.findings import Findings
from hub.election.tables import Row

FILE = "stations.csv"
_COLUMNS = ("station", "stratum", "district", "voters", "sampled")
_SAMPLED = {"1": True, "": False, "0": False}


@dataclass(frozen=True, slots=True)
class StationEntry:
    """One line of the frame. `voters`: registered voters. Where no region is named, the stratum is the region."""

    code: str
    stratum: str
    region: str
    district: str
    voters: int
    sampled: bool


def read(directory: Path, findings: Findings) -> tuple[StationEntry, ...]:
    """The sound lines of the frame, in the file's order."""
    table = tables.read(directory, FILE, _COLUMNS, findings, optional=("region",))
    entries: dict[str, StationEntry] = {}
    lines: dict[str, int] = {}
    for row in table.rows:
        if row["station"] in lines:
            message = f"station {row['station']} stands already in {FILE}:{lines[row['station']]}"
            findings.error(FILE, row.line, message, "leave one of the two lines", "station")
            continue
        lines[row["station"]] = row.line
        if entry := _entry(row, "region" in table.columns, findings):
            entries[entry.code] = entry
    stations = tuple(entries.values())
    _warn_of_thin_strata(stations, lines, findings)
    return stations


def code_lengths(stations: Sequence[StationEntry]) -> tuple[int, ...]:
    """How many digits a station's number has in this frame."""
    return tuple(sorted({len(station.code) for station in stations}))


def warn_of_another_size(sample: Sample | None, stations: Sequence[StationEntry], findings: Findings) -> None:
    """Warns where the sample that is marked cannot be the one that was drawn."""
    marked = sum(station.sampled for station in stations)
    if sample and stations and sample.n != marked:
        message = f"{marked} stations are sampled, but sample.yaml says that {sample.n} were drawn"
        findings.warning(FILE, 0, message, "compare with `hub draw DIR --check`, and draw again")


def _entry(row: Row, has_regions: bool, findings: Findings) -> StationEntry | None:
    wrong = _wrong_cells(row, ("stratum", "district", *(("region",) if has_regions else ())))
    for column, message, fix in wrong:
        findings.error(FILE, row.line, message, fix, column)
    if wrong:
        return None
    return StationEntry(
        code=row["station"],
        stratum=row["stratum"],
        region=row["region"] if has_regions else row["stratum"],
        district=row["district"],
        voters=int(row["voters"]),
        sampled=_SAMPLED[row["sampled"]],
    )


def _wrong_cells(row: Row, named: Sequence[str]) -> list[tuple[str, str, str]]:
    """Column, message and fix."""
    wrong = [(column, f"{column} is empty", f"write the {column}'s name") for column in named if not row[column]]
    if not re.fullmatch(r"[0-9]{1,12}", row["station"]):
        message = f"station “{row['station']}” is no number"
        wrong.append(("station", message, "write the digits of the station's number"))
    if not re.fullmatch(r"[0-9]{1,7}", row["voters"]) or int(row["voters"]) == 0:
        message = f"voters “{row['voters']}” is no positive number"
        wrong.append(("voters", message, "write how many voters are registered here"))
    if row["sampled"] not in _SAMPLED:
        message = f"sampled “{row['sampled']}” is unknown"
        wrong.append(("sampled", message, "write 1 for a sampled station, or leave it empty"))
    return wrong


def _warn_of_thin_strata(stations: Sequence[StationEntry], lines: dict[str, int], findings: Findings) -> None:
    if stations and not any(station.sampled for station in stations):
        findings.warning(FILE, 1, "no station is sampled", "draw the sample with `hub draw`")
        return
    sampled: dict[str, int] = {}
    first: dict[str, int] = {}
    for station in stations:
        first.setdefault(station.stratum, lines[station.code])
        sampled[station.stratum] = sampled.get(station.stratum, 0) + station.sampled
    for stratum, count in sampled.items():
        if count < 2:
            # METHOD 9: with fewer than two stations of a stratum no margin of error can be computed.
            message = f"stratum {stratum} has {'no sampled station' if count == 0 else 'one sampled station only'}"
            findings.warning(FILE, first[stratum], message, "draw at least two, or join it with another stratum")
