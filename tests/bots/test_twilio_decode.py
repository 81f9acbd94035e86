"""Twilio's webhooks: what is genuine, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bots.emulated.signing import signature, signed_form
from bots.gateway import Channel, DeliveryState, InboundMessage, Kind, Refused, WebhookRequest
from bots.twilio import TwilioGateway

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "an auth token"
PUBLIC_URL = "https://hub.example"

# As Twilio's documentation and consoles show them; people and numbers are made up.
SMS = {
    "ToCountry": "US",
    "ToState": "",
    "SmsMessageSid": "SM7f0c5a1e7f0c5a1e7f0c5a1e7f0c5a1e",
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "",
    "SmsSid": "SM7f0c5a1e7f0c5a1e7f0c5a1e7f0c5a1e",
    "FromState": "",
    "SmsStatus": "received",
    "FromCity": "",
    "Body": "OPN 5191 A1 B2 # queue outside",
    "FromCountry": "KG",
    "To": "+15005550006",
    "ToZip": "",
    "NumSegments": "1",
    "MessageSid": "SM7f0c5a1e7f0c5a1e7f0c5a1e7f0c5a1e",
    "AccountSid": ACCOUNT,
    "From": "+996555010123",
    "ApiVersion": "2010-04-01",
}
MMS = SMS | {
    "Body": "",
    "NumMedia": "1",
    "MediaContentType0": "image/jpeg",
    "MediaUrl0": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1",
}
WHATSAPP = SMS | {"From": "whatsapp:+996555010123", "To": "whatsapp:+15005550006", "ProfileName": "A."}
STATUS = {
    "ErrorCode": "30005",
    "ApiVersion": "2010-04-01",
    "MessageStatus": "undelivered",
    "SmsSid": "SM9b2e",
    "SmsStatus": "undelivered",
    "To": "+996555010123",
    "From": "+15005550006",
    "MessageSid": "SM9b2e",
    "AccountSid": ACCOUNT,
}


@cache
def gateway(public_url: str = PUBLIC_URL) -> TwilioGateway:
    return TwilioGateway(ACCOUNT, TOKEN, "+15005550006", public_url)


def webhook(
    form: Mapping[str, str], path: str = "/sms/twilio", query: str = "", base: str = PUBLIC_URL, token: str = TOKEN
) -> WebhookRequest:
    body, headers = signed_form(token, base + path + (f"?{query}" if query else ""), form)
    return WebhookRequest("POST", path, query, headers, body)


def decoded(form: Mapping[str, str]) -> InboundMessage:
    (message,) = gateway().decode(webhook(form))
    return message


def test_an_sms_becomes_a_message() -> None:
    request = webhook(SMS)
    assert gateway().decode(request) == [
        InboundMessage(
            gateway="twilio",
            channel="sms",
            provider_id="SM7f0c5a1e7f0c5a1e7f0c5a1e7f0c5a1e",
            sender="+996555010123",
            text="OPN 5191 A1 B2 # queue outside",
            raw=request.body,
            recipient="+15005550006",
        )
    ]


@pytest.mark.parametrize(
    ("form", "kind", "channel", "text"),
    [
        (SMS, "text", "sms", "OPN 5191 A1 B2 # queue outside"),
        (SMS | {"Body": ""}, "text", "sms", ""),
        (SMS | {"Body": "ОПН 5191 А1 مرحبا 🗳"}, "text", "sms", "ОПН 5191 А1 مرحبا 🗳"),
        (SMS | {"Body": " a+b & c=d % "}, "text", "sms", " a+b & c=d % "),
        (SMS | {"Body": "a\0b"}, "text", "sms", "a\ufffdb"),
        (MMS, "media", "sms", ""),
        (MMS | {"Body": "the protocol"}, "media", "sms", "the protocol"),
        (SMS | {"NumMedia": ""}, "text", "sms", "OPN 5191 A1 B2 # queue outside"),
        (WHATSAPP, "text", "whatsapp", "OPN 5191 A1 B2 # queue outside"),
        (SMS | {"Body": "nooo", "OptOutType": "STOP"}, "stop", "sms", "nooo"),
        (SMS | {"Body": "Stop "}, "stop", "sms", "Stop "),
        (SMS | {"Body": "HELP", "OptOutType": "HELP"}, "text", "sms", "HELP"),
        (SMS | {"Body": "stop the vote"}, "text", "sms", "stop the vote"),
    ],
)
def test_every_kind_of_message_is_told_apart(form: dict[str, str], kind: Kind, channel: Channel, text: str) -> None:
    message = decoded(form)
    assert (message.kind, message.channel, message.text) == (kind, channel, text)


def test_a_whatsapp_message_has_the_bare_number_and_says_where_the_reply_goes() -> None:
    message = decoded(WHATSAPP)
    assert (message.sender, message.recipient, message.chat) == (
        "+996555010123",
        "+15005550006",
        "whatsapp:+996555010123",
    )


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (replace(webhook(SMS), headers={}), 403),
        (replace(webhook(SMS), headers={"x-twilio-signature": ""}), 403),
        (replace(webhook(SMS), headers={"x-twilio-signature": "ünsigned"}), 403),
        (replace(webhook(SMS), headers={"x-twilio-signature": "\ud800"}), 403),
        (webhook(SMS, token="another token"), 403),
        (webhook(SMS, base="http://10.0.0.5:8000"), 403),
        (replace(webhook(SMS), path="/sms/other"), 403),
        (replace(webhook(SMS), path="/\ud800"), 403),
        (replace(webhook(SMS), query="a=1"), 403),
        (replace(webhook(SMS), body=webhook(SMS).body + b"&Extra="), 403),
        (replace(webhook(SMS), body=webhook(SMS).body.replace(b"5191", b"5192")), 403),
        (replace(webhook(SMS), body=b'{"MessageSid": "SM1"}'), 403),
        (replace(webhook(SMS), body=b"\xff\xfe"), 403),
        (replace(webhook(SMS), body=b""), 403),
        (webhook({}), 403),
        (webhook(SMS | {"AccountSid": "AC2"}), 403),
        (webhook({k: v for k, v in SMS.items() if k != "AccountSid"}), 403),
        (webhook({k: v for k, v in SMS.items() if k != "MessageSid"}), 400),
        (webhook(SMS | {"MessageSid": ""}), 400),
        (webhook({k: v for k, v in SMS.items() if k != "From"}), 400),
    ],
)
def test_what_is_not_genuine_or_not_sound_is_refused(request_: WebhookRequest, status: int) -> None:
    with pytest.raises(Refused) as refused:
        gateway().decode(request_)
    assert refused.value.status == status


def test_a_signed_url_with_a_json_body_is_refused() -> None:
    signed = signature(TOKEN, f"{PUBLIC_URL}/sms/twilio", {})
    with pytest.raises(Refused) as refused:
        gateway().decode(WebhookRequest("POST", "/sms/twilio", "", {"x-twilio-signature": signed}, b'{"Body": "x"}'))
    assert refused.value.status == 403


def test_a_field_that_comes_twice_is_refused_although_its_signature_fits() -> None:
    form = SMS | {"Body": "xBodyy"}
    cut = [(k, v) for k, v in form.items() if k != "Body"] + [("Body", "x"), ("Body", "y")]
    with pytest.raises(Refused) as refused:
        gateway().decode(replace(webhook(form), body=urlencode(cut).encode()))
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://hub.example", "https://hub.example"),
        ("https://hub.example/", "https://hub.example"),
        ("https://hub.example", "https://hub.example:443"),
        ("https://hub.example:443", "https://hub.example"),
        ("http://hub.example:8080", "http://hub.example:8080"),
        ("http://hub.example:8080", "http://hub.example"),
        ("http://hub.example", "http://hub.example:80"),
        ("https://hub.example/behind", "https://hub.example/behind"),
    ],
)
def test_the_signature_is_that_of_the_public_url_with_or_without_its_port(configured: str, signed: str) -> None:
    request = webhook(SMS, query="station=1&x=", base=signed)
    assert gateway(configured).decode(request)


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_our_signature_is_that_of_twilios_library(form: dict[str, str]) -> None:
    url = f"{PUBLIC_URL}/sms/twilio?a=1"
    assert RequestValidator(TOKEN).validate(url, form, signature(TOKEN, url, form))


@pytest.mark.parametrize(
    ("reported", "state", "error"),
    [
        ("queued", "sent", ""),
        ("accepted", "sent", ""),
        ("sending", "sent", ""),
        ("sent", "sent", ""),
        ("delivered", "delivered", ""),
        ("read", "delivered", ""),
        ("failed", "failed", "30005"),
        ("undelivered", "failed", "30005"),
    ],
)
def test_every_delivery_status_has_its_state(reported: str, state: DeliveryState, error: str) -> None:
    request = webhook(STATUS | {"MessageStatus": reported}, "/sms/twilio/status", "reference=o%2F812")
    status = gateway().decode_status(request)
    assert (status.provider_id, status.state, status.error, status.reference) == ("SM9b2e", state, error, "o/812")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (webhook(STATUS, token="another token"), 403),
        (webhook(STATUS | {"AccountSid": "AC2"}), 403),
        (webhook(STATUS | {"MessageStatus": "eaten"}), 400),
        (webhook(STATUS | {"MessageSid": ""}), 400),
        (webhook(SMS), 400),
    ],
)
def test_a_delivery_status_is_refused_like_a_message(request_: WebhookRequest, status: int) -> None:
    with pytest.raises(Refused) as refused:
        gateway().decode_status(request_)
    assert refused.value.status == status


@pytest.mark.parametrize(("account", "token"), [(ACCOUNT, ""), ("", TOKEN)])
def test_an_unset_secret_refuses_to_start(account: str, token: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        TwilioGateway(account, token, "+15005550006", PUBLIC_URL)


anything = st.text(st.characters())
requests = st.builds(
    WebhookRequest,
    method=st.sampled_from(["GET", "POST"]),
    path=anything,
    query=anything,
    headers=st.dictionaries(st.sampled_from(["x-twilio-signature", "content-type"]), anything),
    body=st.binary() | anything.map(lambda text: text.encode("utf-8", "surrogatepass")),
)
forms = st.dictionaries(st.sampled_from([*MMS, "OptOutType", "MessageStatus"]) | st.text(), st.text())


@given(requests)
def test_no_request_whatever_raises_anything_but_refused(request_: WebhookRequest) -> None:
    for decode in (gateway().decode, gateway().decode_status):
        with pytest.raises(Refused):
            decode(request_)


@given(forms)
def test_no_signed_form_whatever_raises_anything_but_refused(form: dict[str, str]) -> None:
    request = webhook(form | {"AccountSid": ACCOUNT})
    for decode in (gateway().decode, gateway().decode_status):
        with suppress(Refused):
            assert decode(request)
