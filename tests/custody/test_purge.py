"""After the election: people are gone from the database and from its files, and everything still adds up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text, update
from sqlalchemy.orm import Session

from hub.analysis import tables
from hub.custody import bundle, purge
from hub.database import reading, writing
from hub.leadership import beat
from hub.models import ChainRow, JournalRow
from hub.vault import Vault
from tests.custody.archive import A1, A2, STRANGER, TELEGRAM, Archive
from tests.custody.test_bundle import check

NOBODY = (A1, A1[1:], A2[1:], str(TELEGRAM), "8100001")


def dump(engine: Engine) -> str:
    """Every row of every table as text."""
    with reading(engine) as session:
        names = inspect(engine).get_table_names()
        return "\n".join(str(tuple(row)) for name in names for row in session.execute(text(f"SELECT * FROM {name}")))


def file_of(engine: Engine) -> bytes:
    engine.dispose()
    return Path(engine.url.database or "").read_bytes()


def figures(archive: Archive) -> object:
    with reading(archive.hub.engine) as session:
        return tables.findings(session, archive.hub.election).as_json()


async def test_people_are_gone_and_figures_and_evidence_stay(archive: Archive, tmp_path: Path) -> None:
    engine, before, digests = archive.hub.engine, figures(archive), dump(archive.hub.engine)
    known = archive.hub.vault.digest("phone", A1)
    assert repr(known)[2:-1] in digests
    assert str(TELEGRAM) in digests  # the chat
    assert purge.purge(archive.hub, archive.key) == 5
    left = dump(engine)
    assert [word for word in (*NOBODY, repr(known)[2:-1], "anna", "picture") if word in left] == []
    assert "queue outside" in left
    verdict = archive.verdict()
    assert (verdict.broken, verdict.destroyed, verdict.counts["journal"]) == ("", 5, 5)
    with Session(engine) as session:  # texts were not purged: one that is gone is missing
        session.execute(update(ChainRow).where(ChainRow.seq == 2).values(salt=None))
        session.execute(update(JournalRow).where(JournalRow.id == 2).values(text="", reason=None))
        assert "its reason, text was destroyed" in archive.verify(session).broken
    assert figures(archive) == before
    if engine.dialect.name == "sqlite":
        bytes_left = file_of(engine)
        assert [word for word in (known, str(TELEGRAM).encode()) if word in bytes_left] == []
    archive.hub.vault._seal = Vault("another key, as nobody has the old one")._seal
    assert (archive.verdict().broken, archive.verdict().counts["unreadable"]) == ("", 1)
    with reading(engine) as session:
        bundle.write(session, archive.hub.vault, "arvenia-2030", archive.public, tmp_path / "b", identities=True)
    assert check(tmp_path / "b")[0] == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_texts_go_too_where_that_is_asked(archive: Archive) -> None:
    before = figures(archive)
    purge.purge(archive.hub, archive.key, texts=True)
    assert [word for word in (STRANGER[1:], "queue outside") if word in dump(archive.hub.engine)] == []
    assert (archive.verdict().broken, figures(archive)) == ("", before)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_destroyed_while_the_hub_works_or_has_work(archive: Archive) -> None:
    await archive.town.sms(A1, "SET 10001 M14")
    with pytest.raises(purge.NotPossible, match="not read yet"):
        purge.purge(archive.hub, archive.key)
    await archive.town.work()
    with writing(archive.hub.engine) as session:
        beat(session, "worker", archive.hub.timer())
    with pytest.raises(purge.NotPossible, match="a worker is running"):
        purge.purge(archive.hub, archive.key)
    assert archive.verdict().destroyed == 0
