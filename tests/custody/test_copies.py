"""A copy taken in the middle of load, brought back into an empty place: it verifies, and it is what there was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.engine import make_url

from bots.gateway import InboundMessage
from hub.custody import copies
from hub.database import open_engine, reading, writing
from hub.intake import journal
from hub.models import ChainRow, ContactRow, JournalRow, StationRecordRow
from tests.custody.archive import A1, Archive


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database of the same kind in which nothing is."""
    if database_url.startswith("sqlite"):
        engine = open_engine(f"sqlite:///{tmp_path}/elsewhere/hub.db")
        yield engine
        engine.dispose()
        return
    url = make_url(database_url)
    name = f"{url.database}_back"
    admin = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", pool_size=1)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = open_engine(url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


class Load:
    """Two processes' worth of messages, one transaction after another, and the sealer, until it is ended."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._over = threading.Event()
        self._began = threading.Barrier(4, timeout=30)
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]
        self._threads.append(threading.Thread(target=self._seal))

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()
        self._began.wait()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _write(self, writer: int) -> None:
        hub, count = self._archive.hub, 0
        while not self._over.is_set():
            count += 1
            told = InboundMessage("twilio", "sms", f"load-{writer}-{count}", A1, "SET 10001 H0715", b"{}")
            with writing(hub.engine) as session:
                journal.store(session, [journal.row(told, hub.vault, "CM", hub.clock())])
            if count == 5:
                self._began.wait()

    def _seal(self) -> None:
        self._began.wait()
        while not self._over.wait(0.02):
            self._archive.seal()


async def test_a_copy_from_the_middle_of_load_verifies_and_is_what_there_was(
    archive: Archive, empty: Engine, tmp_path: Path
) -> None:
    with Load(archive):
        made = copies.backup(archive.hub.engine, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert made.size == (tmp_path / "copy").stat().st_size
    copies.restore(empty, tmp_path / "copy")
    back = Archive(replace(archive.town, hub=replace(archive.hub, engine=empty)), archive.key)
    assert back.verdict().broken == ""
    with reading(archive.hub.engine) as then, reading(empty) as now:
        ids = now.scalars(select(JournalRow.id)).all()
        assert len(ids) >= 15
        for table in (JournalRow, ChainRow, ContactRow, StationRecordRow):
            before = set(map(repr, then.execute(select(table.__table__))))
            assert set(map(repr, now.execute(select(table.__table__)))) <= before
    back.seal()  # and the work goes on
    assert (back.verdict().broken, back.verdict().waiting) == ("", 0)
    with pytest.raises(copies.NotPossible, match="there are tables"):
        copies.restore(empty, tmp_path / "copy")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_no_copy_is_brought_back_nowhere(archive: Archive, empty: Engine, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear hub")
    (tmp_path / "dump").write_bytes(b"PGDMP and more")
    with pytest.raises(copies.NotPossible, match="no copy that hub backup made"):
        copies.restore(empty, tmp_path / "letter")
    with pytest.raises(copies.NotPossible, match="a copy of postgresql"):
        copies.restore(empty, tmp_path / "dump")
    with pytest.raises(copies.NotPossible, match="is there already"):
        copies.backup(archive.hub.engine, tmp_path / "letter")
