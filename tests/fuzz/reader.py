"""Atheris on the reader, guided by coverage: `python -m tests.fuzz.reader -max_total_time=600 -rss_limit_mb=512`.

No text raises, hangs (`-timeout`), or gives a place outside of itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["hub.checklist"]):
    from hub.checklist import grammar
    from hub.checklist.reading import CommandText
    from hub.election import configuration

ROOT = Path(__file__).parents[2]
CHECKLISTS = [
    configuration.load(place).election.checklist
    for place in (ROOT / "config" / "kyrgyzstan-2021", ROOT / "tests" / "elections" / "arvenia")
]


def read(data: bytes) -> None:
    text = data[1:].decode("utf-8", "surrogateescape" if data[:1] == b"\x00" else "replace")
    for checklist in CHECKLISTS:
        reading = grammar.read(text, checklist)
        if not isinstance(reading, CommandText):
            assert all(0 <= it.start <= it.end <= len(text) for it in reading.problems)


if __name__ == "__main__":
    atheris.Setup([*sys.argv, "-timeout=10", "-max_len=2000"], read)
    atheris.Fuzz()
