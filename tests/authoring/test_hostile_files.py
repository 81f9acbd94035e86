"""Files made to hurt: read in a process that may hold 512 MB, in seconds, and refused or read as any other."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.authoring import sheets
from tests.authoring.paper import workbook

MOST = 512 * 1024 * 1024  # bytes
READER = """
import resource, sys
from pathlib import Path
from hub.authoring import sheets
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for place in map(Path, sys.argv[1:]):
    read = sheets.read(place.name, place.read_bytes())
    print(place.name, len(read.complaints), sum(len(sheet.rows) for sheet in read.sheets))
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE l [<!ENTITY a0 "ha">{ENTITIES}]><worksheet>&a9;</worksheet>'
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData></worksheet>'


def test_bombs_laughs_and_endless_cells_are_refused_within_512_megabytes(tmp_path: Path) -> None:
    files: dict[str, bytes] = {
        "bomb.xlsx": (bomb := with_part("xl/worksheets/sheet1.xml", b" " * 70_000_000)),
        "lying-bomb.xlsx": lying(bomb, 1_000),
        "many-parts.xlsx": many_parts(),
        "laughs.xlsx": with_part("xl/worksheets/sheet1.xml", LAUGHS.encode()),
        "laughs-in-strings.xlsx": with_part("xl/sharedStrings.xml", LAUGHS.encode()),
        "long-cell.xlsx": with_part("xl/worksheets/sheet1.xml", SHEET % (b"<row>%b</row>" % inline(10_000_000))),
        "deep.xlsx": with_part("xl/worksheets/sheet1.xml", b"<a>" * 200_000),
        "far-cell.xlsx": with_part(
            "xl/worksheets/sheet1.xml", SHEET % b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        ),
        "long-cell.csv": b"head\n" + b"x" * 9_900_000,
        "wide.csv": b"," * 9_900_000,
        "far.csv": b"," * 9_900_000 + b"x",
        "tall.csv": b"a\n" * 4_900_000,
        "open-quote.csv": b'"' + b"x\n" * 4_900_000,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", READER, *(str(tmp_path / name) for name in files)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split("\n")
    read = {line.split()[0]: int(line.split()[1]) for line in told if line}
    assert {name for name in files if not read[name]} == set()  # each is complained of
    assert read["peak"] < MOST


@pytest.mark.parametrize("formula", ['=HYPERLINK("http://x","y")', "=1+1", "=cmd|' /C calc'!A0"])
def test_a_formula_is_no_value_in_a_workbook(formula: str) -> None:
    assert "formula" in str(sheets.read("frame.xlsx", workbook(one=[["station"], [formula]])).complaints[0])


SOUND = workbook(one=[["station", "region"], ["1191", "Littoral"], ["1192", "Montagne"]])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32), places=st.integers(1, 40))
def test_a_damaged_workbook_never_raises(seed: int, places: int) -> None:
    dice, data = random.Random(seed), bytearray(SOUND)
    for _ in range(places):
        data[dice.randrange(len(data))] = dice.randrange(256)
    sheets.read("frame.xlsx", bytes(data))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 32), part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
)
def test_a_damaged_part_of_a_workbook_never_raises(seed: int, part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(SOUND)) as archive:
        dice, content = random.Random(seed), bytearray(archive.read(part))
    for _ in range(3):
        at = dice.randrange(len(content))
        content[at : at + dice.randrange(4)] = dice.choice((b"<", b">", b'"', b"&", b"9" * 30, b"\xff", b"NaN", b"-1"))
    sheets.read("frame.xlsx", with_part(part, bytes(content)))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.xlsx", "a.tsv", "a.txt", "a", "a.xls"]))
def test_any_bytes_are_read_or_complained_of(data: bytes, name: str) -> None:
    read = sheets.read(name, data)
    assert read.complaints or read.sheets


def with_part(name: str, content: bytes) -> bytes:
    """The sound workbook with another content in one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SOUND)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            if part != name:
                after.writestr(part, before.read(part))
        after.writestr(name, content)
    return out.getvalue()


def lying(data: bytes, size: int) -> bytes:
    """The archive's directory says that its last part, which is far larger, has this size."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def many_parts() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"xl/{number}.xml", "<a/>")
    return out.getvalue()


def inline(length: int) -> bytes:
    return b'<c r="A1" t="inlineStr"><is><t>' + b"x" * length + b"</t></is></c>"
