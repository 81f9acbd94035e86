"""Codes of an authenticator app: RFC 6238 over HMAC-SHA1, 30 seconds, six digits, as every such app reads them."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
PERIOD = 30  # seconds
DRIFT = 1  # steps that a phone's clock may be before or behind ours


def new_secret() -> bytes:
    """160 bits, as RFC 4226 recommends."""
    return secrets.token_bytes(20)


def code(secret: bytes, step: int) -> str:
    """The code of one period of 30 seconds since 1970."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // PERIOD


def matching(secret: bytes, typed: str, now: datetime, *, after: int) -> int | None:
    """The period whose code this is, or None. Only one later than `after` counts, so that no code works twice."""
    here = step_at(now)
    steps = range(max(here - DRIFT, after + 1), here + DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(code(secret, step).encode(), typed.encode())), None)


def uri(secret: bytes, account: str, issuer: str) -> str:
    """What the QR says: the Key URI Format of authenticator apps."""
    query = urlencode({"secret": spelled(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{query}"


def spelled(secret: bytes) -> str:
    """For who cannot scan: base32, to be typed."""
    return base64.b32encode(secret).decode().rstrip("=")
