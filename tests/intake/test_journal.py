from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from bots.gateway import InboundMessage
from hub.database import reading, writing
from hub.intake import journal
from hub.intake.journal import Journal
from hub.intake.spool import Spool
from hub.models import InboxRow, JournalRow
from hub.vault import Vault

VAULT = Vault("s" * 40)
NOW = datetime(2030, 3, 10, 8, tzinfo=UTC)


@pytest.fixture
async def running(engine: Engine, tmp_path: Path) -> AsyncIterator[Journal]:
    running = Journal(engine, VAULT, lambda: NOW, "CM", Spool(tmp_path, VAULT))
    writer = asyncio.create_task(running.run())
    yield running
    writer.cancel()


def message(provider_id: str, text: str = "SET A1", sender: str = "+237670000001") -> InboundMessage:
    return InboundMessage("twilio", "sms", provider_id, sender, text, raw=f"Body={text}".encode("utf-8", "replace"))


async def test_what_append_returned_from_is_in_the_journal_and_in_the_inbox(engine: Engine, running: Journal) -> None:
    await asyncio.gather(*(running.append([message(f"SM{n}")]) for n in range(300)))
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(JournalRow)) == 300
        assert journal.unread(session) == 300


async def test_a_message_alone_waits_for_no_others_and_in_a_burst_they_share_a_commit(
    running: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    stored = journal.store

    def store(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
        commits.append(len(rows))
        return stored(connection, rows)

    monkeypatch.setattr(journal, "store", store)
    monkeypatch.setattr(journal, "GATHER", 60)
    for n in range(3):
        await asyncio.wait_for(running.append([message(f"SM{n}")]), 20)
    assert commits == [1, 1, 1]

    monkeypatch.setattr(journal, "GATHER", 0.5)
    await running.append([message(f"SN{n}") for n in range(journal.BURST)])
    await asyncio.gather(*(later(n / 10, running.append([message(f"SO{n}")])) for n in range(3)))
    assert commits[3:] == [journal.BURST, 3]


async def later(seconds: float, appending: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await appending


async def test_a_message_that_is_there_already_is_left_as_it_is(engine: Engine, running: Journal) -> None:
    await running.append([message("SM1", "first")])
    await running.append([message("SM1", "second"), message("SM2"), message("SM2")])
    with reading(engine) as session:
        assert session.scalars(select(JournalRow.text).order_by(JournalRow.id)).all() == ["first", "SET A1"]


async def test_the_sender_and_the_raw_payload_are_sealed(engine: Engine, running: Journal) -> None:
    await running.append([message("SM1", sender="6 70 00 00 01")])
    with reading(engine) as session:
        row = session.scalars(select(JournalRow)).one()
    assert b"67000" not in row.sender_sealed + row.raw_sealed + row.sender_digest
    assert VAULT.open(row.sender_sealed) == b"+237670000001"
    assert VAULT.open(row.raw_sealed) == b"Body=SET A1"
    assert row.sender_digest == VAULT.digest("phone", "+237670000001")


@pytest.mark.parametrize("text", ["\0null", "half a pair \ud83d", "🗳 Ж ب", "x" * 50_000, ""])
async def test_any_text_can_be_stored(engine: Engine, running: Journal, text: str) -> None:
    await running.append([message("SM1", text)])
    with reading(engine) as session:
        assert len(session.scalars(select(JournalRow.text)).one()) == len(text)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [("gateway", "IntegrityError"), ("provider_id", "TypeError")],
    ids=["a row the database refuses", "a message no row can be made of"],
)
async def test_what_cannot_be_stored_costs_the_others_nothing(
    engine: Engine, running: Journal, wrong: str, refusal: str
) -> None:
    broken = message("SM2")
    object.__setattr__(broken, wrong, None)
    results = await asyncio.gather(
        *(running.append([it]) for it in (message("SM1"), broken, message("SM3"))), return_exceptions=True
    )
    assert [type(result).__name__ for result in results] == ["NoneType", refusal, "NoneType"]
    with reading(engine) as session:
        assert session.scalars(select(JournalRow.provider_id).order_by(JournalRow.id)).all() == ["SM1", "SM3"]


async def test_a_postponed_entry_waits_for_its_time(engine: Engine, running: Journal) -> None:
    await running.append([message("SM1"), message("SM2")])
    with writing(engine) as session:
        first = session.scalars(select(InboxRow.journal_id).order_by(InboxRow.journal_id)).first()
        assert first is not None
        journal.postpone(session, first, 1, "ValueError", NOW)
    with reading(engine) as session:
        assert len(journal.waiting(session, NOW, 10)) == 1
        assert [entry.attempts for entry in journal.waiting(session, NOW + timedelta(seconds=5), 10)] == [1, 0]
