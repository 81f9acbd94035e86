"""The bundle, checked where there is nothing but Python."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.custody import anchors, bundle
from hub.database import reading, writing
from hub.models import MediaRow
from tests.custody.archive import A1, STRANGER, Archive

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def write(archive: Archive, place: Path, *, identities: bool = False) -> int:
    with reading(archive.hub.engine) as session:
        key = archive.public
        return bundle.write(session, archive.hub.vault, "arvenia-2030", key, place, identities=identities)


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """As a court does: an empty directory, no environment, no package of ours."""
    command = [sys.executable, "-I", "verify.py", *arguments]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def test_a_bundle_verifies_with_nothing_but_python(archive: Archive, tmp_path: Path) -> None:
    with writing(archive.hub.engine) as session:
        settings = archive.hub.settings.model_copy(update={"anchors": "telegram:-100123"})
        anchors.send(session, replace(archive.hub, settings=settings), archive.head(), archive.hub.timer())
    assert write(archive, tmp_path / "evidence.zip") == 8
    empty = tmp_path / "empty"
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archived:
        archived.extractall(empty)
    code, told = check(empty, "--key", archive.public.hex(), "--against", str(archive.head()))
    assert (code, "SOUND: 8 entries" in told, "1 files, 1 heads, 2 checkpoints" in told) == (0, True, True), told
    assert "compare it with the one that was published" in check(empty)[1]


async def test_whatever_is_changed_in_a_bundle_is_named(archive: Archive, tmp_path: Path) -> None:
    write(archive, tmp_path / "sound")
    lines = (tmp_path / "sound" / "entries.jsonl").read_text().splitlines()
    with reading(archive.hub.engine) as session:
        photo = session.scalars(select(MediaRow.sha256)).one()
    assert photo is not None
    heads = (tmp_path / "sound" / "heads.jsonl").read_text()
    seq = json.loads(heads.splitlines()[-1])["seq"]
    changes = {
        "entry #2 (journal 2): its text is not": (
            "entries.jsonl",
            "\n".join(lines).replace("queue outside", "all well"),
        ),
        "entry #3 (journal 3): the chain breaks": ("entries.jsonl", "\n".join(lines[:1] + lines[2:])),
        "beyond the end of the chain": ("entries.jsonl", "\n".join(lines[:-1])),
        "the last signed head is #": ("heads.jsonl", ""),
        "the signature is not of this key": ("heads.jsonl", heads.replace('"at": "2030', '"at": "2031')),
        f"head #{seq}": ("heads.jsonl", heads.replace('"link": "', '"link": "0')),
        "its file was changed": (f"media/{photo}", "another picture"),
    }
    for told, (name, content) in changes.items():
        shutil.copytree(tmp_path / "sound", tmp_path / "changed")
        (tmp_path / "changed" / name).write_text(content)
        code, said = check(tmp_path / "changed")
        assert (code, told in said) == (1, True), said
        shutil.rmtree(tmp_path / "changed")
    assert check(tmp_path / "sound", "--key", "00" * 32)[0] == 1
    assert check(tmp_path / "sound", "--against", f"#{seq} 0000 0000 0000 0000")[0] == 1


async def test_nobody_is_named_in_a_bundle_unless_a_court_must_know(archive: Archive, tmp_path: Path) -> None:
    write(archive, tmp_path / "without")
    write(archive, tmp_path / "with", identities=True)
    without, with_them = ((tmp_path / name / "entries.jsonl").read_text() for name in ("without", "with"))
    assert [number in without for number in (A1, A1[1:], "8100004", "10.0.0.7")] == [False] * 4
    assert STRANGER in without  # what somebody wrote is what they wrote
    assert [number in with_them for number in (A1, "8100004", "SM1")] == [True] * 3
    assert (check(tmp_path / "without")[0], check(tmp_path / "with")[0]) == (0, 0)
    with pytest.raises(FileExistsError):
        write(archive, tmp_path / "with")
