"""Sending through python-telegram-bot, and polling, over sockets, with an emulated Bot API and its bad days."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import bots.telegram
from bots.emulated.bot_api import BotApi
from bots.emulated.faults import Fault
from bots.gateway import OutboundMessage, SendError
from bots.telegram import TelegramGateway, decode_update

TOKEN = "4200:AA-emulated"
HELLO = OutboundMessage("700123", "Stored: OPN 5191", "outbox/812")


@pytest.fixture
async def users(emulated_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{emulated_url}/control") as client:
        yield client


async def test_a_text_is_sent_as_it_is(telegram: TelegramGateway, bot_api: BotApi) -> None:
    sent = await telegram.send(OutboundMessage("700123", "Кабыл алынды *_<b> 🗳", "1"))
    (message,) = bot_api.sent
    assert (message["chat_id"], message["text"]) == ("700123", "Кабыл алынды *_<b> 🗳")
    assert sent.provider_id == f"700123:{message['message_id']}"


async def test_buttons_come_in_their_rows(telegram: TelegramGateway, bot_api: BotApi) -> None:
    rows = ((("Seen", "ack:17"), ("Done", "done:17")), (("Call me", "call:17"),))
    await telegram.send(OutboundMessage("700123", "A critical incident", "1", buttons=rows))
    assert bot_api.sent[0]["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Seen", "callback_data": "ack:17"}, {"text": "Done", "callback_data": "done:17"}],
            [{"text": "Call me", "callback_data": "call:17"}],
        ]
    }


async def test_a_pressed_button_is_answered_and_nothing_else(telegram: TelegramGateway, bot_api: BotApi) -> None:
    await telegram.send(OutboundMessage("700123", "a" * 300, "1", answers_button="4382bf"))
    (answer,) = bot_api.sent
    assert (answer["method"], answer["callback_query_id"], answer["text"]) == (
        "answerCallbackQuery",
        "4382bf",
        "a" * 200,
    )


async def test_a_text_that_is_too_long_is_shortened_and_not_lost(telegram: TelegramGateway, bot_api: BotApi) -> None:
    await telegram.send(OutboundMessage("700123", "a" * 5000, "1"))
    assert bot_api.sent[0]["text"] == "a" * 4096


@pytest.mark.parametrize(
    ("fault", "permanent", "retry_after", "address"),
    [
        (Fault(status=429, retry_after=3), False, 3.0, ""),
        (Fault(status=403), True, None, "blocked"),
        (Fault(status=400, description="Bad Request: chat not found"), True, None, "blocked"),
        (Fault(status=400, description="Bad Request: BUTTON_DATA_INVALID"), True, None, ""),
        (Fault(status=401, description="Unauthorized"), False, None, ""),
        (Fault(status=500), False, None, ""),
        (Fault(status=502, description="Bad Gateway"), False, None, ""),
    ],
)
async def test_a_refusal_says_whether_to_try_again(
    telegram: TelegramGateway,
    bot_api: BotApi,
    fault: Fault,
    permanent: bool,
    retry_after: float | None,
    address: str,
) -> None:
    bot_api.faults.order(fault)
    with pytest.raises(SendError) as raised:
        await telegram.send(HELLO)
    assert (raised.value.permanent, raised.value.unknown, raised.value.retry_after) == (permanent, False, retry_after)
    assert raised.value.address == address
    assert bot_api.sent == []
    assert await telegram.send(HELLO)


async def test_one_blocked_chat_leaves_the_others_alone(telegram: TelegramGateway, bot_api: BotApi) -> None:
    bot_api.faults.order(Fault(status=403, to="666", times=100))
    with pytest.raises(SendError):
        await telegram.send(OutboundMessage("666", "a", "1"))
    assert await telegram.send(HELLO)


async def test_a_group_that_moved_is_followed(telegram: TelegramGateway, bot_api: BotApi) -> None:
    bot_api.faults.order(Fault(status=400, to="-77", migrate_to=-10077))
    sent = await telegram.send(OutboundMessage("-77", "a", "1"))
    assert sent.provider_id.startswith("-10077:")
    assert [message["chat_id"] for message in bot_api.sent] == ["-10077"]


@pytest.mark.parametrize(("kind", "arrived"), [("lose", 1), ("refuse", 0)])
async def test_a_connection_that_breaks_leaves_the_message_unknown(
    telegram: TelegramGateway, bot_api: BotApi, kind: Any, arrived: int
) -> None:
    bot_api.faults.order(Fault(kind=kind))
    with pytest.raises(SendError) as raised:
        await telegram.send(HELLO)
    assert raised.value.unknown
    assert len(bot_api.sent) == arrived


async def test_a_late_answer_leaves_the_message_unknown(
    emulated_url: str, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.telegram, "TIMEOUT", 0.2)
    gateway = TelegramGateway(TOKEN, "", emulated_url)
    bot_api.faults.order(Fault(kind="late", seconds=0.6))
    with pytest.raises(SendError) as raised:
        await gateway.send(HELLO)
    await gateway.close()
    assert raised.value.unknown
    assert len(bot_api.sent) == 1


async def test_an_unreadable_answer_leaves_the_message_unknown(telegram: TelegramGateway, bot_api: BotApi) -> None:
    bot_api.faults.order(Fault(status=200))
    with pytest.raises(SendError) as raised:
        await telegram.send(HELLO)
    assert raised.value.unknown


async def test_nobody_listening_is_worth_another_try(closed_url: str) -> None:
    gateway = TelegramGateway(TOKEN, "", closed_url)
    with pytest.raises(SendError) as sending:
        await gateway.send(HELLO)
    with pytest.raises(SendError) as polling:
        await gateway.updates(0, 0)
    await gateway.close()
    assert not any((error.value.permanent or error.value.unknown) for error in (sending, polling))


async def test_a_wrong_token_ends_the_polling_and_blames_no_address(emulated_url: str) -> None:
    gateway = TelegramGateway("4200:wrong", "", emulated_url)
    with pytest.raises(SendError) as sending:
        await gateway.send(HELLO)
    with pytest.raises(SendError) as polling:
        await gateway.updates(0, 0)
    await gateway.close()
    assert not sending.value.permanent
    assert polling.value.permanent


async def test_the_token_is_in_no_log_and_no_error(
    emulated_url: str, bot_api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = TelegramGateway(TOKEN, "hook-secret", emulated_url)
    bot_api.faults.order(Fault(status=400, description=f"Bad Request: /bot{TOKEN}/sendMessage"))
    with pytest.raises(SendError) as raised:
        await gateway.send(HELLO)
    await gateway.send(HELLO)
    await gateway.updates(0, 0)
    await gateway.close()
    assert TOKEN not in caplog.text + str(raised.value) + repr(raised.value) + repr(gateway)


async def test_a_poll_brings_raw_updates_and_the_offset_forgets_them(
    telegram: TelegramGateway, users: httpx.AsyncClient
) -> None:
    for n in range(3):
        await users.post("/update", json={"from": 700123, "text": f"OPN {n}"})
    first = await telegram.updates(0, 0)
    assert [decode_update(raw).text for _, raw in first] == ["OPN 0", "OPN 1", "OPN 2"]
    assert await telegram.updates(0, 0) == first
    last = first[-1][0]
    assert last is not None
    assert await telegram.updates(last, 0) == first[2:]
    assert await telegram.updates(last + 1, 0) == []
    assert await telegram.updates(0, 0) == []


async def test_one_odd_update_hides_no_other(telegram: TelegramGateway, users: httpx.AsyncClient) -> None:
    odd = [
        '{"update_id": 5, "message": "]}, [{\\" "}',
        '"a string, with ] and \\\\"',
        "17",
        '{"message": {"text": "no id"}}',
        '{"update_id": 8, "message": ' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"update_id": 9, "message": {"date": ' + "1" * 5_000 + "}}",
    ]
    for raw in odd:
        await users.post("/update", json={"raw": raw})
    await users.post("/update", json={"from": 700123, "text": "OPN 5191"})
    updates = await telegram.updates(0, 0)
    assert [raw.decode() for _, raw in updates[:-1]] == odd
    assert [update_id for update_id, _ in updates[:-1]] == [5, None, None, None, 8, 9]
    assert decode_update(updates[-1][1]).text == "OPN 5191"


async def test_a_long_poll_ends_when_something_comes(telegram: TelegramGateway, users: httpx.AsyncClient) -> None:
    poll = asyncio.create_task(telegram.updates(0, 30))
    await asyncio.sleep(0.1)
    await users.post("/update", json={"from": 700123, "data": "ack:17"})
    ((_, raw),) = await asyncio.wait_for(poll, 5)
    assert decode_update(raw).kind == "button"


async def test_a_second_poller_and_a_webhook_are_a_conflict(
    telegram: TelegramGateway, emulated_url: str, users: httpx.AsyncClient
) -> None:
    poll = asyncio.create_task(telegram.updates(0, 30))
    await asyncio.sleep(0.1)
    await telegram.updates(0, 0)
    with pytest.raises(SendError) as first:
        await asyncio.wait_for(poll, 5)
    await users.post(f"{emulated_url}/bot{TOKEN}/setWebhook", json={"url": "http://127.0.0.1:9/telegram"})
    with pytest.raises(SendError) as second:
        await telegram.updates(0, 0)
    assert (first.value.reason, second.value.reason) == ("conflict", "conflict")


@pytest.mark.parametrize(
    ("fault", "retry_after"), [(Fault(status=429, retry_after=4), 4), (Fault(status=502), None), (Fault(status=200), 0)]
)
async def test_a_poll_that_fails_says_how_long_to_wait(
    telegram: TelegramGateway, bot_api: BotApi, fault: Fault, retry_after: float | None
) -> None:
    bot_api.faults.order(fault)
    with pytest.raises(SendError) as raised:
        await telegram.updates(0, 0)
    assert raised.value.retry_after == (retry_after or None)


async def test_any_text_survives_the_cutting_of_a_poll(telegram: TelegramGateway, users: httpx.AsyncClient) -> None:
    text = 'He said "[{,}]" \\ and left\n🗳 مرحبا'
    await users.post("/update", json={"from": 700123, "text": text})
    ((_, raw),) = await telegram.updates(0, 0)
    assert decode_update(raw).text == text
    assert json.loads(raw)["message"]["text"] == text
