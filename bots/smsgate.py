"""SMS through SMSGate: an Android phone with a SIM card as gateway.

The phone signs what it posts, hex HMAC-SHA256 over the body and the timestamp, and posts everything to one address:

    POST /sms/smsgate       X-Signature: 9f2c…   X-Timestamp: 1638072000
    {"event": "sms:received", "id": "Ey6ECgOkVVFjz3CL48B8C", "deviceId": "fff…", "webhookId": "LreFU…",
     "payload": {"messageId": "a1b2c3d4", "sender": "+996555010123", "message": "OPN 5191 A1 B2",
                 "receivedAt": "2021-11-28T10:00:00.000+06:00", "simNumber": 1}}

and of a message of ours `sms:sent`, `sms:delivered` or `sms:failed` with our reference as `messageId`. A received one's
`messageId` is made of the content and may come again; the event's `id` is what is unique.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from bots.gateway import (
    Channel,
    DeliveryState,
    DeliveryStatus,
    InboundMessage,
    OutboundMessage,
    Refused,
    SendError,
    Sent,
    WebhookRequest,
)
from bots.wire import broken_off, opt_kind, storable, tls

TIMEOUT = 10.0  # seconds; a lease on an outgoing message must be three times as long
STALE = timedelta(minutes=5)
URGENT_PRIORITY = 100  # the phone sends these before all others
URGENT_VALIDITY = 600  # seconds
_WHATSAPP = "whatsapp:"
_STATES: dict[str, DeliveryState] = {"sms:sent": "sent", "sms:delivered": "delivered", "sms:failed": "failed"}


class SmsGateGateway:
    """One phone. `api_url` is its API with name and password; without it the phone only receives.

    `now` tells the real time: a signature older than five minutes is somebody's recording.
    """

    name = "smsgate"
    channel: Channel = "sms"

    def __init__(self, signing_key: str, api_url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if not signing_key:
            raise ValueError("SMSGate needs its signing key: without a secret nobody can be told apart")
        self._key = signing_key.encode()
        self._send_url = f"{api_url.rstrip('/')}/messages" if api_url else ""
        self._now = now
        self._client = httpx.AsyncClient(timeout=TIMEOUT, verify=tls())

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        """The message in a signed event; none where it reports on one of ours. `Refused`: 403, or 400 if unsound."""
        event = self._genuine_event(request)
        if event.event in _STATES:
            return []
        received, text = event.payload, storable(event.payload.message)
        kind = opt_kind(text) or "text"
        return [
            InboundMessage(
                gateway=self.name,
                channel=self.channel,
                provider_id=event.id,
                sender=storable(received.sender).strip(),
                text=text,
                raw=request.body,
                kind=kind if event.event == "sms:received" else "other",
                recipient=storable(received.recipient),
                sent_at=_moment(received.received_at),
                line="" if received.sim is None else str(received.sim),
            )
        ]

    def decode_status(self, request: WebhookRequest) -> DeliveryStatus | None:
        """What became of a message we sent; None where the event is of another kind. Refuses as `decode` does."""
        event = self._genuine_event(request)
        state = _STATES.get(event.event)
        if state is None:
            return None
        reference = event.payload.message_id
        return DeliveryStatus(self.name, reference, state, storable(event.payload.reason), reference)

    async def send(self, message: OutboundMessage) -> Sent:
        """Hands one message to the phone under our own reference: what it has already it refuses to take again."""
        if not self._send_url:
            raise SendError("smsgate: no address for sending is configured")
        asked = {
            "id": message.reference,
            "textMessage": {"text": message.text},
            "phoneNumbers": [message.to.removeprefix(_WHATSAPP)],
            "withDeliveryReport": True,
        }
        if message.line.isdigit():
            asked["simNumber"] = int(message.line)
        if message.urgent:
            asked |= {"priority": URGENT_PRIORITY, "ttl": URGENT_VALIDITY}
        try:
            answer = await self._client.post(self._send_url, json=asked)
        except httpx.HTTPError as error:
            raise broken_off(self.name, error) from None
        if answer.status_code != 409 and not answer.is_success:
            raise _refusal(answer)
        return Sent(message.reference)

    async def close(self) -> None:
        await self._client.aclose()

    def _genuine_event(self, request: WebhookRequest) -> _Event:
        timestamp = request.headers.get("x-timestamp", "")
        signature = request.headers.get("x-signature", "").strip().lower().encode("utf-8", "replace")
        expected = hmac.new(self._key, request.body + timestamp.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, expected.encode()):
            raise Refused(403, "not signed by the phone")
        signed = _signed_at(timestamp)
        if signed is None or abs(self._now() - signed) > STALE:
            raise Refused(403, "signed more than five minutes ago, or the phone's clock is wrong")
        try:
            return _Event.model_validate_json(request.body)
        except ValidationError:
            raise Refused(400, "no event that could be read") from None


class _Payload(BaseModel):
    message_id: str = Field(default="", alias="messageId")
    sender: str = Field(default="", validation_alias=AliasChoices("sender", "phoneNumber"))
    recipient: str = ""
    message: str = ""
    received_at: str = Field(default="", alias="receivedAt")
    sim: int | None = Field(default=None, alias="simNumber")
    reason: str = ""


class _Event(BaseModel):
    event: str
    id: str = Field(min_length=1)
    payload: _Payload


def _signed_at(timestamp: str) -> datetime | None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return None
    return datetime.fromtimestamp(int(timestamp), UTC)


def _moment(written: str) -> datetime | None:
    """A phone writes its own zone; a time without one is left out rather than guessed."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _refusal(answer: httpx.Response) -> SendError:
    """400 is a message that it will never take; 401 is our password, and no fault of this address."""
    return SendError(f"smsgate: {answer.status_code}", permanent=answer.status_code == 400)
