"""A phone's events: what is genuine, and what is in it; and what the phone is asked to send."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.gateway import DeliveryStatus, InboundMessage, OutboundMessage, Refused, SendError, WebhookRequest
from bots.smsgate import SmsGateGateway
from tests.bots.listening import Listener, listening

KEY = "a signing key"
NOW = datetime(2021, 11, 28, 4, tzinfo=UTC)
RECEIVED = {
    "messageId": "a1b2c3d4",
    "sender": "+996555010123",
    "message": "ОПН 5191 A1 🗳",
    "receivedAt": "2021-11-28T10:00:00.000+06:00",
    "simNumber": 1,
}


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
async def gateway(listener: Listener) -> AsyncIterator[SmsGateGateway]:
    gateway = SmsGateGateway(KEY, listener.url.replace("//", "//name:word@") + "/3rdparty/v1/", lambda: NOW)
    yield gateway
    await gateway.close()


def event(name: str = "sms:received", payload: dict[str, Any] = RECEIVED, **more: Any) -> bytes:
    return json.dumps(
        {"event": name, "id": "E1", "deviceId": "fff", "webhookId": "L", "payload": payload} | more
    ).encode()


def posted(
    body: bytes, at: datetime = NOW, key: str = KEY, headers: Mapping[str, str] = MappingProxyType({})
) -> WebhookRequest:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
    return WebhookRequest(
        "POST", "/sms/smsgate", "", {"x-signature": signature, "x-timestamp": timestamp, **headers}, body
    )


async def test_an_event_becomes_a_message(gateway: SmsGateGateway) -> None:
    request = posted(event())
    assert gateway.decode_status(request) is None
    assert gateway.decode(request) == [
        InboundMessage(
            gateway="smsgate",
            channel="sms",
            provider_id="E1",
            sender="+996555010123",
            text="ОПН 5191 A1 🗳",
            raw=request.body,
            sent_at=NOW,
            line="1",
        )
    ]


@pytest.mark.parametrize(
    ("payload", "sender", "line", "sent_at"),
    [
        ({"phoneNumber": "+1", "message": "x"}, "+1", "", None),
        ({"sender": "+1", "message": "x", "simNumber": None, "receivedAt": "2021-11-28T10:00:00"}, "+1", "", None),
        ({"sender": "+1", "message": "x", "receivedAt": "now"}, "+1", "", None),
        ({"sender": "MegaCom", "message": "x", "simNumber": 2}, "MegaCom", "2", None),
    ],
)
async def test_what_older_phones_leave_out_is_left_out(
    gateway: SmsGateGateway, payload: dict[str, Any], sender: str, line: str, sent_at: datetime | None
) -> None:
    (message,) = gateway.decode(posted(event(payload=payload)))
    assert (message.sender, message.line, message.sent_at) == (sender, line, sent_at)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (posted(event(), key="another"), 403),
        (posted(event(), headers={"x-signature": ""}), 403),
        (posted(event(), headers={"x-timestamp": ""}), 403),
        (posted(event(), headers={"x-timestamp": "²"}), 403),
        (posted(event(), at=NOW - timedelta(seconds=301)), 403),
        (posted(event(), at=NOW + timedelta(seconds=301)), 403),
        (WebhookRequest("POST", "/sms/smsgate", "", {}, event()), 403),
        (posted(b"no json"), 400),
        (posted(event(id="")), 400),
        (posted(event(payload=[])), 400),  # type: ignore[arg-type]
    ],
)
async def test_what_is_not_genuine_or_not_sound_is_refused(
    gateway: SmsGateGateway, request_: WebhookRequest, status: int
) -> None:
    for decode in (gateway.decode, gateway.decode_status):
        with pytest.raises(Refused) as refusal:
            decode(request_)
        assert refusal.value.status == status


async def test_four_minutes_old_is_young_enough(gateway: SmsGateGateway) -> None:
    assert gateway.decode(posted(event(), at=NOW - timedelta(minutes=4)))


@pytest.mark.parametrize(
    ("name", "state", "error"),
    [("sms:sent", "sent", ""), ("sms:delivered", "delivered", ""), ("sms:failed", "failed", "RESULT_ERROR")],
)
async def test_an_event_about_our_message_is_a_report(
    gateway: SmsGateGateway, name: str, state: str, error: str
) -> None:
    request = posted(event(name, {"messageId": "out-7", "phoneNumber": "+996555010123", "reason": error}))
    assert gateway.decode(request) == []
    assert gateway.decode_status(request) == DeliveryStatus("smsgate", "out-7", state, error, "out-7")  # type: ignore[arg-type]


async def test_an_event_that_nobody_knows_is_kept(gateway: SmsGateGateway) -> None:
    (message,) = gateway.decode(posted(event("mms:received", {"sender": "+1"})))
    assert message.kind == "other"


@given(body=st.binary(), name=st.text(), payload=st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_whatever_comes_is_decoded_or_refused(body: bytes, name: str, payload: dict[str, Any]) -> None:
    for came in (body, event(name, payload), event(payload=RECEIVED | payload)):
        for decode in (_GATEWAY.decode, _GATEWAY.decode_status):
            with suppress(Refused):
                decode(posted(came))


_GATEWAY = SmsGateGateway(KEY, "", lambda: NOW)


async def test_the_phone_is_asked_under_our_reference_and_answers_by_the_sim_it_came(
    gateway: SmsGateGateway, listener: Listener
) -> None:
    message = OutboundMessage("+996555010123", "Принято", "out-7", line="2", urgent=True)
    assert (await gateway.send(message)).provider_id == "out-7"
    asked = listener.requests[0]
    assert (asked.path, asked.headers["authorization"]) == ("/3rdparty/v1/messages", "Basic bmFtZTp3b3Jk")
    assert json.loads(asked.body) == {
        "id": "out-7",
        "textMessage": {"text": "Принято"},
        "phoneNumbers": ["+996555010123"],
        "withDeliveryReport": True,
        "simNumber": 2,
        "priority": 100,
        "ttl": 600,
    }


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (401, False), (429, False), (500, False)])
async def test_a_refusal_says_what_to_do_next(
    gateway: SmsGateGateway, listener: Listener, status: int, permanent: bool
) -> None:
    listener.answer(status)
    with pytest.raises(SendError) as refusal:
        await gateway.send(OutboundMessage("+996555010123", "hello", "out-7"))
    assert (refusal.value.permanent, refusal.value.unknown) == (permanent, False)


async def test_what_the_phone_has_already_is_sent(gateway: SmsGateGateway, listener: Listener) -> None:
    listener.answer(409)
    assert (await gateway.send(OutboundMessage("+996555010123", "hello", "out-7"))).provider_id == "out-7"


async def test_nobody_listening_is_no_loss(closed_url: str) -> None:
    gateway = SmsGateGateway(KEY, closed_url, lambda: NOW)
    with pytest.raises(SendError) as refusal:
        await gateway.send(OutboundMessage("+996555010123", "hello", "out-7"))
    await gateway.close()
    assert not refusal.value.unknown


async def test_without_an_address_it_only_receives() -> None:
    with pytest.raises(SendError):
        await _GATEWAY.send(OutboundMessage("+996555010123", "hello", "out-7"))


def test_without_a_key_it_does_not_open() -> None:
    with pytest.raises(ValueError, match="signing key"):
        SmsGateGateway("", "")
