"""Files of an election's directory replaced: readers see the old one or the new one, whatever stops the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def held(path: Path) -> bytes | None:
    """What the file holds, None where there is none."""
    return path.read_bytes() if path.exists() else None


def place(directory: Path, files: Mapping[str, bytes]) -> None:
    """Puts each file in its place. All are on disk before the first takes its place."""
    beside = {directory / name: _written(directory / name, content) for name, content in files.items()}
    for path, new in beside.items():
        os.replace(new, path)
    for folder in {path.parent for path in beside}:
        _sync(folder)


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    new = path.with_name(f".{path.name}.new")  # hidden, so that no reader takes it for a form
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return new


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
