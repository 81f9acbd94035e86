"""What the tests of the sample share: a vault, moments, and where an observer is said to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from hub.database import reading, writing
from hub.election import configuration
from hub.sample import importer, roster
from hub.sample.importer import Changes
from hub.vault import Vault

VAULT = Vault("a secret that is only for tests, 32+")
NOW = datetime(2030, 3, 10, 6, tzinfo=UTC)
NOON = NOW + timedelta(hours=6)
LATER = NOW + timedelta(hours=9)


def stations_of(engine: Engine, phone: str, at: datetime) -> tuple[str, ...]:
    """Where the one person of this phone is at a moment."""
    sent = VAULT.digest("phone", phone), at
    with reading(engine) as session:
        [person] = roster.senders(session, [sent])[sent]
        return person.stations


def reload(engine: Engine, directory: Path, at: datetime) -> Changes:
    with writing(engine) as session:
        return importer.load(session, configuration.load(directory), VAULT, at)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
