"""What every road over HTTP shares: text that a database can keep, and what a broken connection means."""

from __future__ import annotations

import logging
import re
import ssl
from functools import cache

import httpx

from bots.gateway import Kind, SendError

# Its INFO lines print whole URLs: Telegram's token, and the account at Twilio.
logging.getLogger("httpx").setLevel(logging.WARNING)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# As a whole message they make a carrier block what we send to that number, and send it again.
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START_WORDS = frozenset({"START", "UNSTOP"})
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@cache
def tls() -> ssl.SSLContext:
    """The trusted authorities, read once: each reading takes a client 30 to 100 ms."""
    return httpx.create_ssl_context()


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes. The raw payload keeps them."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def opt_kind(text: str) -> Kind | None:
    """`stop` or `start` where a whole SMS says so; a STOP is respected whichever gateway it came by."""
    word = text.strip().upper()
    if word in _STOP_WORDS:
        return "stop"
    return "start" if word in _START_WORDS else None


def broken_off(provider: str, error: BaseException | None) -> SendError:
    """What a transport error says of a message: not sent, or `unknown` once the request may have arrived.

    Only the kind of error is told: its text may hold an address or a token.
    """
    reason = f"{provider}: {type(error).__name__}"
    return SendError(reason) if isinstance(error, _NEVER_LEFT) else SendError(reason, unknown=True)
