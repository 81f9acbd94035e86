"""Serves emulated providers on 127.0.0.1 and nowhere else, in this process or beside a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import uvicorn
from fastapi import APIRouter, FastAPI

HERE = "127.0.0.1"


class Emulated(Protocol):
    def routes(self) -> APIRouter: ...

    async def close(self) -> None: ...


def serve(*providers: Emulated, port: int, ready: Callable[[str], None] = print) -> None:
    """Serves all of them on one port (0 takes a free one) until the process is told to stop.

    `ready` gets the line "ready http://127.0.0.1:…" once the port listens.
    """
    listening, url = _listening(port)
    ready(f"ready {url}")
    _server(providers).run(sockets=[listening])


@contextmanager
def running(*providers: Emulated, host: str = HERE) -> Iterator[str]:
    """Serves them from a thread for the length of a block, and gives their URL. `host`: any loopback address."""
    listening, url = _listening(0, host)
    server = _server(providers)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()


def _listening(port: int, host: str = HERE) -> tuple[socket.socket, str]:
    # Early requests wait in its backlog until the server is up.
    listening = socket.create_server((host, port), backlog=2048)
    return listening, f"http://{host}:{listening.getsockname()[1]}"


def _server(providers: tuple[Emulated, ...]) -> uvicorn.Server:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for provider in providers:
            await provider.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    for provider in providers:
        app.include_router(provider.routes())
    # No log: a cut connection is an error to the server, and was ordered here.
    return uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=75, timeout_graceful_shutdown=1)
    )
