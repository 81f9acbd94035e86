"""The web process: webhooks in, console out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from anyio import to_thread
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import timers
from hub.api import health, webhooks
from hub.api.doors import BODY_LIMIT, Doors
from hub.bootstrap import Gateways
from hub.changes import Changes
from hub.console.app import mount
from hub.console.frame import make_pages
from hub.context import Hub
from hub.intake.journal import Journal
from hub.intake.spool import Spool

UPLOAD_LIMIT = 11 * 1024 * 1024  # bytes; a workbook of ten megabytes and its form
UPLOADS = "/import"
# Pages at work at once. One interpreter runs them by turns: of forty together each would be slow, and none be ready.
THREADS = 12


def create_app(hub: Hub, gateways: Gateways) -> Doors:
    spool = Spool(hub.settings.spool_dir, hub.vault)
    journal = Journal(hub.engine, hub.vault, hub.clock, hub.election.country, spool)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        beside: tuple[Coroutine[Any, Any, object], ...] = (
            journal.run(),
            timers.audit(hub, gateways.all()),
            asyncio.to_thread(make_pages),
        )
        tasks = [asyncio.create_task(each) for each in beside]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for gateway in gateways.all():
            await gateway.close()

    app = FastAPI(title="Election hub", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    router = health.router(hub, spool)
    app.include_router(router)
    _refuse_other_methods(app, router)
    mount(app, hub)
    app.add_middleware(BodyLimit)
    return Doors(app, webhooks.doors(hub, gateways, journal))


class Server(uvicorn.Server):
    """Ends the open streams before it waits for what is open; else it would wait for as long as anybody looks."""

    def __init__(self, changes: Changes, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._changes.close()
        await super().shutdown(sockets)


class BodyLimit:
    """Answers 413 to a body over its limit, whether its length was declared or not. Only uploads may be large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        limit = UPLOAD_LIMIT if scope.get("path", "").startswith(UPLOADS) else BODY_LIMIT

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise HTTPException(413, f"a body may have at most {limit} bytes")
            return message

        if scope["type"] == "http" and _declared(scope) > limit:
            too_large = PlainTextResponse(f"a body may have at most {limit} bytes", 413, {"Connection": "close"})
            await too_large(scope, receive, send)
            return
        await self._app(scope, counted, send)


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _refuse_other_methods(app: FastAPI, router: APIRouter) -> None:
    """405 for a wrong method at a right path; else the console, which is mounted below, would say 404."""
    allowed: dict[str, set[str]] = {}
    for route in router.routes:
        if isinstance(route, APIRoute):
            allowed.setdefault(route.path, set()).update(route.methods or ())
    for path, methods in allowed.items():
        refusal = PlainTextResponse("method not allowed", 405, {"Allow": ", ".join(sorted(methods))})
        app.router.routes.append(Route(path, refusal))
