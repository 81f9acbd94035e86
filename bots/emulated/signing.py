"""Twilio's webhook signature, written from its documentation and apart from the library that checks ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode


def signed_form(auth_token: str, url: str, params: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body and the headers (lower case) of a webhook that Twilio would send to `url`, query included."""
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": signature(auth_token, url, params),
        "i-twilio-idempotency-token": hashlib.sha256(urlencode(params).encode()).hexdigest()[:32],
    }
    return urlencode(params).encode(), headers


def signature(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and the fields in the order of their names (Twilio, "Webhooks Security")."""
    text = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()
