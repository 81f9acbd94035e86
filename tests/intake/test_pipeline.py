from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, func, select

from bots.gateway import InboundMessage
from hub.checklist import grammar
from hub.context import Hub
from hub.database import reading, writing
from hub.intake import journal, pipeline
from hub.models import InboxRow, PersonRow, StationRow, SubmissionRow, WorkItemRow
from hub.settings import Settings
from tests.journeys.town import MORNING, load

A1, A4 = "+237670000001", "+237670000004"


@pytest.fixture
def hub(engine: Engine) -> Hub:
    return load(engine, Settings(secret_key=SecretStr("s" * 40)), [MORNING])


def put(hub: Hub, *texts: str, sender: str = A1) -> None:
    rows = [
        journal.row(
            InboundMessage("twilio", "sms", f"SM{n}-{text}-{sender}", sender, text, b""), hub.vault, "CM", MORNING
        )
        for n, text in enumerate(texts)
    ]
    with writing(hub.engine) as session:
        journal.store(session, rows)


def outcomes(hub: Hub) -> list[str]:
    with reading(hub.engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))


def senders(hub: Hub) -> list[str]:
    """The codes of those whose messages have been read."""
    read = select(PersonRow.code).join(SubmissionRow, SubmissionRow.person_id == PersonRow.id)
    with reading(hub.engine) as session:
        return list(session.scalars(read.order_by(PersonRow.code)))


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own code fails on one text, as a bug would."""
    read = grammar.read

    def fails(text: str, checklist: object) -> object:
        if "poison" in text:
            raise ZeroDivisionError
        return read(text, checklist)  # type: ignore[arg-type]

    monkeypatch.setattr(grammar, "read", fails)


@pytest.mark.usefixtures("poison")
def test_row_04_a_message_on_which_our_code_fails_is_tried_three_times_alone_and_goes_to_the_desk(
    hub: Hub,
) -> None:
    put(hub, "SET H0715 M1 A1", "poison", "SET M2")
    assert pipeline.settle_batch(hub, 10) == 3
    assert outcomes(hub) == ["accepted", "accepted"]
    for _ in range(2):
        with writing(hub.engine) as session:
            session.execute(InboxRow.__table__.update().values(not_before=None))  # type: ignore[attr-defined]
        assert pipeline.settle_batch(hub, 10) == 1
    assert outcomes(hub) == ["accepted", "error", "accepted"]
    with reading(hub.engine) as session:
        assert session.scalars(select(WorkItemRow.detail)).all() == [{"error": True}]
        assert journal.unread(session) == 0


def test_several_workers_at_once_settle_each_entry_once(hub: Hub) -> None:
    put(hub, *(f"SET W{n}" for n in range(120)))

    def work(_: int) -> None:
        while pipeline.settle_batch(hub, 7):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert len(outcomes(hub)) == 120
    with reading(hub.engine) as session:
        assert journal.unread(session) == 0


def test_an_entry_claimed_by_one_worker_is_not_anothers(hub: Hub, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time")
    put(hub, "SET A1", "SET A0")
    with reading(hub.engine) as session:
        ids = [entry.id for entry in journal.waiting(session, MORNING, 10)]
    with writing(hub.engine) as first, writing(hub.engine) as second:
        assert journal.claim(first, ids[:1]) == {ids[0]}
        assert [entry.id for entry in journal.waiting(second, MORNING, 10)] == ids[1:]
        assert journal.claim(second, ids) == {ids[1]}


def test_a_spare_worker_leaves_a_few_messages_to_one_at_work_and_helps_with_many(hub: Hub, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time")
    put(hub, *(f"SET W{n}" for n in range(14)))
    with writing(hub.engine) as at_work:
        assert journal.takes_turn(at_work)
        assert pipeline.settle_batch(hub, 10, spare=True) is None
        put(hub, "SET W1 ", sender=A4)
        assert pipeline.settle_batch(hub, 10, spare=True) == 10
        assert pipeline.settle_batch(hub, 10, spare=True) is None
        assert pipeline.settle_batch(hub, 3) == 3
    assert pipeline.settle_batch(hub, 10, spare=True) == 2
    assert pipeline.settle_batch(hub, 10, spare=True) == 0


def test_a_station_that_another_worker_holds_is_passed_by_and_read_afterwards(hub: Hub, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time")
    put(hub, "SET A1")
    put(hub, "SET A0", sender=A4)
    with writing(hub.engine) as other:
        other.execute(select(StationRow.id).where(StationRow.code == "10001").with_for_update(key_share=True))
        assert pipeline.settle_batch(hub, 10) == 1
        assert senders(hub) == ["A4"]
    assert pipeline.settle_batch(hub, 10) == 1
    assert senders(hub) == ["A1", "A4"]


def asked_of_a_batch(hub: Hub) -> list[str]:
    """The statements that settle fifty reports, but for those that go to the driver of SQLite itself."""
    put(hub, *(f"SET W{n}" for n in range(50)))
    statements: list[str] = []
    event.listen(hub.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    pipeline.settle_batch(hub, 50)
    return statements


def test_a_batch_takes_a_bounded_number_of_statements(hub: Hub) -> None:
    """The cost of a batch does not grow by a query a message."""
    statements = asked_of_a_batch(hub)
    assert len(statements) < 20, statements


def test_the_journal_is_not_changed_by_settling(hub: Hub) -> None:
    put(hub, "SET H0715", "nonsense")
    with reading(hub.engine) as session:
        before = [tuple(row) for row in session.execute(select(*journal.ENTRY))]
    pipeline.settle_batch(hub, 10)
    with reading(hub.engine) as session:
        assert [tuple(row) for row in session.execute(select(*journal.ENTRY))] == before
        assert session.scalar(select(func.count()).select_from(InboxRow)) == 0


def test_order_is_our_own_whatever_the_providers_clock_says(hub: Hub) -> None:
    rows = []
    for n, (text, sent_at) in enumerate([("SET M1", datetime(2031, 1, 1, tzinfo=MORNING.tzinfo)), ("SET M2", None)]):
        message = InboundMessage("twilio", "sms", f"SM{n}", A1, text, b"", sent_at=sent_at)
        rows.append(journal.row(message, hub.vault, "CM", MORNING))
    with writing(hub.engine) as session:
        journal.store(session, rows)
    pipeline.settle_batch(hub, 10)
    with reading(hub.engine) as session:
        from hub.models import StationRecordRow

        assert session.scalars(select(StationRecordRow.answers)).one() == {"M": "2"}


async def test_the_worker_settles_delivers_and_stops_when_told(hub: Hub, tmp_path: Path) -> None:
    from bots.memory import MemoryGateway
    from hub import worker
    from hub.bootstrap import Gateways

    class OneRoad(Gateways):
        def all(self) -> list[MemoryGateway]:  # type: ignore[override]
            return [road]

    road = MemoryGateway("twilio", "sms")
    put(hub, "SET H0715 M1 A1")
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(hub, OneRoad(), stop))
    for _ in range(400):
        if road.sent:
            break
        await asyncio.sleep(0.02)
    stop.set()
    await running
    assert [message.text for message in road.sent] == ["SET 10001 : reçu. H07:15 M1 A1"]


def test_a_batch_of_reports_changes_nothing_before_all_is_judged(hub: Hub, database_url: str) -> None:
    """On SQLite everybody else waits from the first statement on that does not begin with SELECT."""
    if not database_url.startswith("sqlite"):
        pytest.skip("on PostgreSQL nobody waits")
    statements = asked_of_a_batch(hub)
    kinds = [statement.partition(" ")[0] for statement in statements]
    first = next(place for place, kind in enumerate(kinds) if kind != "SELECT")
    assert "SELECT" not in kinds[first:], statements


def test_a_batch_never_begins_with_the_journal_whatever_the_statistics_say(hub: Hub, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("what holds on PostgreSQL is shown by `hub bench --stored`")
    put(hub, *(f"SET V{n}" for n in range(1_000)))
    while pipeline.settle_batch(hub, 200):
        continue
    with writing(hub.engine) as session:
        session.connection().exec_driver_sql("ANALYZE")
    hub.engine.dispose()  # a new connection plans by them
    asked: list[tuple[str, Any]] = []
    put(hub, *(f"SET W{n}" for n in range(50)))
    event.listen(hub.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    pipeline.settle_batch(hub, 200)
    [(statement, values)] = [it for it in asked if "FROM inbox" in it[0] and it[0].startswith("SELECT")]
    with hub.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not any("SCAN journal" in line for line in plan), plan
