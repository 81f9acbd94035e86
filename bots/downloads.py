"""Fetching a file that a provider holds: so many bytes, so much time, and from no host but those that are known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from bots.gateway import FetchError, TooLarge

IN_ALL = 60.0  # seconds for one file; its lease is three times as long
REDIRECTS = 3
_OURS_TO_MEND = {401, 403, 404, 408, 425, 429}  # Twilio answers 404 for a moment to a file that has just come


async def download(
    client: httpx.AsyncClient,
    url: str,
    limit: int,
    *,
    auth: tuple[str, str] | None = None,
    may_follow: Callable[[httpx.URL], bool] = lambda _url: False,
) -> bytes:
    """At most `limit` bytes. A redirect is followed where `may_follow` says so, and never with `auth`.

    Raises `FetchError`, `TooLarge` as soon as there is one byte too many. No error names the address.
    """
    try:
        async with asyncio.timeout(IN_ALL):
            for _ in range(REDIRECTS + 1):
                # Asked for as it is: what comes compressed could be a thousand times as large.
                ask = client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
                answer = await client.send(ask, auth=auth, stream=True, follow_redirects=False)
                try:
                    if answer.status_code == 200:
                        return await _read(answer, limit)
                    url, auth = _elsewhere(answer, may_follow), None
                finally:
                    await answer.aclose()
    except TimeoutError:
        raise FetchError("too slow") from None
    except httpx.HTTPError as error:
        raise FetchError(type(error).__name__) from None
    raise FetchError("too many redirects")


async def _read(answer: httpx.Response, limit: int) -> bytes:
    if int(answer.headers.get("content-length") or 0) > limit:
        raise TooLarge
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > limit:
            raise TooLarge
    return bytes(content)


def _elsewhere(answer: httpx.Response, may_follow: Callable[[httpx.URL], bool]) -> str:
    if not answer.is_redirect:
        status, wait = answer.status_code, answer.headers.get("retry-after", "")
        permanent = 400 <= status < 500 and status not in _OURS_TO_MEND
        raise FetchError(str(status), permanent, float(wait) if wait.isdecimal() else None)
    target = answer.url.join(answer.headers.get("location", ""))
    if not may_follow(target):
        raise FetchError("redirected to a host that is not known", permanent=True)
    return str(target)
