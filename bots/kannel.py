"""SMS through Kannel: SMPP connections and modems of one's own, on one's own machine.

Its smsbox calls us for each message (get-url) and tells what became of ours (the dlr-url that `send` gives it):

    GET /sms/kannel?token=…&id=5f0c…&from=%2B996555010123&to=4400&text=OPN+5191+A1+B2&ts=1638072000
        &smsc=mts&coding=0&charset=UTF-8&udh=
    GET /sms/kannel/status?token=…&reference=out-812&type=1&answer=…

`text` is %b, the bytes as they are: %a would squeeze spaces. `udh` is there where Kannel gave up waiting for the other
parts of a long message. README.md has the lines for kannel.conf.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

import httpx

from bots.gateway import (
    Channel,
    DeliveryState,
    DeliveryStatus,
    InboundMessage,
    OutboundMessage,
    Part,
    Refused,
    SendError,
    Sent,
    WebhookRequest,
)
from bots.segments import is_gsm
from bots.wire import broken_off, opt_kind, storable, tls

TIMEOUT = 10.0  # seconds; a lease on an outgoing message must be three times as long
URGENT_VALIDITY = 10  # minutes
DELIVERED, REFUSED, QUEUED, HANDED_OVER, NOT_TAKEN = 1, 2, 4, 8, 16
_WHATSAPP = "whatsapp:"


class KannelGateway:
    """One Kannel with all its connections. Without `send_url` it only receives. Lives in one event loop.

    `send_url` is smsbox's sendsms with its username and password in the query.
    """

    name = "kannel"
    channel: Channel = "sms"

    def __init__(self, token: str, send_url: str, public_url: str) -> None:
        if not token:
            raise ValueError("Kannel needs a token: without a secret nobody can be told apart")
        self._token = token
        self._send_url = send_url
        self._status_url = f"{public_url.rstrip('/')}/sms/kannel/status"
        self._client = httpx.AsyncClient(timeout=TIMEOUT, verify=tls())

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        """The message in a call of get-url. `Refused`: 403 without our token, 400 without an id or a sender."""
        asked = self._genuine_query(request)
        provider_id, sender = _words(asked, "id"), _words(asked, "from")
        if not provider_id or not sender:
            raise Refused(400, "no id or no from")
        text = _text(asked)
        return [
            InboundMessage(
                gateway=self.name,
                channel=self.channel,
                provider_id=provider_id,
                sender=sender,
                text=text,
                raw=urlencode({name: value for name, value in asked.items() if name != b"token"}).encode(),
                kind=opt_kind(text) or "text",
                recipient=_words(asked, "to"),
                sent_at=_moment(_words(asked, "ts")),
                line=_words(asked, "smsc"),
                part=part_of(asked.get(b"udh", b"")),
            )
        ]

    def decode_status(self, request: WebhookRequest) -> DeliveryStatus:
        """What became of a message we sent. Refuses as `decode` does."""
        asked = self._genuine_query(request)
        reference, state = _words(asked, "reference"), _state(_words(asked, "type"))
        if state is None or not reference:
            raise Refused(400, "no reference or no known type")
        error = _words(asked, "answer") if state == "failed" else ""
        return DeliveryStatus(self.name, reference, state, error, reference)

    async def send(self, message: OutboundMessage) -> Sent:
        """Hands one message to smsbox. The provider's id is our own reference: smsbox answers with none."""
        if not self._send_url:
            raise SendError("kannel: no address for sending is configured")
        try:
            answer = await self._client.get(self._asking(message))
        except httpx.HTTPError as error:
            raise broken_off(self.name, error) from None
        if answer.status_code not in (200, 202):
            raise _refusal(answer)
        return Sent(message.reference)

    async def close(self) -> None:
        await self._client.aclose()

    def _genuine_query(self, request: WebhookRequest) -> dict[bytes, bytes]:
        asked = _query(request.query)
        if not hmac.compare_digest(asked.get(b"token", b""), self._token.encode()):
            raise Refused(403, "not Kannel's token")
        return asked

    def _asking(self, message: OutboundMessage) -> str:
        report = urlencode({"token": self._token, "reference": message.reference})
        asked = {
            "to": message.to.removeprefix(_WHATSAPP),
            "text": message.text,
            "charset": "UTF-8",
            "coding": "0" if is_gsm(message.text) else "2",
            "dlr-mask": str(DELIVERED | REFUSED | HANDED_OVER | NOT_TAKEN),
            "dlr-url": f"{self._status_url}?{report}&type=%d&answer=%A",
        }
        if message.sender:
            asked["from"] = message.sender
        if message.line:
            asked["smsc"] = message.line
        if message.urgent:
            asked |= {"priority": "3", "validity": str(URGENT_VALIDITY)}
        parts = urlsplit(self._send_url)
        # Ours replace what the address says of the same: a `from` there is only for messages that answer nobody.
        kept = {name: value for name, value in parse_qsl(parts.query) if name not in asked}
        return urlunsplit(parts._replace(query=urlencode(kept | asked, quote_via=quote)))


def part_of(udh: bytes) -> Part | None:
    """What a user data header says of concatenation (3GPP TS 23.040, 9.2.3.24.1 and .8); None where nothing sound."""
    position, end = 1, min(len(udh), udh[0] + 1) if udh else 0
    while position + 2 <= end:
        kind, size = udh[position], udh[position + 1]
        value = udh[position + 2 : position + 2 + size]
        if (kind, len(value)) in ((0x00, 3), (0x08, 4)):
            part = Part(int.from_bytes(value[:-2]), value[-1], value[-2])
            return part if 1 <= part.number <= part.total and part.total > 1 else None
        position += 2 + size
    return None


def _query(query: str) -> dict[bytes, bytes]:
    """By hand: what stands behind %b is bytes in a charset that another parameter names."""
    pairs = (piece.partition("=") for piece in query.split("&"))
    return {_bytes(name): _bytes(value) for name, _, value in pairs}


def _bytes(quoted: str) -> bytes:
    return unquote_to_bytes(quoted.replace("+", " "))


def _words(asked: dict[bytes, bytes], name: str) -> str:
    return storable(asked.get(name.encode(), b"").decode("utf-8", "replace")).strip()


def _text(asked: dict[bytes, bytes]) -> str:
    """The text in the charset that Kannel names; where it is UTF-8 all the same, as UTF-8."""
    told = asked.get(b"text", b"")
    charset = _words(asked, "charset") or "UTF-8"
    if _words(asked, "coding") == "2" and charset.upper() in ("", "UTF-8", "UCS-2", "UTF-16"):
        charset = "UTF-16BE"
    try:
        return storable(told.decode(charset))
    except (LookupError, UnicodeError, ValueError):
        return storable(told.decode("utf-8", "replace"))


def _moment(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _state(kind: str) -> DeliveryState | None:
    bits = int(kind) if kind.isascii() and kind.isdigit() and len(kind) < 9 else 0
    if bits & DELIVERED:
        return "delivered"
    if bits & (REFUSED | NOT_TAKEN):
        return "failed"
    return "sent" if bits & (QUEUED | HANDED_OVER) else None


def _refusal(answer: httpx.Response) -> SendError:
    """400 is a message that smsbox will never take; 403 is our password, and no fault of this address."""
    return SendError(f"kannel: {answer.status_code}", permanent=answer.status_code == 400)
