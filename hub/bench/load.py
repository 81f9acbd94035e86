"""The load: signed requests made beforehand, sent over a few connections by a process that does next to nothing else.

`python -m hub.bench.load FILE PORT FIRST COUNT CONNECTIONS [RATE]` prints one JSON object: seconds, when it ended,
latencies in milliseconds, statuses. Without a rate every connection sends its next request when the last was answered.
What is refused with 503, or gets no answer (status 0), is sent again, as a provider does; it waits on until its 200.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

HEAD = struct.Struct("!I")
AGAIN = 5.0  # seconds after which a refused request is sent again: what the hub asks for
BUSY = 503


def write(path: Path, requests: Iterator[bytes]) -> int:
    """Stores requests, each after its length; how many there were."""
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(HEAD.pack(len(request)) + request)
            count += 1
    return count


def load(path: Path, first: int, count: int) -> Iterator[bytes]:
    """Some of the requests, each read when it is needed; those before them are passed by at once, before any clock
    runs."""
    file = path.open("rb")
    for _ in range(first):
        (length,) = HEAD.unpack(file.read(HEAD.size))
        file.seek(length, os.SEEK_CUR)
    return islice(_load(file), count)


def _load(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while head := file.read(HEAD.size):
            yield file.read(*HEAD.unpack(head))


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self.under_way: tuple[bytes, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._run.idle(self)

    def send(self, request: bytes, due: float) -> None:
        # Measured from when it was due, so that a server that stalls is not forgiven what it kept waiting.
        self.under_way = request, due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length: ")
        size = int(head[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        chunked = b"transfer-encoding: chunked" in head
        if chunked and not self._buffer.endswith(b"0\r\n\r\n"):
            return
        if not chunked and len(self._buffer) < end + 4 + size:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self._run.answered(self, status)

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.lost(self)

    def close(self) -> None:
        self._transport.close()


class Run:
    def __init__(self, requests: Iterator[bytes], count: int, rate: float | None) -> None:
        self._requests = requests
        self._left = count
        self._rate = rate
        self._idle: deque[Connection] = deque()
        self._due: deque[tuple[bytes, float]] = deque()  # what found no connection free, and when it fell due
        self._opening: set[asyncio.Task[None]] = set()
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.finished = asyncio.Event()

    async def go(self, port: int, connections: int) -> float:
        self._port = port
        started = time.perf_counter()
        for _ in range(connections):
            await self._open()
        if self._rate:
            await self._offer(started)
        await self.finished.wait()
        seconds = time.perf_counter() - started
        for connection in self._idle:
            connection.close()
        return seconds

    async def _offer(self, started: float) -> None:
        """Open loop: requests fall due at the rate, whether the server keeps up or not."""
        assert self._rate is not None
        for number in range(self._left):
            due = started + number / self._rate
            wait = due - time.perf_counter()
            if wait > 0.001:
                await asyncio.sleep(wait)
            self._put(next(self._requests), due)

    def _put(self, request: bytes, due: float) -> None:
        if self._idle:
            self._idle.popleft().send(request, due)
        else:
            self._due.append((request, due))

    def idle(self, connection: Connection) -> None:
        if self._due:
            connection.send(*self._due.popleft())
        elif self._rate is None and (request := next(self._requests, None)) is not None:
            connection.send(request, time.perf_counter())
        else:
            self._idle.append(connection)

    def answered(self, connection: Connection, status: int) -> None:
        assert connection.under_way is not None
        request, due = connection.under_way
        connection.under_way = None
        self.statuses[status] += 1
        if status == BUSY:
            self._again(request, due)
        else:
            self.latencies.append((time.perf_counter() - due) * 1000)
            self._left -= 1
        if self._left == 0:
            self.finished.set()
        self.idle(connection)

    def lost(self, connection: Connection) -> None:
        """Another takes its place; a server may also close one that was idle for long."""
        if self.finished.is_set():
            return
        if connection.under_way:
            self.statuses[0] += 1
            self._again(*connection.under_way)
        else:
            self._idle.remove(connection)
        opening = asyncio.create_task(self._open())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def _again(self, request: bytes, due: float) -> None:
        asyncio.get_running_loop().call_later(AGAIN, self._put, request, due)

    async def _open(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self._port)
                return
            except OSError:
                await asyncio.sleep(1)


async def main() -> None:
    path, port, first, count, connections, *rate = sys.argv[1:]
    requests = load(Path(path), int(first), int(count))
    run = Run(requests, int(count), float(rate[0]) if rate else None)
    seconds = await run.go(int(port), int(connections))
    ended = time.time()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    latencies = sorted(run.latencies)
    told = {
        "seconds": seconds,
        "ended": ended,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "longest": latencies[-1],
        "statuses": run.statuses,
        "cpu": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
