"""What goes out: delivery reports, a store that cannot follow, and slow roads that hold up nothing critical."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bots.emulated.faults import Fault
from bots.emulated.signing import signed_form
from hub import outbox
from hub.database import writing
from hub.delivery.pace import Rates
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
        town.bot_api.faults.order(Fault(method="sendMessage", to=str(A5), kind="late", seconds=8))
        await town.telegram(A5, f"SET 20005 H07:{n + 10}")
    while pipeline.settle_batch(town.hub, 100):
        pass
    delivery = Delivery(town.hub, town.gateways.all(), FAST)
    await delivery.round()
    await town.sms(A1, "SET H0715 M1 A0")
    while pipeline.settle_batch(town.hub, 100):
        pass
    push = ""
    while push not in ("sent", "failed", "unknown"):
        await delivery.round()
        with town.session() as session:
            waiting = session.scalars(select(OutboxRow.state).where(OutboxRow.kind == "reply")).all()
            push = session.scalars(select(OutboxRow.state).where(OutboxRow.kind == "push")).one()
    assert push == "sent"
    assert "sending" in waiting
    await delivery.drain()


async def test_a_chat_gets_one_message_a_second_in_order_and_another_chat_need_not_wait(town: Town) -> None:
    put(town, *(("telegram", str(A5), f"message {n}", outbox.REPLY) for n in range(3)))
    put(town, ("telegram", "8100004", "hello", outbox.REPLY))
    moment = [town.hub.timer()]
    delivery = Delivery(replace(town.hub, timer=lambda: moment[0]), town.gateways.all(), Rates(1000, 1, 1000))
    told = []
    for _ in range(4):
        while await delivery.round():
            pass
        told.append([text for _, text in town.told()])
        moment[0] += timedelta(seconds=1)
    # Two chats are written to at the same time: which of them is heard first is nobody's matter.
    assert [sorted(each) for each in told] == [["hello", "message 0"], ["message 1"], ["message 2"], []]
    with town.session() as session:
        assert set(session.scalars(select(OutboxRow.attempts))) == {1}  # waiting was no attempt


async def test_each_of_our_numbers_has_a_rate_and_what_is_critical_goes_at_once(town: Town) -> None:
    put(town, *(("sms", "+237670000002", f"message {n}", outbox.REPLY) for n in range(3)))
    put(town, *(("sms", "+237680000003", f"push {n}", outbox.CRITICAL) for n in range(3)))
    moment = [town.hub.timer()]
    delivery = Delivery(replace(town.hub, timer=lambda: moment[0]), town.gateways.all(), Rates(1000, 1, 1))
    while await delivery.round():
        pass
    assert sorted(text for _, text in town.told()) == ["push 0", "push 1", "push 2"]
    moment[0] += timedelta(seconds=3)
    while await delivery.round():
        pass
    assert [text for _, text in town.told()] == ["message 0"]


async def test_no_broadcast_holds_up_what_is_critical_though_its_messages_hang(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="sendMessage", to=str(A5), kind="late", seconds=3, times=100))
    put(town, *(("telegram", str(A5), f"broadcast {n}", outbox.BROADCAST) for n in range(100)))
    delivery = Delivery(town.hub, town.gateways.all(), FAST)
    await delivery.round()
    put(town, ("telegram", str(COORDINATOR), "push", outbox.CRITICAL))
    await delivery.round()
    await asyncio.sleep(0.2)
    await delivery.round()
    with town.session() as session:
        assert session.scalars(select(OutboxRow.state).where(OutboxRow.text == "push")).one() == "sent"
    await delivery.drain()


def put(town: Town, *messages: tuple[str, str, str, int]) -> None:
    """Into the outbox: channel, address, text and priority of each."""
    with writing(town.hub.engine) as session:
        drafts = [
            outbox.Draft("reply", priority, channel, town.hub.vault.seal(to.encode()), text)
            for channel, to, text, priority in messages
        ]
        outbox.enqueue(session, drafts, town.hub.timer())
