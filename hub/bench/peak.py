"""The hour after the polls close, in minutes: a load that does not wait for the hub, and when the last reply is there.

One web process, and as many workers as the store has in `stage.WORKERS`. Messages fall due at the rate whether the hub
keeps up or not; one that is refused is sent again, as a provider does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.bench import stage
from hub.bench.stage import WORKERS, Stage, Store, Unsound, running

WITHIN = 60.0  # seconds from the peak's end in which every reply must be there
out = Console()


@dataclass(frozen=True, slots=True)
class Peak:
    """`statuses`: of all answers, 0 where none came; `taken_…`: milliseconds from when a message was due until its 200;
    `reply_…`: milliseconds from its arrival until its reply was written; `most_waiting`: messages taken and unread;
    `emptied`: seconds from the last 200 until all were read; `last_reply`: seconds for which replies were still
    written after the peak's end, when the last message fell due."""

    messages: int
    statuses: dict[str, int]
    again: int
    taken_p50: float
    taken_p99: float
    taken_longest: float
    reply_p99: float
    reply_longest: float
    most_waiting: int
    emptied: float
    last_reply: float


def run(directory: Path, *, minutes: float, rate: float, stores: tuple[str, ...], output: Path | None) -> int:
    """The exit status: 0, or 1 where something was lost or changed, or a reply came too late."""
    found: dict[str, Peak] = {}
    sound = True
    for kind in stores:
        with stage.open_store(kind) as store:
            try:
                found[kind] = measure(directory, store, minutes, rate)
            except Unsound as error:
                out.print(f"{kind}: {error}", style="red", markup=False)
                sound = False
    _print(found, minutes, rate)
    if output:
        stores_found = {kind: asdict(peak) for kind, peak in found.items()}
        output.write_text(
            json.dumps({"minutes": minutes, "rate": rate, "workers": WORKERS, "stores": stores_found}, indent=1)
        )
    return int(not sound or any(peak.last_reply > WITHIN for peak in found.values()))


def measure(directory: Path, store: Store, minutes: float, rate: float) -> Peak:
    """Raises `Unsound` unless every message was taken, read as it was sent, and answered."""
    count = int(minutes * 60 * rate)
    ready = stage.set_up(directory, store, "peak", count)
    port = stage.free_port()
    with running(ready.web(port)), ready.crew(), ThreadPoolExecutor(1) as other:
        stage.wait_for(port)
        load = other.submit(stage.send, ready.file, port, 0, count, rate)
        most = max(_waiting(ready, load), default=0)
        told = load.result()
        ready.until_read()
        emptied = time.time()
    ready.prove(count)
    waits = ready.waits(0)
    if len(waits) != count:
        raise Unsound(f"{count} messages, {len(waits)} replies")
    ready.engine.dispose()
    return Peak(
        messages=count,
        statuses=told["statuses"],
        again=sum(told["statuses"].values()) - count,
        taken_p50=told["p50"],
        taken_p99=told["p99"],
        taken_longest=told["longest"],
        reply_p99=waits[int(count * 0.99)],
        reply_longest=waits[-1],
        most_waiting=most,
        emptied=emptied - told["ended"],
        last_reply=emptied - (told["ended"] - told["seconds"] + count / rate),
    )


def _waiting(ready: Stage, load: Future[dict[str, Any]]) -> Iterator[int]:
    """How many messages wait to be read, now and then while more come: to count them takes what reading some does."""
    while not load.done():
        yield ready.unread()
        wait([load], timeout=5)


def _print(found: dict[str, Peak], minutes: float, rate: float) -> None:
    table = Table(title=f"{minutes:g} minutes at {rate:,.0f} messages a second: one web process")
    table.add_column("")
    for kind in found:
        table.add_column(f"{kind}, workers: {WORKERS[kind]}", justify="right")
    for label, value in _ROWS.items():
        table.add_row(label, *(value(peak) for peak in found.values()))
    out.print(table)


_ROWS: dict[str, Callable[[Peak], str]] = {
    "messages, none lost or changed": lambda it: f"{it.messages:,}",
    "answers by status": lambda it: ", ".join(f"{count:,} × {status}" for status, count in it.statuses.items()),
    "of these sent again": lambda it: f"{it.again:,}",
    "until the 200, median, ms": lambda it: f"{it.taken_p50:,.1f}",
    "until the 200, p99, ms": lambda it: f"{it.taken_p99:,.1f}",
    "until the 200, longest, ms": lambda it: f"{it.taken_longest:,.1f}",
    "until the reply, p99, ms": lambda it: f"{it.reply_p99:,.1f}",
    "until the reply, longest, ms": lambda it: f"{it.reply_longest:,.1f}",
    "most that waited to be read": lambda it: f"{it.most_waiting:,}",
    "all read after the last 200, s": lambda it: f"{it.emptied:.1f}",
    "last reply after the peak's end, s": lambda it: f"{it.last_reply:.1f}",
}
