"""What goes out over a connection: whole answers, streams as they come, and the last word before a connection ends."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from hub.api.packets import Packets

ASKED = b"GET / HTTP/1.1\r\nhost: hub\r\n\r\n"


class Line(asyncio.Transport):
    """A connection that keeps what is written, each packet by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.packets.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def _ask(app: ASGIApp, line: Line) -> None:
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, http=Packets)
    config.load()
    state = ServerState()
    packets = Packets(config=config, server_state=state, app_state={})
    packets.connection_made(line)
    packets.data_received(ASKED)
    await asyncio.gather(*state.tasks)
    await asyncio.sleep(0)


def _written(app: ASGIApp) -> Line:
    line = Line()
    asyncio.run(_ask(app, line))
    return line


def _streaming(*bodies: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b""})

    return app


async def _whole(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"taken"})


def test_an_answer_is_one_packet() -> None:
    line = _written(_whole)
    assert len(line.packets) == 1
    assert line.packets[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert line.packets[0].endswith(b"\r\n\r\ntaken")
    assert not line.closed


def test_a_stream_goes_out_as_it_comes() -> None:
    line = _written(_streaming(b"one", b"two"))
    head, second, last = line.packets
    assert head.endswith(b"\r\n\r\n3\r\none\r\n")
    assert (second, last) == (b"3\r\ntwo\r\n", b"0\r\n\r\n")


def test_the_last_answer_goes_out_before_the_connection_ends() -> None:
    line = _written(_streaming(b"no more", headers=((b"connection", b"close"),)))
    assert b"".join(line.packets).endswith(b"no more\r\n0\r\n\r\n")
    assert line.closed


def test_nothing_is_written_once_the_connection_is_gone() -> None:
    line = Line()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await _whole(scope, receive, send)
        line.close()

    asyncio.run(_ask(app, line))
    assert line.packets == []
