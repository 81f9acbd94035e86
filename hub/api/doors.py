"""The providers' doors, as plain ASGI in front of FastAPI: its routing and its dependency graph cost more than all
that the hub does with a message until it is on disk. What is behind a door sees a `WebhookRequest` and answers it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bots.gateway import WebhookRequest

BODY_LIMIT = 64 * 1024  # bytes
Door = Callable[[WebhookRequest], Awaitable[Response]]


class Doors:
    """Answers the requests whose path it knows, path → method → door; all others go on to `app`."""

    def __init__(self, app: FastAPI, doors: Mapping[str, Mapping[str, Door]]) -> None:
        self._app = app
        self.state = app.state
        self.router = app.router  # with its lifespan, for whoever calls it without a server
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        doors = self._doors.get(scope.get("path", "")) if scope["type"] == "http" else None
        if doors is None:
            await self._app(scope, receive, send)
            return
        answer = await _answer(doors, scope, receive)
        if answer is not None:
            await answer(scope, receive, send)


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
