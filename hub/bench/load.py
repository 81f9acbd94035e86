"""The load: signed requests made beforehand, sent over a few connections by a process that does next to nothing else.

`python -m hub.bench.load FILE PORT FIRST COUNT CONNECTIONS [RATE]` prints one JSON object: seconds, latencies in
milliseconds, statuses. Without a rate every connection sends its next request when the last was answered.
"""

from __future__ import annotations

import asyncio
import json
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HEAD = struct.Struct("!I")


def write(path: Path, requests: Iterator[bytes]) -> int:
    """Stores requests, each after its length; how many there were."""
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(HEAD.pack(len(request)) + request)
            count += 1
    return count


def load(path: Path, first: int, count: int) -> list[bytes]:
    data, at, found = path.read_bytes(), 0, []
    for number in range(first + count):
        (size,) = HEAD.unpack_from(data, at)
        if number >= first:
            found.append(data[at + HEAD.size : at + HEAD.size + size])
        at += HEAD.size + size
    return found


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._run.idle(self)

    def send(self, request: bytes, due: float) -> None:
        # Measured from when it was due, so that a server that stalls is not forgiven what it kept waiting.
        self._sent = due
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
        self._run.answered(self, status, time.perf_counter() - self._sent)

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.lost()

    def close(self) -> None:
        self._transport.close()


class Run:
    def __init__(self, requests: list[bytes], rate: float | None) -> None:
        self._requests = iter(requests)
        self._left = len(requests)
        self._rate = rate
        self._idle: list[Connection] = []
        self._queue: list[float] = []
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.finished = asyncio.Event()

    async def go(self, port: int, connections: int) -> float:
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        for _ in range(connections):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
        if self._rate:
            await self._offer(started)
        await self.finished.wait()
        return time.perf_counter() - started

    async def _offer(self, started: float) -> None:
        """Open loop: requests fall due at the rate, whether the server keeps up or not."""
        assert self._rate is not None
        for number in range(self._left):
            due = started + number / self._rate
            wait = due - time.perf_counter()
            if wait > 0.001:
                await asyncio.sleep(wait)
            if self._idle:
                self._idle.pop().send(next(self._requests), due)
            else:
                self._queue.append(due)

    def idle(self, connection: Connection) -> None:
        if self._rate is None:
            request = next(self._requests, None)
            if request is not None:
                connection.send(request, time.perf_counter())
        elif self._queue:
            connection.send(next(self._requests), self._queue.pop(0))
        else:
            self._idle.append(connection)

    def answered(self, connection: Connection, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.latencies.append(seconds * 1000)
        self._left -= 1
        if self._left == 0:
            self.finished.set()
        self.idle(connection)

    def lost(self) -> None:
        if self._left:
            self.statuses[0] += 1


async def main() -> None:
    path, port, first, count, connections, *rate = sys.argv[1:]
    run = Run(load(Path(path), int(first), int(count)), float(rate[0]) if rate else None)
    seconds = await run.go(int(port), int(connections))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    latencies = sorted(run.latencies)
    told = {
        "seconds": seconds,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "statuses": run.statuses,
        "cpu": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
