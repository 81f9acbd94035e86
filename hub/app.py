"""The web process: webhooks in, console out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api import health, webhooks
from hub.bootstrap import Gateways
from hub.console.app import mount
from hub.context import Hub
from hub.intake.journal import Journal

BODY_LIMIT = 64 * 1024  # bytes


def create_app(hub: Hub, gateways: Gateways) -> FastAPI:
    journal = Journal(hub.engine, hub.vault, hub.clock, hub.election.country)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        writer = asyncio.create_task(journal.run())
        yield
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
        for gateway in gateways.all():
            await gateway.close()

    app = FastAPI(title="Election hub", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    app.include_router(webhooks.router(hub, gateways, journal))
    app.include_router(health.router(hub))
    mount(app, hub)
    app.add_middleware(BodyLimit)
    return app


class BodyLimit:
    """Answers 413 to a body over `BODY_LIMIT`, whether its length was declared or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > BODY_LIMIT:
            await _too_large(send)
            return
        size, refused = 0, False

        async def counted() -> Message:
            nonlocal size, refused
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_LIMIT:
                refused = True
                await _too_large(send)
                return {"type": "http.disconnect"}
            return message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        await self._app(scope, counted, unless_refused)


async def _too_large(send: Send) -> None:
    body = f"a message may have at most {BODY_LIMIT} bytes".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
