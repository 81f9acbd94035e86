"""This machine and its store: the key, files nobody else may read, room on the disks, a database that keeps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from hub import leadership
from hub.database import reading, schema
from hub.doctor.checks import Check, doubtful, fine, wrong
from hub.settings import SECRETS, Settings
from hub.vault import Vault

KEY_LETTERS = 16  # different ones in a key that a machine made; a sentence or a repeated word has fewer
ROOM_LEAST, ROOM = 1.0, 5.0  # GB: photos of a day take one to three
CLOCK_LEAST, CLOCK = 60.0, 3.0  # seconds off: a code of an authenticator app holds for 30, phones' signatures for 300
SILENT_AFTER = 30.0  # seconds without a worker's heartbeat
ENVIRONMENTS = (Path(".env"), Path("/etc/hub/hub.env"))


def settings(settings: Settings) -> Iterator[Check]:
    key = settings.secret_key.get_secret_value()
    try:
        Vault(key)
        if len(set(key)) < KEY_LETTERS:
            yield wrong(
                "secret key", "it can be guessed: take python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        else:
            yield fine("secret key", f"{len(key)} characters; keep a copy apart from the database")
    except ValueError as error:
        yield wrong("secret key", str(error))
    if settings.rehearsal_clock:
        yield wrong("clock", "HUB_REHEARSAL_CLOCK is set, so that time is played: unset it")
    if settings.second_factor != "required":
        yield wrong("second factor", "it is only offered: set HUB_SECOND_FACTOR=required")


def files(settings: Settings) -> Iterator[Check]:
    """What holds secrets or messages is its owner's alone."""
    kept = [*ENVIRONMENTS, settings.evidence_key, *_stored(settings), settings.spool_dir]
    open_to_others = [path for path in kept if path.exists() and path.stat().st_mode & 0o007]
    for path in open_to_others:
        yield wrong(
            "permissions", f"everybody on this machine may read {path}: chmod {'700' if path.is_dir() else '600'}"
        )
    if not open_to_others:
        secrets = f"; secrets come from {SECRETS}" if SECRETS else ""
        yield fine("permissions", f"nobody else may read settings, store and spool{secrets}")


def disks(settings: Settings) -> Iterator[Check]:
    for place in (settings.spool_dir, *_stored(settings)):
        free = _free(place)
        told = f"{free:.1f} GB free at {place}"
        if free >= ROOM:
            yield fine("disk", told)
        else:
            judged = wrong if free < ROOM_LEAST else doubtful
            yield judged("disk", f"{told}; have {ROOM:.0f}")
    yield _spool(settings.spool_dir)


def _stored(settings: Settings) -> list[Path]:
    """The file of the database, where it is one."""
    address = settings.database_url
    return [Path(address.removeprefix("sqlite:///"))] if address.startswith("sqlite:///") else []


def _free(place: Path) -> float:
    there = next(each for each in (place, *place.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free / 1e9


def _spool(folder: Path) -> Check:
    """Writes as a message would be written while the database is away."""
    probe = folder / f"doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with probe.open("wb") as file:
            file.write(b"?")
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        return wrong(
            "spool", f"{folder} cannot be written ({error.strerror}): it is where messages wait for the database"
        )
    if batches := len(list(folder.glob("*/*.rows"))):
        return doubtful("spool", f"{batches} batches wait there: `hub serve` brings them in when the database is back")
    return fine("spool", f"{folder} takes what comes while the database is away")


def database(engine: Engine, now: datetime) -> Iterator[Check]:
    """Reachable, at our schema, losing nothing when the power does, with our time, and a worker at it."""
    try:
        with engine.connect() as connection:
            kind = connection.dialect.name
            hasty = _hasty_postgresql(connection) if kind == "postgresql" else _hasty_sqlite(connection)
            theirs = connection.scalar(text("SELECT now()")) if kind == "postgresql" else None
        has, head = schema(engine)
    except SQLAlchemyError as error:
        yield wrong("database", f"it does not answer ({type(error).__name__}): look at HUB_DATABASE_URL")
        return
    yield (
        wrong("database", f"it may lose what it acknowledged: {', '.join(hasty)}") if hasty else fine("database", kind)
    )
    if theirs is not None:
        yield clock("clock of the database", theirs, now)
    if has != head:
        yield wrong("schema", f"it is {has or 'empty'}, and ours is {head}: hub init DIR")
        return
    yield fine("schema", head)
    yield _worker(engine, now)


def clock(what: str, theirs: datetime, now: datetime) -> Check:
    off = abs((theirs - now).total_seconds())
    told = f"{off:.0f} s from ours"
    if off > CLOCK_LEAST:
        return wrong(what, f"{told}: set this machine's by NTP (timedatectl set-ntp true)")
    return doubtful(what, f"{told}: is NTP running?") if off > CLOCK else fine(what, told)


def _hasty_postgresql(connection: Connection) -> list[str]:
    asked = ("fsync", "full_page_writes", "synchronous_commit")
    values = {name: connection.scalar(text(f"SHOW {name}")) for name in asked}
    return [f"{name} is {value}, not on" for name, value in values.items() if value in ("off", "local")]


def _hasty_sqlite(connection: Connection) -> list[str]:
    ask = connection.exec_driver_sql
    synchronous, mode = ask("PRAGMA synchronous").scalar(), ask("PRAGMA journal_mode").scalar()
    return ([] if int(synchronous or 0) >= 2 else ["synchronous is not FULL"]) + (
        [] if mode == "wal" else [f"{mode}, not WAL"]
    )


def _worker(engine: Engine, now: datetime) -> Check:
    with reading(engine) as session:
        seen = leadership.seen(session, "worker")
    if seen is None:
        return wrong("worker", "none has ever run: start `hub work`")
    age = (now - seen).total_seconds()
    if age > SILENT_AFTER:
        return wrong("worker", f"none for {age:.0f} s: start `hub work`")
    return fine("worker", f"seen {max(age, 0):.0f} s ago")
