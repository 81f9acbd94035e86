"""Floor and hub by turns on one machine, in one run: what counts is the ratio, and that nothing was lost.

Each round plays the same number of messages through the floor, through the web process alone (journal and
acknowledge), and through web process and workers (the whole pipeline), on SQLite and on a real PostgreSQL, with as
many workers as are deployed there (`stage.WORKERS`).
"""

from __future__ import annotations

import json
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.bench import stage
from hub.bench.stage import OFFERED, URL, WORKERS, Stage, Store, Unsound, cpu, offer, running

out = Console()


@dataclass
class Series:
    """What the rounds of one store measured. Rates are messages a second, latencies milliseconds, cpu µs a message."""

    floor: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    floor_p50: list[float] = field(default_factory=list)
    floor_p99: list[float] = field(default_factory=list)
    hub_p50: list[float] = field(default_factory=list)
    hub_p99: list[float] = field(default_factory=list)
    reply_p99: list[float] = field(default_factory=list)
    floor_cpu: list[float] = field(default_factory=list)
    web_cpu: list[float] = field(default_factory=list)
    worker_cpu: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)


def run(directory: Path, *, rounds: int, count: int, stores: tuple[str, ...], output: Path | None) -> int:
    """Runs the benchmark; the exit status: 0, or 1 where something was lost or differs."""
    found: dict[str, Series] = {}
    for kind in stores:
        with stage.open_store(kind) as store:
            try:
                found[kind] = _measure(directory, store, rounds, count)
            except Unsound as error:
                out.print(f"{kind}: {error}", style="red", markup=False)
                return 1
    report = {kind: _summary(series) for kind, series in found.items()}
    _print(report, rounds, count)
    if output:
        output.write_text(
            json.dumps({"rounds": rounds, "count": count, "workers": WORKERS, "stores": report}, indent=1)
        )
    return 0


def _measure(directory: Path, store: Store, rounds: int, count: int) -> Series:
    series = Series()
    needed = rounds * 3 * count
    ready = stage.set_up(directory, store, "hub", needed)
    ports = stage.free_port(), stage.free_port()
    arguments = (store.database("floor"), ready.token, URL, str(ports[0]))
    with ExitStack() as stack:
        floor = stack.enter_context(running(stage.start("hub.bench.floor", *arguments, environment={})))
        web = stack.enter_context(running(ready.web(ports[1])))
        for port in ports:
            stage.wait_for(port)
        for number in range(rounds):
            _round(series, ready, ports, (floor, web), number * 3 * count, count)
    ready.prove(needed)
    ready.engine.dispose()
    return series


def _round(
    series: Series, ready: Stage, ports: tuple[int, int], processes: tuple[Popen[bytes], ...], first: int, count: int
) -> None:
    floor, web = processes
    before = cpu(floor.pid)
    series.floor.append(count / offer(ready.file, ports[0], first, count)["seconds"])
    series.floor_cpu.append((cpu(floor.pid) - before) / count * 1e6)
    told = offer(ready.file, ports[0], first + count, count, OFFERED)
    series.floor_p50.append(told["p50"])
    series.floor_p99.append(told["p99"])

    before = cpu(web.pid)
    series.acknowledged.append(count / offer(ready.file, ports[1], first, count)["seconds"])
    series.web_cpu.append((cpu(web.pid) - before) / count * 1e6)

    with ready.crew() as workers:
        ready.until_read()
        before, store_before = sum(map(cpu, workers)), ready.store.cpu()
        told = offer(ready.file, ports[1], first + count, count)
        ready.until_read()
        # From the first message, as the floor is measured: not from when the load's own process was begun.
        series.whole.append(count / (time.time() - (told["ended"] - told["seconds"])))
        series.worker_cpu.append((sum(map(cpu, workers)) - before) / count * 1e6)
        series.database_cpu.append((ready.store.cpu() - store_before) / count * 1e6)
        last = ready.last_entry()
        told = offer(ready.file, ports[1], first + 2 * count, count, OFFERED)
        ready.until_read()
        series.hub_p50.append(told["p50"])
        series.hub_p99.append(told["p99"])
        waits = ready.waits(last)
        series.reply_p99.append(waits[int(len(waits) * 0.99)])


def _summary(series: Series) -> dict[str, Any]:
    medians = {name: statistics.median(values) for name, values in asdict(series).items()}
    spread = {name: (min(values), max(values)) for name, values in asdict(series).items()}
    ratios = {
        "whole / floor": _ratio(series.whole, series.floor),
        "acknowledged / floor": _ratio(series.acknowledged, series.floor),
        "p99 / floor's p99": _ratio(series.hub_p99, series.floor_p99),
    }
    return {"median": medians, "spread": spread, "ratio": ratios}


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' own ratios, so that a machine that slows down between rounds does not count."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


def _print(report: dict[str, Any], rounds: int, count: int) -> None:
    for kind, figures in report.items():
        table = Table(title=f"{kind}, workers: {WORKERS[kind]}: medians of {rounds} rounds of {count:,} messages")
        for heading in ("", "median", "lowest", "highest"):
            table.add_column(heading, justify="left" if not heading else "right")
        for name, value in figures["median"].items():
            low, high = figures["spread"][name]
            table.add_row(name.replace("_", " "), f"{value:,.1f}", f"{low:,.1f}", f"{high:,.1f}")
        for name, value in figures["ratio"].items():
            table.add_row(name, f"{value:.2f}", "", "", style="bold")
        out.print(table)
