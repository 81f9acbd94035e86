"""What more workers bring: a backlog is read by one of them, then an equal one by so many, by turns.

Nothing else runs meanwhile: the backlog is in the journal before they start, and is due when all are there. What is
timed begins when a tenth is read, so neither their start nor their first statements count.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from hub.bench import profiling, stage
from hub.bench.stage import Stage, Store, Unsound, cpu, until
from hub.database import writing
from hub.models import InboxRow

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
out = Console()


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one backlog: messages a second; microseconds a message of the workers' and of the database's own processor
    time; how many of the machine's processors these kept busy."""

    rate: float
    workers_cpu: float
    database_cpu: float
    processors: float


def run(directory: Path, *, workers: int, rounds: int, count: int, stores: tuple[str, ...], output: Path | None) -> int:
    """The exit status: 0, or 1 where something was lost or changed."""
    report: dict[str, Any] = {}
    for kind in stores:
        with stage.open_store(kind) as store:
            try:
                alone, together = measure(directory, store, workers, rounds, count)
            except Unsound as error:
                out.print(f"{kind}: {error}", style="red", markup=False)
                return 1
        ratio = statistics.median(many.rate / one.rate for one, many in zip(alone, together, strict=True))
        report[kind] = {"alone": _medians(alone), "together": _medians(together), "ratio": ratio}
        _print(kind, report[kind], workers, f"{rounds} rounds of {count:,} messages")
    if output:
        told = {"workers": workers, "rounds": rounds, "count": count, "machine": os.cpu_count(), "stores": report}
        output.write_text(json.dumps(told, indent=1))
    return 0


def measure(
    directory: Path, store: Store, workers: int, rounds: int, count: int
) -> tuple[list[Reading], list[Reading]]:
    """What one worker and so many did in each round. Raises `Unsound` unless everything was read as it was sent."""
    ready = stage.set_up(directory, store, "workers", rounds * 2 * count)
    found: dict[int, list[Reading]] = {1: [], workers: []}
    turns = [1, workers]
    for number in range(rounds):
        for place, many in enumerate(turns):
            profiling.knock(ready, (number * 2 + place) * count, count)
            found[many].append(_read(ready, many, count))
        turns.reverse()  # a machine that slows down does so to both alike
    ready.prove(rounds * 2 * count)
    ready.engine.dispose()
    return found[1], found[workers]


def _read(ready: Stage, workers: int, count: int) -> Reading:
    _due(ready, NEVER)
    with ready.crew(workers) as pids:
        _due(ready, None)
        until(lambda: ready.unread() < 0.9 * count, "no worker reads")
        began, left = time.perf_counter(), ready.unread()
        before, store_before = sum(map(cpu, pids)), ready.store.cpu()
        if not left:
            raise Unsound("the backlog was read before anybody looked: it takes a longer one")
        ready.until_read()
        seconds = time.perf_counter() - began
        used, store_used = sum(map(cpu, pids)) - before, ready.store.cpu() - store_before
    return Reading(left / seconds, used / left * 1e6, store_used / left * 1e6, (used + store_used) / seconds)


def _due(ready: Stage, moment: datetime | None) -> None:
    with writing(ready.engine) as session:
        session.execute(update(InboxRow).values(not_before=moment))


def _medians(readings: list[Reading]) -> dict[str, float]:
    rows = [asdict(reading) for reading in readings]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def _print(kind: str, figures: dict[str, Any], workers: int, size: str) -> None:
    table = Table(title=f"{kind}: a backlog read, medians of {size}, on {os.cpu_count()} processors")
    for heading in ("", "1 worker", f"{workers} workers"):
        table.add_column(heading, justify="left" if not heading else "right")
    labels = {
        "rate": "messages a second",
        "workers_cpu": "workers' processor time a message, µs",
        "database_cpu": "database's processor time a message, µs",
        "processors": "processors kept busy by both",
    }
    for name, label in labels.items():
        table.add_row(label, *(f"{figures[who][name]:,.1f}" for who in ("alone", "together")))
    table.add_row("ratio", "", f"{figures['ratio']:.2f}", style="bold")
    out.print(table)
