"""Kannel's calls: what is genuine, and what is in it; and what it is asked to send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.gateway import DeliveryStatus, InboundMessage, OutboundMessage, Part, Refused, SendError, WebhookRequest
from bots.kannel import KannelGateway, part_of
from tests.bots.listening import Listener, listening

TOKEN = "kannel's token"
HELLO = OutboundMessage("+996555010123", "hello", "out-7")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
async def gateway(listener: Listener) -> AsyncIterator[KannelGateway]:
    send_url = f"{listener.url}/cgi-bin/sendsms?username=hub&password=secret&from=4400"
    gateway = KannelGateway(TOKEN, send_url, "https://hub.example")
    yield gateway
    await gateway.close()


def called(text: bytes = b"OPN 5191 A1", token: str = TOKEN, **more: str | bytes) -> WebhookRequest:
    asked: dict[str, str | bytes] = {"token": token, "id": "5f0c", "from": "+996555010123", "to": "4400"}
    asked |= {"text": text, "ts": "1638072000"}
    asked |= {"smsc": "mts", "coding": "0", "charset": "UTF-8", "udh": "", **more}
    query = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
    return WebhookRequest("GET", "/sms/kannel", query, {}, b"")


async def test_a_call_becomes_a_message_and_the_token_is_kept_nowhere(gateway: KannelGateway) -> None:
    (message,) = gateway.decode(called())
    assert message == InboundMessage(
        gateway="kannel",
        channel="sms",
        provider_id="5f0c",
        sender="+996555010123",
        text="OPN 5191 A1",
        raw=message.raw,
        recipient="4400",
        sent_at=datetime(2021, 11, 28, 4, tzinfo=UTC),
        line="mts",
    )
    assert b"OPN+5191+A1" in message.raw
    assert b"token" not in message.raw


@pytest.mark.parametrize(
    ("text", "coding", "charset", "read"),
    [
        (b"a  b+c ", "0", "UTF-8", "a  b+c "),
        ("ОПН 5191".encode(), "0", "UTF-8", "ОПН 5191"),
        ("ОПН مرحبا 🗳".encode("utf-16-be"), "2", "UTF-16BE", "ОПН مرحبا 🗳"),
        ("ОПН".encode("utf-16-be"), "2", "", "ОПН"),
        ("œ".encode("cp1252"), "0", "WINDOWS-1252", "œ"),
        (b"OPN \xff", "0", "UTF-8", "OPN \ufffd"),
        (b"OPN", "0", "no charset", "OPN"),
        (b"a\0b", "0", "UTF-8", "a\ufffdb"),
        (b"", "0", "UTF-8", ""),
    ],
)
async def test_a_text_is_read_in_its_charset(
    gateway: KannelGateway, text: bytes, coding: str, charset: str, read: str
) -> None:
    (message,) = gateway.decode(called(text, coding=coding, charset=charset))
    assert message.text == read


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (called(token=""), 403),
        (called(token="guess"), 403),
        (called(token="\u0444"), 403),
        (WebhookRequest("GET", "/sms/kannel", "", {}, b""), 403),
        (called(id=""), 400),
        (replace(called(), query=called().query.replace("from=", "sender=")), 400),
    ],
)
async def test_what_is_not_genuine_or_not_sound_is_refused(
    gateway: KannelGateway, request_: WebhookRequest, status: int
) -> None:
    with pytest.raises(Refused) as refusal:
        gateway.decode(request_)
    assert refusal.value.status == status


@pytest.mark.parametrize(("word", "kind"), [("stop", "stop"), ("START", "start"), ("stop now", "text")])
async def test_a_stop_is_told_apart(gateway: KannelGateway, word: str, kind: str) -> None:
    (message,) = gateway.decode(called(word.encode()))
    assert message.kind == kind


@pytest.mark.parametrize(
    ("udh", "part"),
    [
        ("", None),
        ("050003070201", Part(7, 1, 2)),
        ("0500032a0302", Part(42, 2, 3)),
        ("060804012c0302", Part(300, 2, 3)),
        ("0b05040b8423f00003030201", Part(3, 1, 2)),
        ("050003070200", None),  # a part 0
        ("050003070203", None),  # the third of two
        ("050003070101", None),  # the one of one
        ("0500030702", None),  # cut off
        ("06050415820000", None),  # ports alone
        ("ff", None),
        ("00", None),
    ],
)
def test_a_header_tells_which_part_it_is(udh: str, part: Part | None) -> None:
    assert part_of(bytes.fromhex(udh)) == part


@pytest.mark.parametrize(
    ("type_", "state", "error"),
    [
        ("1", "delivered", ""),
        ("2", "failed", "UNDELIV"),
        ("4", "sent", ""),
        ("8", "sent", ""),
        ("16", "failed", "UNDELIV"),
    ],
)
async def test_a_delivery_report_names_our_reference(
    gateway: KannelGateway, type_: str, state: str, error: str
) -> None:
    query = f"token={quote(TOKEN)}&reference=out-7&type={type_}&answer=UNDELIV"
    status = gateway.decode_status(WebhookRequest("GET", "/sms/kannel/status", query, {}, b""))
    assert status == DeliveryStatus("kannel", "out-7", state, error, "out-7")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query", ["", "token=x&type=1", f"token={quote(TOKEN)}&type=1", f"token={quote(TOKEN)}&reference=o&type=²"]
)
async def test_an_unsound_report_is_refused(gateway: KannelGateway, query: str) -> None:
    with pytest.raises(Refused):
        gateway.decode_status(WebhookRequest("GET", "/sms/kannel/status", query, {}, b""))


@given(query=st.text(st.characters(max_codepoint=255)), udh=st.binary(max_size=20))
def test_whatever_comes_is_decoded_or_refused(query: str, udh: bytes) -> None:
    gateway = _GATEWAY
    for asked in (query, f"token={quote(TOKEN)}&id=1&from=2&{query}", called(udh=udh).query):
        with suppress(Refused):
            gateway.decode(WebhookRequest("GET", "/sms/kannel", asked, {}, b""))
        with suppress(Refused):
            gateway.decode_status(WebhookRequest("GET", "/sms/kannel/status", asked, {}, b""))


_GATEWAY = KannelGateway(TOKEN, "", "https://hub.example")


async def test_a_cyrillic_reply_asks_for_ucs2_and_leaves_by_the_line_it_came(
    gateway: KannelGateway, listener: Listener
) -> None:
    message = OutboundMessage("+996555010123", "Принято: A1 & B2", "out-7", sender="1234", line="mts", urgent=True)
    assert (await gateway.send(message)).provider_id == "out-7"
    asked = dict(listener.requests[0].query)
    report = httpx.URL(asked.pop("dlr-url"))
    assert asked == {
        "username": "hub",
        "password": "secret",
        "from": "1234",
        "to": "+996555010123",
        "text": "Принято: A1 & B2",
        "charset": "UTF-8",
        "coding": "2",
        "smsc": "mts",
        "priority": "3",
        "validity": "10",
        "dlr-mask": "27",
    }
    assert (report.path, report.params["reference"], report.params["token"]) == ("/sms/kannel/status", "out-7", TOKEN)
    assert str(report).endswith("&type=%d&answer=%A")


async def test_a_latin_message_that_answers_nobody_goes_from_the_configured_number(
    gateway: KannelGateway, listener: Listener
) -> None:
    await gateway.send(HELLO)
    asked = dict(listener.requests[0].query)
    assert (asked["from"], asked["coding"]) == ("4400", "0")


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (403, False), (404, False), (500, False), (503, False)])
async def test_a_refusal_says_what_to_do_next(
    gateway: KannelGateway, listener: Listener, status: int, permanent: bool
) -> None:
    listener.answer(status)
    with pytest.raises(SendError) as refusal:
        await gateway.send(HELLO)
    assert (refusal.value.permanent, refusal.value.unknown) == (permanent, False)


async def test_nobody_listening_is_no_loss_and_a_lost_answer_is_unknown(closed_url: str) -> None:
    gateway = KannelGateway(TOKEN, f"{closed_url}/sendsms?password=secret", "https://hub.example")
    with pytest.raises(SendError) as refusal:
        await gateway.send(HELLO)
    await gateway.close()
    assert not refusal.value.unknown
    assert "secret" not in str(refusal.value)


async def test_without_an_address_it_only_receives() -> None:
    with pytest.raises(SendError):
        await _GATEWAY.send(HELLO)


def test_without_a_token_it_does_not_open() -> None:
    with pytest.raises(ValueError, match="token"):
        KannelGateway("", "", "https://hub.example")
