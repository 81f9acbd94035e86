"""Harmless calls that tell how we stand with a provider: is the key right, is the address that it calls ours?

Nothing is sent to anybody and nothing is changed. Telegram's getMe and getWebhookInfo, Twilio's Account and
IncomingPhoneNumbers, Kannel's sendsms without a receiver (which it refuses, after it has looked at the password), and
the health of SMSGate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bots.twilio import API_URL
from bots.wire import tls

TIMEOUT = 10.0  # seconds
Ask = Callable[[httpx.AsyncClient], Awaitable["Standing"]]


@dataclass(frozen=True, slots=True)
class Standing:
    """`who` the provider says we are; `wrong`: what is, and what would be right; `doubtful`: what may be.

    `clock`: the provider's, where it told one.
    """

    who: str = ""
    wrong: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    clock: datetime | None = None


async def ask(call: Ask) -> Standing:
    """What a call tells; one that is not answered is wrong. No address and no token is ever told."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, verify=tls()) as client:
            return await call(client)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Standing(
            wrong=(f"it does not answer ({type(error).__name__}): is the address right, is the net there?",)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Standing(wrong=("what answers there is something else: is the address right?",))


def telegram(token: str, api_url: str, webhook: str) -> Ask:
    """`webhook`: the address that updates shall be delivered to; "" where the worker polls."""

    async def call(client: httpx.AsyncClient) -> Standing:
        base = f"{api_url.rstrip('/')}/bot{token}"
        me = await client.get(f"{base}/getMe")
        if me.status_code in (401, 404):
            return Standing(wrong=("it does not know the token: copy it from @BotFather",), clock=_clock(me))
        hook = (await client.get(f"{base}/getWebhookInfo")).raise_for_status().json()["result"]
        wrong, doubtful = _of_the_webhook(hook, webhook)
        return Standing(f"@{me.raise_for_status().json()['result']['username']}", wrong, doubtful, _clock(me))

    return call


def _of_the_webhook(hook: dict[str, Any], wanted: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if wanted and not hook["url"]:
        return ("it delivers to nobody: `hub work` registers the webhook when it starts",), ()
    if hook["url"] != wanted:
        right = f"ours is {wanted}" if wanted else "nobody may have one where the worker polls"
        return (f"it delivers to {hook['url']}; {right}: start `hub work` again, and nothing else with this token",), ()
    doubtful = []
    if hook.get("last_error_message"):
        doubtful.append(f"its last delivery failed: {hook['last_error_message']}")
    if waiting := hook.get("pending_update_count"):
        doubtful.append(f"{waiting} updates wait to be delivered")
    return (), tuple(doubtful)


def twilio(account: str, token: str, number: str, webhook: str, api_url: str) -> Ask:
    """`webhook`: the address that messages to `number` shall be posted to."""

    async def call(client: httpx.AsyncClient) -> Standing:
        base = f"{api_url.rstrip('/') or API_URL}/2010-04-01/Accounts/{account}"
        answer = await client.get(f"{base}.json", auth=(account, token))
        if answer.status_code in (401, 403, 404):
            return Standing(wrong=("it does not know this account and token: copy both from its console",))
        told = answer.raise_for_status().json()
        who, clock = str(told["friendly_name"]), _clock(answer)
        if told["status"] != "active":
            return Standing(who, (f"the account is {told['status']}: ask Twilio",), clock=clock)
        doubtful = ("a trial account: it texts verified numbers alone",) if told["type"] == "Trial" else ()
        asked = await client.get(
            f"{base}/IncomingPhoneNumbers.json", params={"PhoneNumber": number}, auth=(account, token)
        )
        numbers = asked.raise_for_status().json()["incoming_phone_numbers"] if number.startswith("+") else []
        if number.startswith("+") and not numbers:
            return Standing(who, (f"{number} is no number of this account",), doubtful, clock)
        elsewhere = [it["sms_url"] for it in numbers if it["sms_url"] != webhook]
        wrong = tuple(f"messages go to {url or 'nobody'}: set “A message comes in” to {webhook}" for url in elsewhere)
        return Standing(who, wrong, doubtful, clock)

    return call


def kannel(send_url: str) -> Ask:
    async def call(client: httpx.AsyncClient) -> Standing:
        answer = await client.get(send_url)
        if answer.status_code in (401, 403) or "authorization failed" in answer.text.lower():
            return Standing(wrong=("smsbox does not take the username and password of HUB_KANNEL_SEND_URL",))
        if answer.status_code >= 500 or answer.status_code == 404:
            return Standing(wrong=(f"smsbox answers {answer.status_code}: is HUB_KANNEL_SEND_URL its sendsms?",))
        return Standing("smsbox", clock=_clock(answer))

    return call


def smsgate(api_url: str) -> Ask:
    async def call(client: httpx.AsyncClient) -> Standing:
        answer = await client.get(f"{api_url.rstrip('/')}/health")
        if answer.status_code in (401, 403):
            return Standing(wrong=("the phone does not take the name and password of HUB_SMSGATE_API_URL",))
        if answer.status_code != 200:
            return Standing(wrong=(f"the phone answers {answer.status_code}: look at the app",), clock=_clock(answer))
        return Standing("the phone", clock=_clock(answer))

    return call


def hub(public_url: str) -> Ask:
    """The hub itself, seen from outside."""

    async def call(client: httpx.AsyncClient) -> Standing:
        alive = await client.get(f"{public_url}/healthz")
        if (alive.status_code, alive.text) != (200, "ok"):
            return Standing(wrong=(f"/healthz answers {alive.status_code}: start `hub serve`, look at the proxy",))
        ready = (await client.get(f"{public_url}/readyz")).json()
        return Standing("/healthz answers", tuple(map(str, ready["wrong"])), clock=_clock(alive))

    return call


def _clock(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
