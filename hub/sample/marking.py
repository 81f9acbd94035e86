"""A drawn sample into an election's files: the column `sampled` of stations.csv, and how it was drawn."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path

from hub.election import placing
from hub.election.assembly import SAMPLE
from hub.election.frame import FILE


def mark(directory: Path, codes: Collection[str], n: int, seed: int) -> None:
    """Marks these stations and no others, and stores seed, n and order beside them; every other cell stays.

    Both files are on disk before either takes its place. A machine that stops between the two renames leaves files
    that `hub draw --check` tells apart; drawing again mends them.
    """
    written = {
        FILE: _marked((directory / FILE).read_bytes().decode("utf-8"), set(codes)),
        SAMPLE: _SAMPLE.format(n=n, seed=seed),
    }
    placing.place(directory, {name: text.encode() for name, text in written.items()})


_SAMPLE = """\
# How the sample was drawn. `hub draw DIR --check` draws it again and compares.
n: {n}
seed: {seed}
order: [stratum, district, station]
"""


def _marked(table: str, codes: Collection[str]) -> str:
    byte_order_mark = "\ufeff" if table.startswith("\ufeff") else ""
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")))
    header = [cell.strip() for cell in rows[0]]
    station, sampled = header.index("station"), header.index("sampled")
    for row in rows[1:]:
        if any(map(str.strip, row)):
            row[sampled] = "1" if row[station].strip() in codes else ""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n" if "\r\n" in table else "\n").writerows(rows)
    return byte_order_mark + out.getvalue()
