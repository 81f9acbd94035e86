"""Row 17: webhooks that never arrived are found by asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from bots.emulated.bot_api import Deed
from bots.emulated.twilio_api import Texted
from bots.gateway import OutboundMessage
from hub.database import reading
from hub.intake import recovery
from hub.models import JournalRow, StationRecordRow
from tests.journeys.town import MORNING, Town, open_town

MESSAGE = OutboundMessage("+237670000001", "hello", "out-1")


async def test_row_17_what_twilio_received_and_nobody_told_is_brought_in_once(
    engine: Engine, database_url: str
) -> None:
    async with open_town(engine, database_url) as town:
        await town.sms("+237670000001", "SET H0715 M1 A1")
        for n in range(60):
            sender = "whatsapp:+237670000001" if n % 2 else "+237670000001"
            await town.twilio_api.text(Texted(**{"from": sender, "body": f"SET A{n}"}))
        await town.gateways.twilio.send(MESSAGE)  # type: ignore[union-attr]  # ours is not taken for theirs
        since = datetime.now(UTC) - timedelta(minutes=1)
        found = [await recovery.from_twilio(town.hub, town.gateways.twilio, since) for _ in range(2)]  # type: ignore[arg-type]
        assert [(road.listed, road.new) for road in found] == [(60, 60), (60, 0)]
        assert texts(town)[:3] == ["SET H0715 M1 A1", "SET A0", "SET A1"]
        assert len(texts(town)) == 61


async def test_row_17_what_waits_at_telegram_is_brought_in_and_the_webhook_set_again(
    engine: Engine, database_url: str
) -> None:
    async with open_town(engine, database_url) as town:
        for n in range(5):
            await town.bot_api.do(Deed(**{"from": 8100001, "text": f"SET A{n}"}))
        assert town.gateways.telegram is not None
        found = await recovery.from_telegram(town.hub, town.gateways.telegram)
        assert (found.listed, found.new, found.problem) == (5, 5, "")
        assert texts(town) == [f"SET A{n}" for n in range(5)]


async def test_row_17_a_recovered_message_is_judged_by_when_its_provider_had_it_and_overrides_nothing_later(
    engine: Engine, database_url: str
) -> None:
    async with open_town(engine, database_url) as town:
        town.clock[0] = MORNING + timedelta(minutes=20)
        await town.telegram(8100001, "SET H0725")
        await town.work()
        town.clock[0] = MORNING + timedelta(days=1)  # long after the second form opened
        for minutes, text in ((10, "SET H0715 M1 A1"), (15, "TAL R900 V50 YA20 YB30")):
            await town.bot_api.do(Deed(update=update(text, MORNING + timedelta(minutes=minutes))))
        assert town.gateways.telegram is not None
        await recovery.from_telegram(town.hub, town.gateways.telegram)
        await town.work()
        assert [submission.outcome for submission in town.submissions()] == ["accepted", "accepted", "rejected"]
        with reading(town.hub.engine) as session:
            assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:25", "M": "1", "A": "1"}


def update(text: str, at: datetime) -> dict[str, object]:
    chat = {"id": 8100001, "type": "private"}
    message = {"message_id": 1, "date": int(at.timestamp()), "chat": chat, "from": {"id": 8100001}, "text": text}
    return {"message": message}


def texts(town: Town) -> list[str]:
    with reading(town.hub.engine) as session:
        return list(session.scalars(select(JournalRow.text).order_by(JournalRow.id)))
