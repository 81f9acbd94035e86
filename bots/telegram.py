"""Telegram's Bot API.

An update as a webhook brings it, or one element of what a poll brings:

    {"update_id": 830147, "message": {"message_id": 55, "date": 1638072000,
      "from": {"id": 700123, "is_bot": false, "first_name": "A."},
      "chat": {"id": 700123, "type": "private"}, "text": "OPN 5191 A1 B2"}}

    {"update_id": 830148, "callback_query": {"id": "4382bfdwdsb323b2d9", "data": "ack:17",
      "from": {"id": 700123, "is_bot": false, "first_name": "A."}, "chat_instance": "-39",
      "message": {"message_id": 56, "date": 1638072001, "chat": {"id": 700123, "type": "private"}, "text": "..."}}}

Whatever comes is kept: an update that nothing here understands is of kind "other", and stops nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

# python-telegram-bot warns of its own attribute on every 429 unless told that seconds come as a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bots.downloads import download
from bots.gateway import (
    Attachment,
    Channel,
    FetchError,
    FileKind,
    InboundMessage,
    Kind,
    OutboundMessage,
    Refused,
    SendError,
    Sent,
    WebhookRequest,
)
from bots.wire import broken_off, storable, tls

# It prints the base URL, and the token in it, when it debugs.
logging.getLogger("telegram").setLevel(logging.INFO)

TIMEOUT = 10.0  # seconds; a lease on an outgoing message must be three times as long
LONGEST_TEXT = 4096  # characters
LONGEST_ANSWER = 200  # characters over a pressed button

# Named each time: without a list Telegram goes on with the one it was given last.
_READ = {"message", "edited_message", "callback_query"}
_WANTED = [*sorted(_READ), "my_chat_member"]
_FILES: dict[str, FileKind] = {
    "document": "document",
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "animation": "video",
    "video_note": "video",
}
_MEDIA = ("photo", "sticker", *_FILES)
_NOT_JSON = object()
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


class TelegramGateway:
    """One bot. Lives in one event loop. Without a webhook secret it can only poll: every webhook is refused."""

    name = "telegram"
    channel: Channel = "telegram"

    def __init__(self, token: str, webhook_secret: str = "", api_url: str = "https://api.telegram.org") -> None:
        if not token:
            raise ValueError("Telegram needs the bot's token")
        self._token = token
        self._webhook_secret = webhook_secret
        base = f"{api_url.rstrip('/')}/bot"
        self._updates_url = f"{base}{token}/getUpdates"
        self._file_url = f"{base}{token}/getFile"
        self._files_url = f"{api_url.rstrip('/')}/file/bot{token}/"
        self._request = _request()
        self._bot = Bot(token, base_url=base, request=self._request, get_updates_request=self._request)
        self._poll = httpx.AsyncClient(timeout=TIMEOUT, verify=tls())

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        """The one update in a webhook. `Refused`: 403 without our secret, 400 where it is no JSON."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "").encode("utf-8", "replace")
        if not self._webhook_secret or not hmac.compare_digest(given, self._webhook_secret.encode()):
            raise Refused(403, "not Telegram's secret")
        if _parsed(request.body) is _NOT_JSON:
            raise Refused(400, "no JSON")
        return [decode_update(request.body)]

    async def updates(self, offset: int, timeout: int) -> list[tuple[int | None, bytes]]:  # noqa: ASYNC109
        """Waits up to `timeout` seconds for updates from `offset` on: (id, raw JSON) each, as Telegram wrote it.

        An update without a readable id comes with None and is to be stored as well; the offset moves past the
        largest id. (If a poll brings nothing but such ones the offset stays: pause before the next.)
        Raises `SendError`, with the reason "conflict" when another poller or a webhook has the updates.
        """
        wanted = {"offset": offset, "timeout": timeout, "allowed_updates": _WANTED}
        try:
            answer = await self._poll.post(self._updates_url, json=wanted, timeout=timeout + TIMEOUT)
        except httpx.HTTPError as error:
            raise SendError(f"telegram: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise _poll_refused(answer)
        return [(_update_id(_parsed(raw), raw), raw) for raw in _elements(answer.content)]

    async def register_webhook(self, url: str) -> None:
        """Has updates delivered to `url` with our secret; what waits is kept. Raises `SendError`."""
        try:
            await self._bot.set_webhook(url, secret_token=self._webhook_secret, allowed_updates=_WANTED)
        except TelegramError as error:
            raise self._send_error(error) from None

    async def drop_webhook(self) -> None:
        """Lets the updates be polled for; what waits is kept. Raises `SendError`."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            raise self._send_error(error) from None

    async def send(self, message: OutboundMessage) -> Sent:
        """Sends a text with its buttons, or, for `answers_button`, only closes that button with the text over it."""
        try:
            return await self._send(message)
        except (TelegramError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._send_error(error) from None

    async def fetch(self, reference: str, limit: int) -> bytes:
        """The bytes of a file by its id: where it lies is asked first, and holds for an hour."""
        try:
            answer = await self._poll.post(self._file_url, json={"file_id": reference})
        except httpx.HTTPError as error:
            raise FetchError(type(error).__name__) from None
        told = _parsed(answer.content)
        body = told if isinstance(told, dict) else {}
        path = _text(_object(body, "result"), "file_path")
        if answer.status_code != 200 or not path:
            wait = _integer(_object(body, "parameters").get("retry_after"))
            raise FetchError(f"getFile {answer.status_code}", answer.status_code == 400, wait)
        return await download(self._poll, self._files_url + quote(path), limit)

    async def close(self) -> None:
        await self._request.shutdown()
        await self._poll.aclose()

    async def _send(self, message: OutboundMessage) -> Sent:
        if message.answers_button:
            await self._bot.answer_callback_query(message.answers_button, text=message.text[:LONGEST_ANSWER])
            return Sent(message.answers_button)
        if message.edits:
            return await self._edit_text(message)
        try:
            return await self._send_text(message.to, message)
        except ChatMigrated as moved:
            return await self._send_text(str(moved.new_chat_id), message)

    async def _send_text(self, to: str, message: OutboundMessage) -> Sent:
        keyboard = _asking(message.asks_contact) if message.asks_contact else _keyboard(message)
        sent = await self._bot.send_message(to, message.text[:LONGEST_TEXT], reply_markup=keyboard)
        return Sent(f"{sent.chat_id}:{sent.message_id}")

    async def _edit_text(self, message: OutboundMessage) -> Sent:
        chat, _, number = message.edits.rpartition(":")
        text, keyboard = message.text[:LONGEST_TEXT], _keyboard(message)
        try:
            await self._bot.edit_message_text(text, chat_id=chat, message_id=int(number), reply_markup=keyboard)
        except BadRequest as refusal:
            if "not modified" not in str(refusal).lower():  # it says so already: a second attempt
                raise
        return Sent(message.edits)

    def _send_error(self, error: Exception) -> SendError:
        reason = f"telegram: {error}".replace(self._token, "…")
        match error:
            case RetryAfter():
                return SendError(reason, retry_after=_seconds(error.retry_after))
            case InvalidToken():  # ours to mend, and no fault of this address
                return SendError(reason)
            case Forbidden():
                return SendError(reason, permanent=True, address="blocked")
            case BadRequest():  # a NetworkError by descent only
                gone = "chat not found" in reason.lower()  # anything else is wrong with the message
                return SendError(reason, permanent=True, address="blocked" if gone else "")
            case TimedOut() | NetworkError() if isinstance(error.__cause__, httpx.HTTPError):
                return broken_off(self.name, error.__cause__)
            case TimedOut():
                return SendError(reason, unknown=True)
            case NetworkError() | ChatMigrated():
                return SendError(reason)
            case _:
                # Telegram took it, and the library could not read the answer.
                return SendError("telegram: unreadable answer", unknown=True)


def decode_update(raw: bytes) -> InboundMessage:
    """One update as it came, whatever its bytes are. Never raises."""
    update = _parsed(raw)
    update_id = _update_id(update, raw)
    provider_id = f"hash:{hashlib.sha256(raw).hexdigest()[:32]}" if update_id is None else str(update_id)
    match update:
        case {"message": dict(message)}:
            return _message(provider_id, message, raw)
        case {"edited_message": dict(message)}:
            return _message(provider_id, message, raw, edited=True)
        case {"callback_query": dict(query)}:
            return _pressed_button(provider_id, query, raw)
    # What has none of these is of a kind that the hub has no use for; what has one, or no id, is broken.
    broken = not isinstance(update, dict) or update_id is None or bool(update.keys() & _READ)
    return InboundMessage("telegram", "telegram", provider_id, "", "", raw, kind="unreadable" if broken else "other")


def _asking(label: str) -> ReplyKeyboardMarkup:
    """Only a button of this kind shares a number that Telegram vouches for; it goes when it has been pressed."""
    return ReplyKeyboardMarkup(
        [[KeyboardButton(label, request_contact=True)]], resize_keyboard=True, one_time_keyboard=True
    )


def _keyboard(message: OutboundMessage) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _message(provider_id: str, message: dict[str, Any], raw: bytes, *, edited: bool = False) -> InboundMessage:
    chat = _object(message, "chat")
    text = _text(message, "text") or _text(message, "caption")
    kind = _kind(message)
    if kind == "contact":
        text = _own_number(message)
    elif edited:
        kind = "other" if kind == "location" else "edited"  # somebody's way, a point every few seconds
    # People talk in groups; only a command there is meant for the hub.
    if chat.get("type") != "private" and not text.startswith("/"):
        kind = "other"
    return InboundMessage(
        gateway="telegram",
        channel="telegram",
        provider_id=provider_id,
        sender=_id(_object(message, "from")),
        text=text,
        raw=raw,
        kind=kind,
        chat=_id(chat),
        sent_at=_moment(message.get("edit_date" if edited else "date")),
        message=_id({"id": message.get("message_id")}),
        files=tuple(_files(message)),
        album=_text(message, "media_group_id"),
        location="" if edited else _location(message),
    )


def _pressed_button(provider_id: str, query: dict[str, Any], raw: bytes) -> InboundMessage:
    return InboundMessage(
        gateway="telegram",
        channel="telegram",
        provider_id=provider_id,
        sender=_id(_object(query, "from")),
        text=_text(query, "data"),
        raw=raw,
        kind="button",
        chat=_id(_object(_object(query, "message"), "chat")),
        button=_text(query, "id"),
        message=_id({"id": _object(query, "message").get("message_id")}),
    )


def _kind(message: dict[str, Any]) -> Kind:
    if isinstance(message.get("text"), str):
        return "text"
    if any(name in message for name in _MEDIA):
        return "media"
    if "location" in message or "venue" in message:
        return "location"
    return "contact" if _own_number(message) else "other"


def _files(message: dict[str, Any]) -> Iterator[Attachment]:
    """The file of a message; of a photo, which comes in several sizes, the largest."""
    sizes = message.get("photo")
    if isinstance(sizes, list) and (known := [it for it in sizes if isinstance(it, dict)]):
        yield from _file("photo", max(known, key=lambda it: _integer(it.get("width")) or 0), "image/jpeg")
        return
    name = next((name for name in ("animation", *_FILES) if name in message), None)  # an animation comes as both
    if name:
        yield from _file(_FILES[name], _object(message, name))


def _file(kind: FileKind, file: dict[str, Any], type: str = "") -> Iterator[Attachment]:
    if reference := _text(file, "file_id"):
        size = _integer(file.get("file_size")) or 0
        yield Attachment(kind, reference, _text(file, "mime_type") or type, max(0, size))


def _location(message: dict[str, Any]) -> str:
    at = _object(message, "location") or _object(_object(message, "venue"), "location")
    place = at.get("latitude"), at.get("longitude")
    return f"geo:{place[0]},{place[1]}" if all(isinstance(it, int | float) for it in place) else ""


def _own_number(message: dict[str, Any]) -> str:
    """The E.164 number that somebody shares as their own. Anybody can pass on the card of somebody else."""
    contact = _object(message, "contact")
    sender = _id(_object(message, "from"))
    if not sender or _id({"id": contact.get("user_id")}) != sender:
        return ""
    digits = re.sub(r"\D", "", _text(contact, "phone_number"))
    return f"+{digits}" if digits else ""


def _object(parent: dict[str, Any], key: str) -> dict[str, Any]:
    child = parent.get(key)
    return child if isinstance(child, dict) else {}


def _text(parent: dict[str, Any], key: str) -> str:
    value = parent.get(key)
    return storable(value) if isinstance(value, str) else ""


def _id(parent: dict[str, Any]) -> str:
    return "" if (number := _integer(parent.get("id"))) is None else str(number)


def _integer(value: object) -> int | None:
    """A whole number that a database can keep."""
    return value if type(value) is int and abs(value) < 2**63 else None


def _moment(value: object) -> datetime | None:
    seconds = _integer(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 <= seconds < 2**33 else None


def _parsed(raw: bytes) -> object:
    """The JSON in it; None where it is JSON that Python gives up on (too deep, too long a number)."""
    try:
        parsed: object = json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return _NOT_JSON
    except (ValueError, RecursionError):
        return None
    return parsed


def _update_id(update: object, raw: bytes) -> int | None:
    if isinstance(update, dict):
        return _integer(update.get("update_id"))
    # Read by eye where no parser can, so that the offset moves past it.
    head = re.match(rb'\s*\{\s*"update_id"\s*:\s*(\d{1,18})\b', raw)
    return int(head[1]) if head else None


def _elements(answer: bytes) -> Iterator[bytes]:
    """The elements of `"result": […]`, cut and not parsed: an update that no parser takes must not hide the others."""
    text = answer.decode("utf-8", "surrogateescape")
    head = re.search(r'"result"\s*:\s*\[', text)
    if head is None:
        raise SendError("telegram: unreadable answer")
    start, depth = head.end(), 0
    for token in _TOKENS.finditer(text, start):
        mark = token.group()[0]
        if depth == 0 and mark in ",]":
            if element := text[start : token.start()].strip():
                yield element.encode("utf-8", "surrogateescape")
            if mark == "]":
                return
            start = token.end()
        depth += (mark in "[{") - (mark in "]}")


def _poll_refused(answer: httpx.Response) -> SendError:
    match answer.status_code:
        case 409:
            return SendError("conflict")
        case 401 | 404:
            return SendError("telegram: the token is refused", permanent=True)
    body = _parsed(answer.content)
    wait = _integer(_object(body, "parameters").get("retry_after")) if isinstance(body, dict) else None
    return SendError(f"telegram: {answer.status_code}", retry_after=wait)


def _request() -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=64,  # more than are ever under way at once, or a critical one waits for a slow one
        connect_timeout=5.0,
        read_timeout=TIMEOUT,
        write_timeout=TIMEOUT,
        pool_timeout=5.0,
        httpx_kwargs={"verify": tls()},
    )


def _seconds(wait: int | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
