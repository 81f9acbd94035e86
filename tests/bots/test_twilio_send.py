"""Sending through Twilio's own library, over sockets, to an emulated Twilio with bad days."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import httpx
import pytest

import bots.twilio
from bots.emulated.faults import Fault
from bots.emulated.twilio_api import TwilioApi
from bots.gateway import OutboundMessage, SendError
from bots.twilio import TwilioGateway

HELLO = OutboundMessage("+996555010123", "Stored: OPN 5191", "outbox/812")


async def test_a_message_is_sent_with_the_address_of_its_status(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    sent = await twilio.send(HELLO)
    (message,) = twilio_api.sent
    assert message["sid"] == sent.provider_id
    assert message["asked"] == {
        "To": "+996555010123",
        "From": "+15005550006",
        "Body": "Stored: OPN 5191",
        "StatusCallback": "https://hub.example/sms/twilio/status?reference=outbox%2F812",
    }


async def test_an_urgent_message_expires_before_it_misleads(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    await twilio.send(replace(HELLO, urgent=True))
    assert 300 <= int(twilio_api.sent[0]["asked"]["ValidityPeriod"]) <= 900


async def test_a_reply_to_whatsapp_goes_by_whatsapp(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    await twilio.send(replace(HELLO, to="whatsapp:+996555010123"))
    assert (twilio_api.sent[0]["from"], twilio_api.sent[0]["to"]) == (
        "whatsapp:+15005550006",
        "whatsapp:+996555010123",
    )


async def test_a_messaging_service_sends_from_its_own_numbers(emulated_url: str, twilio_api: TwilioApi) -> None:
    gateway = TwilioGateway(
        "AC00000000000000000000000000000001", "an auth token", "MG42", "https://hub.example", emulated_url
    )
    await gateway.send(HELLO)
    await gateway.close()
    asked = twilio_api.sent[0]["asked"]
    assert asked["MessagingServiceSid"] == "MG42"
    assert "From" not in asked


async def test_every_script_arrives_intact(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    text = "Кабыл алынды & مرحبا 🗳 + 100% = Ⅳ"
    await twilio.send(replace(HELLO, text=text))
    assert twilio_api.sent[0]["body"] == text


async def test_a_text_that_is_too_long_is_shortened_and_not_lost(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    await twilio.send(replace(HELLO, text="a" * 1601))
    assert twilio_api.sent[0]["body"] == "a" * 1597 + "..."


@pytest.mark.parametrize(
    ("fault", "permanent", "retry_after"),
    [
        (Fault(status=400, code=21610), True, None),
        (Fault(status=400, code=21211), True, None),
        (Fault(status=400, code=21614), True, None),
        (Fault(status=403, code=21408), True, None),
        (Fault(status=400, code=21606), True, None),
        (Fault(status=400, code=30005), True, None),
        (Fault(status=401, code=20003), False, None),
        (Fault(status=408, code=20408), False, None),
        (Fault(status=429, code=20429, retry_after=7), False, 7.0),
        (Fault(status=429), False, None),
        (Fault(status=500), False, None),
        (Fault(status=503, retry_after=2), False, 2.0),
    ],
)
async def test_a_refusal_says_whether_to_try_again(
    twilio: TwilioGateway, twilio_api: TwilioApi, fault: Fault, permanent: bool, retry_after: float | None
) -> None:
    twilio_api.faults.order(fault)
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    assert (raised.value.permanent, raised.value.unknown, raised.value.retry_after) == (permanent, False, retry_after)
    assert twilio_api.sent == []
    assert await twilio.send(HELLO)


@pytest.mark.parametrize(
    ("code", "address"),
    [
        (21610, "opted_out"),
        (21211, "blocked"),
        (21614, "blocked"),
        (30006, "blocked"),
        (21408, ""),  # from here on ours to mend: no word about the number
        (21606, ""),
        (21617, ""),
        (20003, ""),
    ],
)
async def test_a_refusal_says_what_it_means_for_the_number(
    twilio: TwilioGateway, twilio_api: TwilioApi, code: int, address: str
) -> None:
    twilio_api.faults.order(Fault(status=400, code=code))
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    assert raised.value.address == address


async def test_a_lost_answer_leaves_the_message_unknown(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    twilio_api.faults.order(Fault(kind="lose"))
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    assert raised.value.unknown
    assert len(twilio_api.sent) == 1


async def test_a_closed_connection_leaves_it_unknown_too(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    twilio_api.faults.order(Fault(kind="refuse"))
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    assert raised.value.unknown
    assert twilio_api.sent == []


async def test_a_late_answer_leaves_the_message_unknown(
    emulated_url: str, twilio_api: TwilioApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.twilio, "TIMEOUT", 0.2)
    gateway = TwilioGateway(
        "AC00000000000000000000000000000001", "an auth token", "+15005550006", "https://hub.example", emulated_url
    )
    twilio_api.faults.order(Fault(kind="late", seconds=0.6))
    with pytest.raises(SendError) as raised:
        await gateway.send(HELLO)
    await gateway.close()
    assert raised.value.unknown
    assert len(twilio_api.sent) == 1


async def test_nobody_listening_is_worth_another_try(closed_url: str) -> None:
    gateway = TwilioGateway("AC1", "an auth token", "+15005550006", "https://hub.example", closed_url)
    with pytest.raises(SendError) as raised:
        await gateway.send(HELLO)
    await gateway.close()
    assert (raised.value.permanent, raised.value.unknown) == (False, False)


async def test_an_unreadable_answer_leaves_the_message_unknown(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    twilio_api.faults.order(Fault(status=200))
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    assert raised.value.unknown


async def test_neither_the_token_nor_a_number_is_in_a_log_or_an_error(
    twilio: TwilioGateway, twilio_api: TwilioApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    twilio_api.faults.order(Fault(status=400, code=21211, description="'To' +996555010123 is not a number"))
    with pytest.raises(SendError) as raised:
        await twilio.send(HELLO)
    await twilio.send(HELLO)
    told = caplog.text + str(raised.value) + repr(raised.value) + repr(twilio)
    assert "996555010123" not in told
    assert "an auth token" not in told


async def test_many_are_sent_at_once(twilio: TwilioGateway, twilio_api: TwilioApi) -> None:
    sent = await asyncio.gather(*(twilio.send(replace(HELLO, reference=str(n))) for n in range(50)))
    assert len({one.provider_id for one in sent}) == len(twilio_api.sent) == 50


async def test_the_emulated_twilio_lists_what_came_in_page_by_page(twilio: TwilioGateway, emulated_url: str) -> None:
    async with httpx.AsyncClient(base_url=emulated_url) as phones:
        for n in range(5):
            await phones.post("/control/twilio/message", json={"from": "+996555010123", "body": f"OPN {n}"})
    await twilio.send(HELLO)
    listed = await twilio._client.messages.list_async(to="+15005550006", page_size=2)
    assert [message.body for message in listed] == ["OPN 4", "OPN 3", "OPN 2", "OPN 1", "OPN 0"]
    assert {message.direction for message in listed} == {"inbound"}
    later = listed[0].date_sent.replace(year=listed[0].date_sent.year + 1)
    assert await twilio._client.messages.list_async(date_sent_after=later) == []
