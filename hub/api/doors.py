"""The providers' doors, as plain ASGI in front of FastAPI: its routing and its dependency graph cost more than all
that the hub does with a message until it is on disk. What is behind a door sees a `WebhookRequest` and answers it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bots.gateway import WebhookRequest
from hub.accounts import addresses

BODY_LIMIT = 64 * 1024  # bytes
FORGED, FORGED_A_MINUTE, MINUTE = 403, 60, 60.0
MOST_ADDRESSES = 10_000  # that are remembered
TOO_MANY = {"Retry-After": "60", "Connection": "close"}
Door = Callable[[WebhookRequest], Awaitable[Response]]


class Doors:
    """Answers the requests whose path it knows, path → method → door; all others go on to `app`."""

    def __init__(self, app: FastAPI, doors: Mapping[str, Mapping[str, Door]]) -> None:
        self._app = app
        self.state = app.state
        self.router = app.router  # with its lifespan, for whoever calls it without a server
        self._doors = doors
        self._forgers = Forgers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        doors = self._doors.get(scope.get("path", "")) if scope["type"] == "http" else None
        if doors is None:
            await self._app(scope, receive, send)
            return
        answer = await _answer(doors, scope, receive)
        if answer is None:
            return
        if answer.status_code == FORGED and self._forgers.too_many(scope, time.monotonic()):
            answer = Response("too many requests without a good signature", 429, TOO_MANY)
        await answer(scope, receive, send)


class Forgers:
    """Requests whose signature is not good, by address, in one minute after another.

    Each is proved before it is counted, and what is signed never is: the provider may come by the same proxy as they
    do. In memory, for a stranger shall not make the hub write.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._ends = 0.0

    def too_many(self, scope: Scope, now: float) -> bool:
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + MINUTE
        address = addresses.network((scope.get("client") or ("",))[0])
        if address in self._counts or len(self._counts) < MOST_ADDRESSES:
            self._counts[address] += 1
        return self._counts[address] > FORGED_A_MINUTE


async def _answer(doors: Mapping[str, Door], scope: Scope, receive: Receive) -> Response | None:
    """None where the provider hung up before it had sent everything: nothing has come, and nobody is listening."""
    door = doors.get(scope["method"])
    if door is None:
        return Response("method not allowed", 405, {"Allow": ", ".join(sorted(doors))})
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            return Response(f"a body may have at most {BODY_LIMIT} bytes", 413, {"Connection": "close"})
    return await door(
        WebhookRequest(
            method=scope["method"],
            path=scope["raw_path"].split(b"?")[0].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )
    )
