"""What an election day does to a hub, each as one deed that leaves everything as it was but for the hub."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select, text

from hub.bench import crew as crews
from hub.bench.crew import Crew
from hub.bench.knocking import Knocking
from hub.bench.stage import Stage
from hub.database import open_engine, reading
from hub.models import CursorRow, SubmissionRow

AWAY = 4.0  # seconds
START = 20.0  # seconds that are waited for a hub that was struck to be at work again
PROVIDER = "127.0.0.9"  # an address of its own, so that the way there can be cut
ROOM = {"sqlite": "96m", "postgresql": "640m"}  # of the small disk
_NEW_MOUNTS, _NEW_NETWORK = 0x00020000, 0x40000000


@dataclass
class Storm:
    """What is struck. `alone`: this process has a network and mounts of its own, where it may cut and fill."""

    stage: Stage
    crew: Crew
    knocking: Knocking
    ports: list[int]
    clock: Path
    providers: str
    alone: bool
    dice: random.Random
    skewed: list[float] = field(default_factory=lambda: [3600.0, -3600.0])


def kill_web(storm: Storm) -> None:
    _kill(storm, "web")


def kill_worker(storm: Storm) -> None:
    _kill(storm, "worker")


def _kill(storm: Storm, kind: str) -> None:
    _until_at_work(storm, kind)
    hand = storm.dice.choice([hand for hand in storm.crew.hands if hand.kind == kind])
    time.sleep(storm.dice.uniform(0, 2.2))
    storm.crew.kill(hand)
    storm.crew.start(hand)


def _until_at_work(storm: Storm, kind: str) -> None:
    """On a slow machine kills would follow each other faster than processes start: then nobody has anything to lose."""

    def done() -> int:
        if kind == "web":
            return len(storm.knocking.heard.acknowledged)
        with reading(storm.stage.engine) as session:
            return session.scalar(select(func.max(SubmissionRow.journal_id))) or 0

    before, until = done(), time.monotonic() + START
    while done() == before and time.monotonic() < until:
        time.sleep(0.05)


def stop_database(storm: Storm) -> None:
    """PostgreSQL is ended without a farewell, and recovers from its log; on SQLite somebody else holds the file."""
    store = storm.stage.store
    if store.kind == "postgresql":
        store.stop()
        time.sleep(AWAY)
        store.start()
        return
    with open_engine(storm.stage.url).connect() as other:
        other.execute(text("DELETE FROM cursor WHERE name IS NULL"))  # whoever changes something has the lock
        time.sleep(AWAY)
        other.rollback()


def fill_disk(storm: Storm) -> None:
    """The disk with the database, the spool and the logs is full. Without a disk of its own: no file may grow."""
    if not storm.alone:
        with _no_file_grows(storm.crew.pids("web") + storm.crew.pids("worker")):
            time.sleep(AWAY)
        return
    filler = storm.stage.store.home / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    time.sleep(AWAY)
    filler.unlink()
    storm.stage.store.start()


def cut_network(storm: Storm) -> None:
    """Nothing comes from or goes to the providers: what is on its way is swallowed, nothing new is begun."""
    storm.knocking.reachable.clear()
    time.sleep(0.5)
    if storm.alone:
        way = ["blackhole", f"{PROVIDER}/32", "table", "local"]
        subprocess.run(["ip", "route", "add", *way], check=True)
        time.sleep(2 * AWAY)
        subprocess.run(["ip", "route", "del", *way], check=True)
    else:
        for order in ("/control/fault", "/control/twilio/fault"):
            httpx.post(f"{storm.providers}{order}", json={"kind": "lose", "times": 20}).raise_for_status()
    storm.knocking.reachable.set()


def pause_leader(storm: Storm) -> None:
    """The process that leads stands still until another has taken its place; then both believe they lead."""
    with reading(storm.stage.engine) as session:
        held = session.scalars(select(CursorRow.holder).where(CursorRow.name.in_(("telegram", "timers")))).all()
    leaders = [int(holder.split(":")[1]) for holder in held if holder]
    here = [pid for pid in leaders if pid in storm.crew.pids("worker")]
    if here:
        crews.stopped(here[0], 22)


def move_clock(storm: Storm) -> None:
    """The election's time leaps an hour and back; and a worker starts on a machine whose clock is wrong."""
    hour = storm.skewed[0]
    storm.skewed.reverse()
    storm.clock.write_text((datetime.now(UTC) + timedelta(seconds=hour)).isoformat())
    if storm.stage.store.kind == "postgresql":  # SQLite has one machine, and so one clock
        worker = storm.crew.hands[-1]
        storm.crew.kill(worker)
        storm.crew.start(worker, ahead=hour)
    time.sleep(AWAY)
    storm.clock.unlink()


def poison(storm: Storm) -> None:
    """What no provider sends, at every door."""
    broken = '{"update_id": 0, "message": ' + "[" * 2_000 + "]" * 2_000 + "}"
    httpx.post(f"{storm.providers}/control/update", json={"raw": broken}, timeout=60).raise_for_status()
    for port in storm.ports:
        for junk in _junk(storm.dice):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as door:
                door.sendall(junk)
                door.settimeout(2)
                assert b" 500 " not in door.recv(64), "a door broke"


def _junk(dice: random.Random) -> Iterator[bytes]:
    for path in (b"/sms/twilio", b"/sms/twilio/status", b"/sms/kannel?bin=%ff", b"/telegram", b"/\xff%00"):
        body = dice.randbytes(dice.choice((0, 10, 70_000)))
        yield b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (path, len(body), body)
        yield b"GET %b HTTP/1.1\r\nhost: x\r\nx-twilio-signature: \xff\r\n\r\n" % path
    yield dice.randbytes(5_000)


FAULTS: dict[str, Callable[[Storm], None]] = {
    "web process killed": kill_web,
    "worker killed": kill_worker,
    "database away": stop_database,
    "disk full": fill_disk,
    "network to the providers cut": cut_network,
    "leader stands still past its lease": pause_leader,
    "clock an hour off": move_clock,
    "poison at every door": poison,
}


@contextmanager
def _no_file_grows(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for pid in pids:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def go_alone() -> bool:
    """Gives this process, which has no other thread yet, a network and mounts of its own; False where it may not."""
    if ctypes.CDLL(None).unshare(_NEW_MOUNTS | _NEW_NETWORK) != 0:
        return False
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


@contextmanager
def small_disk(home: Path, kind: str, *, alone: bool) -> Iterator[Path]:
    """A folder on a disk that can be filled."""
    if not alone:
        yield home
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM[kind]}", "hub", str(home)], check=True)
    home.chmod(0o755)  # PostgreSQL may run as somebody else
    try:
        yield home
    finally:
        os.sync()
        subprocess.run(["umount", "--lazy", str(home)], check=True)
