"""A small election on a real PostgreSQL whose large tables are parted: messages walk over the borders as ever."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bots.gateway import InboundMessage
from hub import outbox, partitions
from hub.cli import cli, readiness
from hub.cli.terminal import Refusal
from hub.clock import system
from hub.custody import copies, purge
from hub.database import migrate, reading, schema, writing
from hub.doctor import machine
from hub.intake import corrections, journal
from hub.models import AccountRow, InboxRow, JournalRow, OnceRow, OutboxRow, SeenRow
from hub.outbox import Draft
from tests.custody.archive import A1, Archive, fill
from tests.custody.test_copies import empty  # noqa: F401
from tests.journeys.town import Town, open_town
from tests.test_migrations import downgrade

SIZE, LATER = 4, 9
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SHAPE = """
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_name = ANY(:tables)
UNION ALL SELECT 'key', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND conparentid = 0 AND conrelid = ANY(CAST(:named AS regclass[]))
UNION ALL SELECT 'index', tablename, indexname, replace(indexdef, ' ON ONLY ', ' ON '), '', ''
FROM pg_indexes WHERE tablename = ANY(:tables)
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, '', '', '' FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'sequence', pg_get_serial_sequence('journal', 'id'), pg_get_serial_sequence('outbox', 'id'), '', '', ''
"""


@pytest.fixture
async def archive(engine: Engine, database_url: str) -> AsyncIterator[Archive]:
    async with open_town(engine, database_url) as town:
        yield await fill(Archive(town, Ed25519PrivateKey.generate()))


@pytest.fixture
def parted(archive: Archive) -> Archive:
    """Some hours of a day, and then the tables are parted."""
    part(archive.hub.engine)
    return archive


def part(engine: Engine, size: int = SIZE) -> list[str]:
    _end_work(engine)
    with writing(engine) as session:
        return partitions.partition(session, size)


def _end_work(engine: Engine) -> None:
    """Nobody is connected any more, which PostgreSQL notices a little later."""
    engine.dispose()
    with reading(engine) as session:
        until = time.monotonic() + 10
        while session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")) != 1:
            assert time.monotonic() < until
            time.sleep(0.01)


def rows(engine: Engine, table: str) -> dict[str, int]:
    """How many are in each partition that has any, by where it begins."""
    with reading(engine) as session:
        found = session.execute(text(f"SELECT tableoid::regclass::text AS part, count(*) FROM {table} GROUP BY part"))
        return {name.removeprefix(f"{table}_"): count for name, count in found}


def shape(engine: Engine) -> set[tuple[str, ...]]:
    """The tables' columns, keys, indexes, triggers and sequences, by name."""
    tables = ["journal", "submission", "outbox", "inbox", "incident", "media"]
    with reading(engine) as session:
        return {tuple(row) for row in session.execute(text(SHAPE), {"tables": tables, "named": tables})}


@postgresql
async def test_a_day_walks_over_the_borders_of_partitions(archive: Archive) -> None:
    town, engine = archive.town, archive.hub.engine
    await town.sms(A1, "SET 10001 H0715 M14 A7", "SM-before")
    await town.work()
    town.told()
    assert (town.journal()[-1].id, len(part(engine))) == (6, 3 * partitions.AHEAD)

    for number in range(LATER):
        await town.sms(A1, f"SET 10001 H07{20 + number} M14 A1", f"SM-{number}")
        await town.work()
    assert rows(engine, "journal") == rows(engine, "submission") == {"0": 7, "8": 4, "12": 4}
    assert [row.id for row in town.journal()] == list(range(1, 16))
    assert len(town.told()) == LATER

    for sid in ("SM-before", "SM-0", f"SM-{LATER - 1}"):
        assert (await town.sms(A1, "SET 10001 H0900", sid)).status_code == 200
    await town.work()
    assert (len(town.journal()), town.told()) == (15, [])

    _correct(town, 6)
    await town.undo_no_more()
    assert [(row.id, row.corrects) for row in town.journal()][-1:] == [(16, 6)]
    assert len(town.told()) == 1

    archive.seal()
    verdict = archive.verdict()
    assert (verdict.broken, verdict.waiting, verdict.counts["journal"]) == ("", 0, 16)


def _correct(town: Town, journal_id: int) -> None:
    """At the desk, hours and partitions later."""
    [item] = [item for item in town.desk() if item.journal_id == journal_id]
    with writing(town.hub.engine) as session:
        account = session.scalars(select(AccountRow.id)).first()
        assert account is not None
        corrections.save(
            session,
            town.hub,
            item_id=item.id,
            text="SET 10001 H0715 M14 A1",
            account_id=account,
            reason="called back",
            now=town.clock[0],
        )


@postgresql
async def test_what_belongs_to_the_tables_is_there_afterwards(archive: Archive) -> None:
    engine = archive.hub.engine
    before, counts = shape(engine), {table: sum(rows(engine, table).values()) for table in partitions.KEYS}
    part(engine)
    after = shape(engine)
    assert {row[2] for row in before - after} == {"uq_journal_dedup", "uq_outbox_dedup"}
    assert {row[2] for row in after - before} == {"ix_outbox_dedup"}
    assert {table: sum(rows(engine, table).values()) for table in partitions.KEYS} == counts
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(InboxRow(journal_id=99))
    migrate(engine)
    checks = machine.database(engine, system())
    assert [check for check in checks if check.what == "schema" and check.state != "fine"] == []


@postgresql
def test_a_look_for_one_message_goes_into_one_partition(engine: Engine) -> None:
    part(engine)
    with reading(engine) as session:
        assert _looked_into(session, "WHERE id = 5") == {"journal_4"}
        assert _looked_into(session, "WHERE id IN (1, 9)") == {"journal_0", "journal_8"}
        assert "journal_rest" in _looked_into(session, "WHERE text = 'SET'")


def _looked_into(session: Session, condition: str) -> set[str]:
    plan: list[str] = list(session.scalars(text(f"EXPLAIN SELECT * FROM journal {condition}")))
    scans = [line.partition(" on ")[2].split()[0] for line in plan if " Scan " in line and " on journal" in line]
    return {name for name in scans if not name.endswith("_pkey")}


@postgresql
def test_nothing_is_refused_for_want_of_a_partition(engine: Engine) -> None:
    made = part(engine)
    assert [name for name in made if name.startswith("outbox")] == ["outbox_4", "outbox_8", "outbox_12"]
    with writing(engine) as session:
        outbox.enqueue(session, [_draft(None) for _ in range(17)], system())
    assert rows(engine, "outbox") == {"0": 3, "4": 4, "8": 4, "12": 4, "rest": 2}
    with writing(engine) as session:  # while everybody is at work
        assert partitions.partition(session, SIZE) == ["outbox_20", "outbox_24", "outbox_28"]
        outbox.enqueue(session, [_draft(None) for _ in range(4)], system())
        assert partitions.partition(session, SIZE) == ["outbox_32"]
        assert partitions.partition(session, SIZE) == []
        assert partitions.partition(session, 2 * SIZE)[:2] == ["journal_16", "journal_24"]
    assert rows(engine, "outbox")["20"] == 2


@postgresql
def test_what_must_go_once_goes_once(engine: Engine) -> None:
    with writing(engine) as session:
        outbox.enqueue(session, [_draft("before")], system())
    part(engine)
    with writing(engine) as session:
        outbox.enqueue(session, [_draft(it) for it in ("before", "x", None, "x", None)], system())
        outbox.enqueue(session, [_draft("y"), _draft("x")], system())
        outbox.enqueue(session, [], system())
        sent = session.scalars(select(OutboxRow.dedup).order_by(OutboxRow.id)).all()
        assert sent == ["before", "x", None, None, "y"]
        assert set(session.scalars(select(OnceRow.dedup))) == {"before", "x", "y"}
        assert outbox.known(session, ["x", "z"]) == {"x"}
        assert outbox.withdraw(session, system() + timedelta(1), dedup="y") == 1


def _draft(dedup: str | None) -> Draft:
    return Draft("reply", outbox.REPLY, "sms", b"sealed", "hello", dedup=dedup)


@postgresql
async def test_two_of_one_message_are_one_in_a_batch_and_the_first_counts(parted: Archive) -> None:
    messages = [InboundMessage("twilio", "sms", sid, A1, words, b"{}") for sid, words in (("a", "1"), ("a", "2"))]
    stored = [journal.row(message, parted.hub.vault, "CM", parted.hub.clock()) for message in messages]
    with writing(parted.hub.engine) as session:
        [one] = journal.store(session, [*stored, stored[0]])
        assert journal.store(session, stored) == []
        assert session.get_one(JournalRow, one).text == "1"


@postgresql
async def test_a_copy_of_partitions_comes_back_whole(parted: Archive, empty: Engine, tmp_path: Path) -> None:  # noqa: F811
    copies.backup(parted.hub.engine, tmp_path / "copy")
    copies.restore(empty, tmp_path / "copy")
    assert shape(empty) == shape(parted.hub.engine)
    back = Archive(replace(parted.town, hub=replace(parted.hub, engine=empty)), parted.key)
    assert back.verdict().broken == ""


@postgresql
async def test_a_purge_forgets_what_came(parted: Archive) -> None:
    with reading(parted.hub.engine) as session:
        assert len(session.scalars(select(SeenRow)).all()) == 5
    purge.purge(parted.hub, parted.key)
    with reading(parted.hub.engine) as session:
        assert session.scalars(select(SeenRow)).all() == []
    assert parted.verdict().broken == ""


@postgresql
def test_the_schema_of_before_is_refused_where_it_would_forget(engine: Engine) -> None:
    part(engine)
    with pytest.raises(RuntimeError, match="this database is partitioned"):
        downgrade(engine, "20261123_11")
    assert schema(engine)[0] == schema(engine)[1]


@postgresql
def test_the_first_time_nobody_else_may_be_at_work(engine: Engine) -> None:
    _end_work(engine)
    alone = pytest.raises(partitions.NotPossible, match=r"others are connected to this database \(1\)")
    with engine.connect(), writing(engine) as session, alone:
        partitions.partition(session, SIZE)


async def test_the_command_parts_once_and_then_adds(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "opened", lambda: archive.hub)
    if archive.hub.engine.dialect.name == "sqlite":
        refused = CliRunner().invoke(cli, ["partition", "--size", "1000"])
        assert isinstance(refused.exception, Refusal)
        assert "SQLite has no partitions" in str(refused.exception)
        return
    _end_work(archive.hub.engine)
    first = CliRunner().invoke(cli, ["partition", "--size", "1000"])
    assert first.stdout.split()[:2] == ["journal_1000", "journal_2000"]
    assert CliRunner().invoke(cli, ["partition", "--size", "1000"]).stdout == "enough partitions lie ahead\n"
