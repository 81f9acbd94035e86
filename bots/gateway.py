"""What a road in and out looks like. Gateways know providers, never elections.

A gateway proves that a request is genuine, decodes the provider's payload into `InboundMessage`s, and sends
`OutboundMessage`s. `receive` (journal, commit) belongs to the hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

Channel = Literal["sms", "telegram", "whatsapp", "email"]
Kind = Literal["text", "button", "edited", "media", "location", "contact", "stop", "start", "other", "unreadable"]
AddressState = Literal["", "blocked", "opted_out"]  # nothing · no message will ever arrive · its owner wants none
DeliveryState = Literal["sent", "delivered", "failed"]
FileKind = Literal["photo", "document", "audio", "video"]


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """The bytes as they came. Header names are lower case; `path` and `query` as sent, without the host."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS of a long message: the `number`-th (from 1) of `total`; `reference` is the sender's, the same in each."""

    reference: int
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message names. `reference` is what `fetch` takes; type and size (bytes) are the provider's word."""

    kind: FileKind
    reference: str
    type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as its provider delivered it. `provider_id` is unique within `gateway`; `raw` is kept for ever.

    `sender` is an E.164 number for SMS and WhatsApp, the account's id for Telegram, "" where the payload names none.
    """

    gateway: str
    channel: Channel
    provider_id: str
    sender: str
    text: str
    raw: bytes
    kind: Kind = "text"
    recipient: str = ""
    chat: str = ""  # where a reply goes, when it is not the sender (a Telegram chat)
    button: str = ""  # the provider's handle of a pressed button, to be answered
    sent_at: datetime | None = None
    line: str = ""  # the provider's name of the modem or SIM that it came in by
    message: str = ""  # what an edited message has in common with its earlier versions; of a button, where it stood
    part: Part | None = None
    files: tuple[Attachment, ...] = ()
    album: str = ""  # what messages that were sent as one album have in common
    location: str = ""  # `geo:41.2,72.3` (RFC 5870)


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """What became of a message that we sent. `reference` is ours, where the provider gives it back."""

    gateway: str
    provider_id: str
    state: DeliveryState
    error: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to one address. `buttons` are rows of (label, data); `answers_button` closes a pressed button."""

    to: str
    text: str
    reference: str  # ours; told to the provider where it can keep it
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    answers_button: str = ""
    urgent: bool = False
    sender: str = ""  # which of our numbers it should come from; "" leaves it to the gateway
    line: str = ""  # and by which modem or SIM
    asks_contact: str = ""  # the label of a button that shares the reader's own number, where a provider has one
    edits: str = ""  # the `provider_id` of a message whose text and buttons these replace, where a provider can


@dataclass(frozen=True, slots=True)
class Sent:
    provider_id: str


class Refused(Exception):
    """A webhook that is not genuine or not sound. `status` is the HTTP answer; nothing is stored."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class SendError(Exception):
    """A message was not sent. Permanent: it never will be, by this road. `address`: what that says of the address.

    `unknown`: it may have been sent (the answer was lost). `retry_after`: seconds the provider asked us to wait.
    """

    reason: str
    permanent: bool = False
    unknown: bool = False
    retry_after: float | None = None
    address: AddressState = ""

    def __post_init__(self) -> None:
        super().__init__(self.reason)


@dataclass
class FetchError(Exception):
    """A file was not fetched. Permanent: it never will be. `retry_after`: seconds the provider asked us to wait."""

    reason: str
    permanent: bool = False
    retry_after: float | None = None

    def __post_init__(self) -> None:
        super().__init__(self.reason)


class TooLarge(FetchError):
    """The file has more bytes than were asked for."""

    def __init__(self) -> None:
        super().__init__("too large", permanent=True)


class Gateway(Protocol):
    name: str
    channel: Channel

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        """The messages in a genuine request. Raises `Refused`."""
        ...

    async def send(self, message: OutboundMessage) -> Sent:
        """Hands one message to the provider. Raises `SendError`."""
        ...

    async def close(self) -> None: ...


class ReportingGateway(Gateway, Protocol):
    """A road that tells what became of a message."""

    def decode_status(self, request: WebhookRequest) -> DeliveryStatus:
        """What became of a message we sent. Raises `Refused`."""
        ...


@runtime_checkable
class FetchingGateway(Gateway, Protocol):
    """A road whose messages may name files."""

    async def fetch(self, reference: str, limit: int) -> bytes:
        """The bytes of a file, `limit` of them at most. Raises `FetchError`, `TooLarge` among them."""
        ...
