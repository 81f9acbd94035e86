"""Loops that burn the credit: none is begun, and none goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copy

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from bots.gateway import InboundMessage
from hub.context import Hub
from hub.database import open_engine, reading, writing
from hub.intake import journal, pipeline
from hub.models import OutboxRow, PersonRow, WorkItemRow
from hub.settings import Settings
from tests.journeys.town import MORNING, load

A1 = "+237670000001"
A1_TELEGRAM = "8100001"
INSTEAD = "Même réponse. Appelez votre coordinateur."


@pytest.fixture
def hub(sqlite_template: Path, tmp_path: Path) -> Iterator[Hub]:
    copy(sqlite_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    settings = Settings(secret_key=SecretStr("s" * 40), replies_per_number=10, own_numbers="+15005550006, +15005550007")
    yield load(engine, settings, [MORNING])
    engine.dispose()


def text(hub: Hub, *texts: str, sender: str = A1, minutes: int = 0, recipient: str = "4400") -> list[str]:
    """What is answered to texts that come one by one."""
    before = len(answers(hub))
    for n, words in enumerate(texts):
        name = f"{minutes}-{n}-{words}-{sender}"
        message = InboundMessage("kannel", "sms", name, sender, words, b"", recipient=recipient)
        with writing(hub.engine) as session:
            row = journal.row(message, hub.vault, "CM", MORNING + timedelta(minutes=minutes))
            journal.store(session, [row])
        pipeline.settle_batch(hub, 10)
    return answers(hub)[before:]


def telegrams(hub: Hub, *texts: str, minutes: int = 0) -> list[tuple[str, str]]:
    """By which channel, and what, is answered to what A1 writes on Telegram."""
    rows = [
        journal.row(
            InboundMessage("telegram", "telegram", f"{minutes}-{n}", A1_TELEGRAM, words, b"", chat=A1_TELEGRAM),
            hub.vault,
            "CM",
            MORNING + timedelta(minutes=minutes),
        )
        for n, words in enumerate(texts)
    ]
    with writing(hub.engine) as session:
        ids = journal.store(session, rows)
    pipeline.settle_batch(hub, 100)
    said = select(OutboxRow.channel, OutboxRow.text).where(OutboxRow.journal_id.in_(ids)).order_by(OutboxRow.id)
    with reading(hub.engine) as session:
        return [(channel, words) for channel, words in session.execute(said)]


def answers(hub: Hub) -> list[str]:
    with reading(hub.engine) as session:
        return list(session.scalars(select(OutboxRow.text).where(OutboxRow.kind == "reply").order_by(OutboxRow.id)))


def quiet(hub: Hub) -> int:
    with reading(hub.engine) as session:
        return sum("quiet" in detail for detail in session.scalars(select(WorkItemRow.detail)))


def test_the_same_reply_goes_twice_in_an_hour_then_another_then_none_and_the_desk_is_told_once(hub: Hub) -> None:
    said = text(hub, *["STATUS"] * 6)
    assert said == [said[0], said[0], INSTEAD]
    assert quiet(hub) == 1
    assert len(text(hub, "STATUS", minutes=61)) == 1


def test_a_batch_counts_what_it_says_itself(hub: Hub) -> None:
    rows = [
        journal.row(InboundMessage("kannel", "sms", f"id{n}", A1, "STATUS", b""), hub.vault, "CM", MORNING)
        for n in range(20)
    ]
    with writing(hub.engine) as session:
        journal.store(session, rows)
    pipeline.settle_batch(hub, 100)
    assert len(answers(hub)) == 3


def test_a_number_gets_only_so_many_replies_a_day(hub: Hub) -> None:
    assert len(text(hub, *(f"SET H07{n}" for n in range(10, 40)))) == 10
    assert quiet(hub) == 1
    assert len(text(hub, "SET A0", minutes=24 * 60 + 1)) == 1


@pytest.mark.parametrize("sender", ["1234", "MegaCom", "", "+15005550006", "+15005550007", "infobot@example.org"])
def test_an_automatic_sender_gets_no_reply(hub: Hub, sender: str) -> None:
    assert text(hub, "STATUS", "hello", sender=sender) == []
    assert quiet(hub) == 0


def test_our_own_number_is_known_by_the_one_it_wrote_to(hub: Hub) -> None:
    assert text(hub, "hello", sender="+237670000099", recipient="+237670000099") == []
    assert len(text(hub, "hello again", sender="+237670000099")) == 1


def test_whoever_said_stop_hears_nothing_until_start(hub: Hub) -> None:
    with writing(hub.engine) as session:
        stop = InboundMessage("kannel", "sms", "stop", A1, "STOP", b"", kind="stop")
        journal.store(session, [journal.row(stop, hub.vault, "CM", MORNING)])
    assert text(hub, "STATUS") == []
    with writing(hub.engine) as session:
        start = InboundMessage("kannel", "sms", "start", A1, "START", b"", kind="start")
        journal.store(session, [journal.row(start, hub.vault, "CM", MORNING)])
    assert len(text(hub, "STATUS", minutes=1)) == 1


def test_a_limit_for_everybody_holds_for_everybody(hub: Hub) -> None:
    hub.settings.replies_per_day = 3
    said = [text(hub, "STATUS", sender=f"+23767000000{n}") for n in range(1, 5)]
    said.append(text(hub, "SET A1"))
    assert sum(map(len, said)) == 3


def test_telegram_is_free_as_long_as_it_is_answered_there(hub: Hub) -> None:
    assert [channel for channel, _ in telegrams(hub, *["STATUS"] * 12)] == ["telegram"] * 12


def test_what_is_written_on_telegram_and_answered_by_sms_is_counted_across_batches(hub: Hub) -> None:
    hub.settings.kannel_token = SecretStr("configured")
    with writing(hub.engine) as session:
        session.execute(update(PersonRow).where(PersonRow.code == "A1").values(prefers="kannel"))
    first, second = telegrams(hub, "STATUS"), telegrams(hub, *["STATUS"] * 5, minutes=1)
    assert [channel for channel, _ in first + second] == ["sms"] * 3
    assert [words for _, words in first + second] == [first[0][1], first[0][1], INSTEAD]
    assert quiet(hub) == 1
    assert len(telegrams(hub, *(f"SET H07{n}" for n in range(10, 30)), minutes=2)) == 7  # and ten a day
