"""Where the time goes: both halves of the walk in one process, without sockets, under the profiler."""

from __future__ import annotations

import asyncio
import cProfile
import io
import pstats
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.api.doors import Doors
from hub.app import create_app
from hub.bench import load
from hub.bench.stage import CONNECTIONS, Stage, open_store, processor_time, set_up
from hub.bootstrap import open_gateways
from hub.context import Hub
from hub.intake import pipeline
from hub.worker import BATCH

LINES = 30


def run(directory: Path, *, stores: tuple[str, ...], count: int) -> None:
    for kind in stores:
        with open_store(kind) as store:
            ready = set_up(directory, store, "profile", count)
            sys.stdout.write(f"{kind}, {profile(ready, count)}")
            ready.engine.dispose()


def profile(stage: Stage, count: int) -> str:
    """Plays a stage's messages through the door and through the pipeline; two tables of what took the time."""
    hub = stage.hub()
    arriving = _timed("from the door to the disk", count, lambda: knock(stage, 0, count))
    reading = _timed("from the inbox to the outbox", count, lambda: settle(hub))
    hub.engine.dispose()
    return arriving + reading


def settle(hub: Hub) -> None:
    """All that waits, by the worker's batches."""
    while pipeline.settle_batch(hub, BATCH):
        pass


def knock(stage: Stage, first: int, count: int) -> None:
    """Some of a stage's messages through the web process's doors, as many at once as the load has connections."""
    with asyncio.Runner() as runner:
        runner.run(_knock(stage, first, count))


async def _knock(stage: Stage, first: int, count: int) -> None:
    hub = stage.hub()
    doors = create_app(hub, open_gateways(hub.settings))
    requests = load.load(stage.file, first, count)

    async def client() -> None:
        for request in requests:
            await _ask(doors, request)

    async with doors.router.lifespan_context(doors):
        await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    hub.engine.dispose()


async def _ask(doors: Doors, request: bytes) -> None:
    head, body = request.split(b"\r\n\r\n", 1)
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sms/twilio",
        "raw_path": b"/sms/twilio",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in lines],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"refused with {message['status']}")

    await doors(scope, receive, send)


def _timed(title: str, count: int, work: Callable[[], None]) -> str:
    profiler = cProfile.Profile()
    each = processor_time(lambda: profiler.runcall(work)) / count * 1e6
    lines = io.StringIO()
    pstats.Stats(profiler, stream=lines).strip_dirs().sort_stats("tottime").print_stats(LINES)
    return f"{title}: {each:,.0f} µs of processor time a message under the profiler\n{lines.getvalue()}\n"
