"""Telegram's updates: what is genuine, what is in them, and that nothing in them stops the hub."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.gateway import InboundMessage, Kind, Refused, WebhookRequest
from bots.telegram import TelegramGateway, decode_update

# As the Bot API writes them; people are made up.
USER = {"id": 700123, "is_bot": False, "first_name": "A.", "language_code": "ky"}
PRIVATE = {"id": 700123, "first_name": "A.", "type": "private"}
GROUP = {"id": -1001234, "title": "Oblast 3", "type": "supergroup"}
TEXT: dict[str, Any] = {
    "message_id": 55,
    "from": USER,
    "chat": PRIVATE,
    "date": 1638072000,
    "text": "OPN 5191 A1 B2",
}
WORDLESS = {key: value for key, value in TEXT.items() if key != "text"}
PHOTO = WORDLESS | {
    "photo": [{"file_id": "AgAC", "file_unique_id": "AQAD", "width": 90, "height": 67, "file_size": 1253}],
    "caption": "the protocol of 5191",
}
CONTACT = WORDLESS | {"contact": {"phone_number": "996555010123", "first_name": "A.", "user_id": 700123}}
PRESSED = {
    "id": "4382bfdwdsb323b2d9",
    "from": USER,
    "message": {"message_id": 56, "date": 1638072001, "chat": PRIVATE, "text": "A critical incident"},
    "chat_instance": "-3923",
    "data": "ack:17",
}
BLOCKED = {
    "chat": PRIVATE,
    "from": USER,
    "date": 1638072000,
    "old_chat_member": {"user": {"id": 4200, "is_bot": True, "first_name": "Hub"}, "status": "member"},
    "new_chat_member": {"user": {"id": 4200, "is_bot": True, "first_name": "Hub"}, "status": "kicked", "until_date": 0},
}


def update(**content: Any) -> bytes:
    return json.dumps({"update_id": 830147} | content).encode()


@cache
def gateway(secret: str = "hook-secret") -> TelegramGateway:
    return TelegramGateway("4200:AA", secret)


def webhook(body: bytes, **headers: str) -> WebhookRequest:
    return WebhookRequest("POST", "/telegram", "", {"x-telegram-bot-api-secret-token": "hook-secret"} | headers, body)


def test_a_text_becomes_a_message() -> None:
    raw = update(message=TEXT)
    assert gateway().decode(webhook(raw)) == [
        InboundMessage(
            gateway="telegram",
            channel="telegram",
            provider_id="830147",
            sender="700123",
            text="OPN 5191 A1 B2",
            raw=raw,
            chat="700123",
            sent_at=datetime(2021, 11, 28, 4, 0, tzinfo=UTC),
            message="55",
        )
    ]


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"message": TEXT}, "text", "OPN 5191 A1 B2"),
        ({"message": TEXT | {"text": "ОПН 5191 🗳 مرحبا"}}, "text", "ОПН 5191 🗳 مرحبا"),
        ({"message": TEXT | {"text": "a\ud800\0b"}}, "text", "a\ufffd\ufffdb"),
        ({"message": TEXT | {"text": ""}}, "text", ""),
        ({"edited_message": TEXT | {"edit_date": 1638072060}}, "edited", "OPN 5191 A1 B2"),
        ({"message": PHOTO}, "media", "the protocol of 5191"),
        ({"message": WORDLESS | {"document": {"file_id": "BQAC"}}}, "media", ""),
        ({"message": WORDLESS | {"location": {"latitude": 42.87, "longitude": 74.59}}}, "location", ""),
        ({"message": CONTACT}, "contact", "+996555010123"),
        ({"message": CONTACT | {"from": USER | {"id": 666}}}, "other", ""),
        ({"message": WORDLESS | {"dice": {"emoji": "🎲", "value": 3}}}, "other", ""),
        ({"callback_query": PRESSED}, "button", "ack:17"),
        ({"my_chat_member": BLOCKED}, "other", ""),
        ({"message": TEXT | {"chat": GROUP}}, "other", "OPN 5191 A1 B2"),
        ({"message": TEXT | {"chat": GROUP, "text": "/status"}}, "text", "/status"),
        ({"message": WORDLESS | {"chat": GROUP, "migrate_to_chat_id": -1009}}, "other", ""),
        ({"channel_post": TEXT}, "other", ""),
        ({"message": "not an object"}, "unreadable", ""),
        ({"message": []}, "unreadable", ""),
        ({}, "other", ""),
    ],
)
def test_every_kind_of_update_is_told_apart(content: dict[str, Any], kind: Kind, text: str) -> None:
    message = decode_update(update(**content))
    assert (message.kind, message.text, message.provider_id) == (kind, text, "830147")


def test_a_pressed_button_says_who_pressed_it_and_where() -> None:
    message = decode_update(update(callback_query=PRESSED | {"message": PRESSED["message"] | {"chat": GROUP}}))  # type: ignore[operator]
    assert (message.sender, message.chat, message.button) == ("700123", "-1001234", "4382bfdwdsb323b2d9")


def test_an_edited_message_has_the_time_of_its_edit() -> None:
    message = decode_update(update(edited_message=TEXT | {"edit_date": 1638072060}))
    assert message.sent_at == datetime(2021, 11, 28, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"\xff\xfe\xfd",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"update_id": "7"}',
        b'{"update_id": true}',
        b'{"update_id": 1e3}',
        b'{"update_id": 99999999999999999999}',
        b"[" * 100_000,
    ],
)
def test_an_update_without_an_id_is_known_by_its_bytes(raw: bytes) -> None:
    message = decode_update(raw)
    assert (message.kind, message.raw) == ("unreadable", raw)
    assert message.provider_id.startswith("hash:")
    assert message.provider_id == decode_update(raw).provider_id != decode_update(raw + b" ").provider_id


@pytest.mark.parametrize(
    "message",
    [
        {"date": "yesterday"},
        {"date": 10**15},
        {"date": -1},
        {"from": 7},
        {"from": {"id": "700123"}},
        {"chat": None},
        {"text": 5},
    ],
)
def test_a_field_of_the_wrong_shape_is_as_good_as_missing(message: dict[str, Any]) -> None:
    assert decode_update(update(message=TEXT | message)).provider_id == "830147"


def test_an_update_that_no_parser_takes_is_accepted_under_its_id() -> None:
    # Refused, Telegram would send it again and again and nothing after it.
    too_deep = b'{"update_id": 9, "message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    too_long = b'{"update_id": 9, "message": ' + b"1" * 5_000 + b"}"
    for raw in (too_deep, too_long):
        (message,) = gateway().decode(webhook(raw))
        assert (message.kind, message.provider_id) == ("unreadable", "9")


@pytest.mark.parametrize(
    ("secret", "headers", "body", "status"),
    [
        ("hook-secret", {"x-telegram-bot-api-secret-token": ""}, update(message=TEXT), 403),
        ("hook-secret", {"x-telegram-bot-api-secret-token": "hook-secre"}, update(message=TEXT), 403),
        ("hook-secret", {"x-telegram-bot-api-secret-token": "ключ\ud800"}, update(message=TEXT), 403),
        ("", {"x-telegram-bot-api-secret-token": ""}, update(message=TEXT), 403),
        ("", {}, update(message=TEXT), 403),
        ("hook-secret", {}, b"not json", 400),
        ("hook-secret", {}, b"", 400),
        ("hook-secret", {}, b"\xff", 400),
    ],
)
def test_a_webhook_without_our_secret_or_without_json_is_refused(
    secret: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    with pytest.raises(Refused) as refused:
        gateway(secret).decode(webhook(body, **headers))
    assert refused.value.status == status


def test_a_webhook_without_any_header_is_refused() -> None:
    with pytest.raises(Refused):
        gateway().decode(WebhookRequest("POST", "/telegram", "", {}, update(message=TEXT)))


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/json", ""])
def test_any_content_type_will_do(content_type: str) -> None:
    assert gateway().decode(webhook(update(message=TEXT), **{"content-type": content_type}))


def test_a_bot_without_a_token_does_not_start() -> None:
    with pytest.raises(ValueError, match="token"):
        TelegramGateway("")


names = st.sampled_from(
    [
        "update_id",
        "message",
        "edited_message",
        "callback_query",
        "from",
        "chat",
        "id",
        "text",
        "data",
        "date",
        "contact",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just("private"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=6),
    max_leaves=25,
)


@given(values)
def test_no_json_whatever_stops_an_update_from_being_kept(value: object) -> None:
    raw = json.dumps(value).encode()
    message = decode_update(raw)
    assert message.raw == raw
    assert message.provider_id
    # What a database takes: no lone surrogates, no NUL.
    assert "\0" not in message.text.encode().decode() + message.sender + message.chat + message.button


@given(st.binary() | st.text(st.characters()).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_whatever_stop_an_update_from_being_kept(raw: bytes) -> None:
    assert decode_update(raw).raw == raw


@given(
    st.binary() | values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["x-telegram-bot-api-secret-token", "content-type"]), st.text(st.characters())),
)
def test_no_webhook_whatever_raises_anything_but_refused(body: bytes, headers: dict[str, str]) -> None:
    for request in (WebhookRequest("POST", "/telegram", "", headers, body), webhook(body)):
        with suppress(Refused):
            assert gateway().decode(request)
