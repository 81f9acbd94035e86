"""What every road over HTTP shares: text that a database can keep, and what a broken connection means."""

from __future__ import annotations

import logging
import re
import ssl
from functools import cache

import httpx

from bots.gateway import SendError

# Its INFO lines print whole URLs: Telegram's token, and the account at Twilio.
logging.getLogger("httpx").setLevel(logging.WARNING)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@cache
def tls() -> ssl.SSLContext:
    """The trusted authorities, read once: each reading takes a client 30 to 100 ms."""
    return httpx.create_ssl_context()


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes. The raw payload keeps them."""
    return _UNSTORABLE.sub("\ufffd", text)


def broken_off(provider: str, error: BaseException | None) -> SendError:
    """What a transport error says of a message: not sent, or `unknown` once the request may have arrived.

    Only the kind of error is told: its text may hold an address or a token.
    """
    reason = f"{provider}: {type(error).__name__}"
    return SendError(reason) if isinstance(error, _NEVER_LEFT) else SendError(reason, unknown=True)
