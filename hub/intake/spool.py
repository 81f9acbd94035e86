"""Where journal rows wait on disk while the database is away: one sealed file a batch, in the order they came.

A file is whole or it is not there: written beside, synced, renamed, and the folder synced. Bringing one into the
journal twice does nothing, so a kill between the commit and the removal does no harm, nor do two processes that drain.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag

from hub.vault import Vault

log = structlog.get_logger()
Row = dict[str, Any]


class Spool:
    """One folder, which the processes of one hub may share; another hub, with another key, has another in it."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder / vault.digest("spool", "").hex()[:8]
        self._vault = vault
        self._last = 0

    def keep(self, rows: Sequence[Row]) -> None:
        """Returns once the rows are on disk. Raises `OSError` where they are not: then nothing may be acknowledged."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # In the order of arrival, also when the clock is set back; and no other process has this one's number.
        self._last = max(self._last + 1, time.time_ns())
        place = self._folder / f"{self._last:020}-{os.getpid()}.rows"
        written = place.with_suffix(".part")
        try:
            _write(written, self._vault.seal(json.dumps([_plain(row) for row in rows]).encode()))
            written.rename(place)
            _sync(self._folder)
        except OSError:
            written.unlink(missing_ok=True)
            place.unlink(missing_ok=True)
            raise

    def waiting(self) -> list[Path]:
        """The batches that are not in the journal yet, oldest first."""
        try:
            names = os.listdir(self._folder)  # a tenth of what a glob takes, and every commit looks
        except FileNotFoundError:
            return []
        return [self._folder / name for name in sorted(names) if name.endswith(".rows")]

    def drain(self, store: Callable[[list[Row]], bool]) -> None:
        """Hands each batch to `store`, oldest first; what is stored whole is forgotten. Ends with what `store` raises.

        A batch of which `store` refuses a row is laid aside, for a person to look at.
        """
        batches = self.waiting()
        for place in batches:
            rows = self._read(place)
            if rows is not None and store(rows):
                place.unlink(missing_ok=True)
            elif rows is not None:
                _lay_aside(place, "refused")
        if batches:
            _sync(self._folder)

    def _read(self, place: Path) -> list[Row] | None:
        """A batch; or None where another process has drained it, or where it cannot be read and is laid aside."""
        try:
            return [_row(values) for values in json.loads(self._vault.open(place.read_bytes()))]
        except FileNotFoundError:
            return None
        except (InvalidTag, ValueError) as error:
            log.error("spool.unreadable", file=place.name, error=type(error).__name__)
            _lay_aside(place, "unreadable")
            return None


def _lay_aside(place: Path, why: str) -> None:
    with suppress(FileNotFoundError):
        place.rename(place.with_suffix(f".{why}"))


def _write(place: Path, content: bytes) -> None:
    with place.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """A new name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(row: Row) -> Row:
    return {name: _tagged(value) for name, value in row.items()}


def _tagged(value: Any) -> Any:
    match value:
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"moment": value.isoformat()}
    return {"value": value}


def _row(values: Row) -> Row:
    return {name: _untagged(value) for name, value in values.items()}


def _untagged(tagged: Any) -> Any:
    match tagged:
        case {"bytes": text}:
            return base64.b64decode(text)
        case {"moment": text}:
            return datetime.fromisoformat(text)
    return tagged["value"]
