"""What goes out: delivery reports, a store that cannot follow, and slow roads that hold up nothing critical."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from bots.emulated.faults import Fault
from bots.emulated.signing import signed_form
from hub.delivery.sending import Delivery
from hub.intake import journal, pipeline
from hub.models import OutboxRow
from tests.journeys.town import FAST, PUBLIC, SID, TOKEN, Town

A1, A5 = "+237670000001", 8100005
COORDINATOR = 8200001


async def test_a_delivery_report_moves_the_message_it_is_about(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    await town.work()
    sid = town.twilio_api.sent[0]["sid"]
    form = {"MessageSid": sid, "AccountSid": SID, "MessageStatus": "delivered"}
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio/status", form)
    assert (await town.client.post("/sms/twilio/status", content=body, headers=headers)).status_code < 300
    with town.session() as session:
        assert session.scalars(select(OutboxRow.state)).one() == "delivered"


async def test_more_than_the_disk_can_follow_is_answered_503_and_not_acknowledged(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "WAITING_LIMIT", -1)
    answer = await town.sms(A1, "SET H0715 M1 A1")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert town.journal() == []


async def test_a_critical_push_overtakes_replies_that_hang(town: Town) -> None:
    for n in range(40):
        town.bot_api.faults.order(Fault(method="sendMessage", to=str(A5), kind="late", seconds=3))
        await town.telegram(A5, f"SET 20005 H07:{n + 10}")
    while pipeline.settle_batch(town.hub, 100):
        pass
    delivery = Delivery(town.hub, town.gateways.all(), FAST)
    await delivery.round()
    await town.sms(A1, "SET H0715 M1 A0")
    while pipeline.settle_batch(town.hub, 100):
        pass
    for _ in range(20):
        await delivery.round()
        if str(COORDINATOR) in {str(sent.get("chat_id")) for sent in town.bot_api.sent}:
            break
        await asyncio.sleep(0.05)
    with town.session() as session:
        waiting = session.scalars(select(OutboxRow.state).where(OutboxRow.kind == "reply")).all()
        push = session.scalars(select(OutboxRow.state).where(OutboxRow.kind == "push")).one()
    assert push == "sent"
    assert "sending" in waiting
    await delivery.drain()
