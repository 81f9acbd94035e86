"""Tells open pages that something changed, as it happens: small facts by server-sent events, never contents."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from hub.accounts import sessions
from hub.changes import Changes, Topic
from hub.console.access import COOKIE, Caller, Here, Page, Visitor, limits, pages
from hub.context import Hub
from hub.database import reading

routes = pages("self")
BEAT = 15.0  # seconds
QUIET = 1.0  # seconds between two facts: what happens meanwhile is told together
STREAMS = 4  # for one log-in: a browser has six connections for everything
# Who sees one of these pages hears of the topic.
CONCERNS: dict[Topic, frozenset[Page]] = {
    "queue": frozenset({"desk", "team", "day"}),
    "alerts": frozenset({"alerts", "day"}),
    "coverage": frozenset({"day", "late"}),
    "calls": frozenset({"late"}),
}


@routes.get("/events")
async def events(request: Request, caller: Caller, hub: Here) -> Response:
    """`changed`: topics. `beat`: the election's time, every 15 s. 204, which a browser does not ask again, where
    this log-in has streams enough; its page then asks every few seconds."""
    open_streams: Counter[int] = request.app.state.streams
    if open_streams[caller.login.id] >= STREAMS:
        return Response(status_code=204)
    told = _told(request.app.state.changes, open_streams, caller, hub, request.cookies[COOKIE])
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _told(
    changes: Changes, open_streams: Counter[int], caller: Visitor, hub: Hub, token: str
) -> AsyncIterator[str]:
    seen = set(caller.sees)
    open_streams[caller.login.id] += 1
    ear = changes.listen()
    try:
        yield _beat(hub)
        while (topics := await ear.changed(BEAT)) is not None:
            if concerning := sorted(topic for topic in topics if CONCERNS[topic] & seen):
                yield f"event: changed\ndata: {' '.join(concerning)}\n\n"
                await asyncio.sleep(QUIET)
            elif not topics:
                if not await asyncio.to_thread(_still_in, hub, token):
                    return
                yield _beat(hub)
    finally:
        ear.close()
        open_streams[caller.login.id] -= 1


def _beat(hub: Hub) -> str:
    now = hub.clock().astimezone(hub.election.zone)
    return f"retry: 2000\nevent: beat\ndata: {now.isoformat()} {now:%H:%M}\n\n"


def _still_in(hub: Hub, token: str) -> bool:
    with reading(hub.engine) as session:
        return sessions.find(session, token, hub.timer(), limits(hub)) is not None
