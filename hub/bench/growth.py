"""What a message costs when much is stored: a database is filled step by step, and at each step the same is done.

Others' messages are the day's own under other names: of people, numbers and stations that the sample does not know.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from hub import bulk
from hub.analysis import coverage, kept
from hub.analysis.kept import Kept
from hub.bench import profiling, stage
from hub.bench.stage import Stage, processor_time, resident, running
from hub.context import Hub
from hub.database import parts, reading, writing
from hub.models import (
    AssignmentRow,
    Base,
    ContactRow,
    JournalRow,
    OutboxRow,
    PersonRow,
    StationRecordRow,
    StationRow,
    SubmissionRow,
)

FRESH = 2_000  # messages that are timed at each step
FEW = 50  # that come between two looks at the figures
PART = 5_000  # rows of one transaction
out = Console()


@dataclass(frozen=True, slots=True)
class Step:
    """With so many messages (and as many people) stored; each figure's unit is in its name. A refresh takes in what
    came in the last two minutes."""

    stored: int
    arriving_us: float
    settling_us: float
    database_us: float
    records: int
    day_ms: float
    figures_ms: float
    first_look_ms: float
    worker_mb: float
    worker_start_s: float
    web_mb: float
    web_start_s: float


LABELS = {
    "arriving_us": "processor time a message, door to disk, µs",
    "settling_us": "processor time a message, inbox to outbox, µs",
    "database_us": "of the database's own processes, µs",
    "records": "records of the sample that figures rest on",
    "day_ms": "a refresh of the dashboard, ms",
    "figures_ms": "a refresh of all estimates, ms",
    "first_look_ms": "both for the first time after a start, ms",
    "worker_mb": "memory of a worker that has read one, MB",
    "worker_start_s": "from a worker's start until it has read it, s",
    "web_mb": "memory of a web process that has answered, MB",
    "web_start_s": "from a web process's start until it answers, s",
}


def run(directory: Path, *, sizes: list[int], stores: tuple[str, ...], output: Path | None) -> None:
    report = {}
    for kind in stores:
        with stage.open_store(kind) as store:
            ready = stage.set_up(directory, store, "growth", FRESH + len(sizes) * (FRESH + FEW + 1))
            report[kind] = [asdict(step) for step in _steps(ready, sorted(sizes))]
            ready.engine.dispose()
        _print(kind, report[kind])
    if output:
        output.write_text(json.dumps(report, indent=1))


def _steps(ready: Stage, sizes: list[int]) -> Iterator[Step]:
    hub = ready.hub()
    profiling.knock(ready, 0, FRESH)
    profiling.settle(hub)
    for number, size in enumerate(sizes):
        _fill(ready, size)
        _look(hub)
        first, database = FRESH + number * (FRESH + FEW + 1), ready.store.cpu()
        arriving = processor_time(lambda first=first: profiling.knock(ready, first, FRESH))  # type: ignore[misc]
        settling = processor_time(lambda: profiling.settle(hub))
        database = ready.store.cpu() - database
        _look(hub)
        profiling.knock(ready, first + FRESH, FEW)
        profiling.settle(hub)
        day, figures = _look(hub)
        profiling.knock(ready, first + FRESH + FEW, 1)
        worker, worker_start = _worker(ready)
        web, web_start = _web(ready)
        yield Step(
            stored=size,
            arriving_us=arriving / FRESH * 1e6,
            settling_us=settling / FRESH * 1e6,
            database_us=database / FRESH * 1e6,
            records=_records(hub),
            day_ms=day * 1e3,
            figures_ms=figures * 1e3,
            first_look_ms=_first_look(hub) * 1e3,
            worker_mb=worker,
            worker_start_s=worker_start,
            web_mb=web,
            web_start_s=web_start,
        )
    hub.engine.dispose()


def _look(hub: Hub) -> tuple[float, float]:
    """Seconds until the day's page has its figures, and until all findings are there, by what this process knows."""
    with reading(hub.engine) as session:
        return _see(session, hub, kept.of(session, hub.election))


def _first_look(hub: Hub) -> float:
    with reading(hub.engine) as session:
        return sum(_see(session, hub, Kept(hub.election)))


def _see(session: Session, hub: Hub, known: Kept) -> tuple[float, float]:
    began = time.perf_counter()
    known.coverage(session, hub.clock())
    coverage.day_figures(session, hub.election, hub.clock())
    day = time.perf_counter()
    known.look(session)
    return day - began, time.perf_counter() - day


def _records(hub: Hub) -> int:
    """A refresh of the figures follows these: they grow with what the sample has sent, and not with what is stored."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(StationRecordRow)) or 0


def _worker(ready: Stage) -> tuple[float, float]:
    began = time.perf_counter()
    with running(ready.worker()) as worker:
        ready.until_read()
        start = time.perf_counter() - began
        return resident(worker.pid) / 1e6, start


def _web(ready: Stage) -> tuple[float, float]:
    port, began = stage.free_port(), time.perf_counter()
    with running(ready.web(port)) as web:
        stage.wait_for(port)
        start = time.perf_counter() - began
        return resident(web.pid) / 1e6, start


def _fill(ready: Stage, size: int) -> None:
    """Others' messages and what became of them, and the others themselves, until so many are stored."""
    with reading(ready.engine) as session:
        stored = session.scalar(select(func.count()).select_from(JournalRow)) or 0
        copied = (JournalRow, SubmissionRow, OutboxRow, PersonRow, StationRow)
        rows = {table: _some(session, table) for table in copied}
        last = {
            table: session.scalar(select(func.max(_id(table)))) or 0 for table in (*rows, ContactRow, AssignmentRow)
        }
    wanted = max(0, size - stored)
    for numbers in parts(range(1, wanted + 1), PART):
        with writing(ready.engine) as session:
            _store(session, rows, last, numbers)
    _settle_down(ready)


def _store(session: Session, rows: dict[Any, list[dict[str, Any]]], last: dict[Any, int], numbers: list[int]) -> None:
    def others(table: Any, **changed: Callable[[int], Any]) -> None:
        like = rows[table]
        bulk.insert(
            session,
            table,
            [like[n % len(like)] | {name: value(n) for name, value in changed.items()} for n in numbers],
        )

    def after(table: Any) -> Callable[[int], int]:
        return lambda number: last[table] + number

    def random(_number: int) -> bytes:
        return secrets.token_bytes(16)

    people, places = after(PersonRow), after(StationRow)
    others(StationRow, id=places, code=lambda number: f"x{places(number)}", sampled=lambda _: False)
    others(PersonRow, id=people, code=lambda number: f"x{people(number)}", role=lambda _: "observer")
    contacts = [
        {"id": last[ContactRow] + n, "person_id": people(n), "kind": "phone", "digest": random(n), "hint": "000"}
        | {"sealed": secrets.token_bytes(41), "state": "active"}
        for n in numbers
    ]
    bulk.insert(session, ContactRow, contacts)
    stays = [
        {"id": last[AssignmentRow] + n, "person_id": people(n), "station_id": places(n), "filed": True} for n in numbers
    ]
    bulk.insert(session, AssignmentRow, stays)
    journal = after(JournalRow)
    others(JournalRow, id=journal, dedup=random, sender_digest=random)
    others(SubmissionRow, journal_id=journal, person_id=people, station_id=places)
    sent = {"state": lambda _: "delivered", "dedup": lambda _: None, "alert_id": lambda _: None}
    others(OutboxRow, id=after(OutboxRow), journal_id=journal, person_id=people, **sent)


def _some(session: Session, table: type[Base]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in session.execute(select(*table.__table__.c).limit(1_000))]


def _id(table: type[Base]) -> Any:
    return inspect(table).primary_key[0]


def _settle_down(ready: Stage) -> None:
    """What a database does by itself within minutes: its statistics, and ids that go on after those given out."""
    with writing(ready.engine) as session:
        if ready.store.kind == "postgresql":
            for table in (JournalRow, OutboxRow, PersonRow, StationRow, ContactRow, AssignmentRow):
                name = table.__tablename__
                session.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")  # noqa: S608
                )
        session.execute(text("ANALYZE"))


def _print(kind: str, steps: list[dict[str, Any]]) -> None:
    table = Table(title=f"{kind}: a message, a look and a start with so many messages stored, and as many people")
    table.add_column("")
    for step in steps:
        table.add_column(f"{step['stored']:,}", justify="right")
    for name, label in LABELS.items():
        table.add_row(label, *(f"{step[name]:,.1f}" for step in steps))
    costs = [sum(step[name] for name in ("arriving_us", "settling_us", "database_us")) for step in steps]
    table.add_row("a message's cost to the first column's", *(f"{cost / costs[0]:.2f}" for cost in costs), style="bold")
    out.print(table)
