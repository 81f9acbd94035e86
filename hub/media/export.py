"""Photos for whoever is outside: pictures without metadata, and a table that ties each to its original by SHA-256.

A phone writes beside a photo where and when it was taken, and by which phone: evidence inside, a danger to the observer
outside. A document or a recording cannot be cleaned of what its maker wrote into it: it is listed and stays here.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from sqlalchemy.orm import Session

from hub.media import archive
from hub.media.archive import File
from hub.media.previews import picture
from hub.vault import Vault

COLUMNS = ("id", "file", "sha256", "sha256_of_original", "type", "station", "form", "incident", "observer", "received")


def write(session: Session, vault: Vault, directory: Path) -> int:
    """Writes `index.csv` and a JPEG of the full size for each photo into a directory that may be new; how many
    pictures. Raises `OSError`."""
    directory.mkdir(parents=True, exist_ok=True)
    pictures = 0
    with (directory / "index.csv").open("w", encoding="utf-8-sig", newline="") as index:
        table = csv.writer(index)
        table.writerow(COLUMNS)
        for file in archive.everything(session):
            content = picture(archive.original(session, vault, file), edge=None) if file.has_picture else None
            name = file.name.rpartition(".")[0] + ".jpg" if content else ""
            if content:
                (directory / name).write_bytes(content)
                pictures += 1
            table.writerow(_line(file, name, hashlib.sha256(content).hexdigest() if content else ""))
    return pictures


def _line(file: File, name: str, sha256: str) -> tuple[object, ...]:
    received = file.received_at.isoformat()
    told = (file.type, file.station, file.form, file.incident_id or "", file.who, received)
    return (file.id, name, sha256, file.sha256, *told)
