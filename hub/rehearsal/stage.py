"""What a rehearsal plays on: emulated providers, a web process, a worker, each a process, and a clock that is set."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from hub import clock
from hub.accounts import accounts
from hub.bootstrap import open_hub
from hub.context import Hub
from hub.custody import keys
from hub.database import migrate, open_engine, writing
from hub.election import configuration
from hub.rehearsal import outcome
from hub.rehearsal.day import Doors
from hub.sample import importer
from hub.settings import Settings
from hub.vault import Vault

TWILIO_SID, TWILIO_NUMBER = "AC" + "0" * 32, "+15005550006"
STARTED_WITHIN = 180.0  # seconds for a process to answer
IDLE_WITHIN = 120.0  # seconds for the last message to be read and answered


class Unplayable(Exception):
    """The rehearsal cannot start or go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    role: str
    password: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    hub: Hub
    doors: Doors
    providers: str  # the emulated ones' URL
    played_time: Path
    logins: tuple[Login, ...]
    processes: tuple[subprocess.Popen[str], ...]


@contextmanager
def stage(directory: Path, home: Path, port: int, begins: datetime, database_url: str = "") -> Iterator[Stage]:
    """Sets up a hub of its own in `home`, which is emptied. Without a URL its database is SQLite, there."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    twilio_token, telegram_token = secrets.token_hex(16), f"4200:{secrets.token_urlsafe(24)}"
    with ExitStack() as stack:
        emulated = stack.enter_context(_emulated(twilio_token, telegram_token))
        played_time = home.resolve() / "clock"
        played_time.write_text(begins.isoformat())  # or the worker would wonder why nothing came all day
        environment = {
            "HUB_DATABASE_URL": database_url or f"sqlite:///{home.resolve()}/hub.db",
            "HUB_EVIDENCE_KEY": str(home.resolve() / "evidence.key"),
            "HUB_SPOOL_DIR": str(home.resolve() / "spool"),
            "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HUB_SECRET_KEY": secrets.token_urlsafe(48),
            "HUB_TWILIO_ACCOUNT_SID": TWILIO_SID,
            "HUB_TWILIO_AUTH_TOKEN": twilio_token,
            "HUB_TWILIO_FROM": TWILIO_NUMBER,
            "HUB_TWILIO_API_URL": emulated,
            "HUB_TELEGRAM_TOKEN": telegram_token,
            "HUB_TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(24),
            "HUB_TELEGRAM_API_URL": emulated,
            "HUB_REHEARSAL_CLOCK": str(played_time),
            "HUB_SEND_RATE": "1000",
            "HUB_SECOND_FACTOR": "offered",  # who looks in for the first time has no phone enrolled
            "HUB_CHAT_RATE": "1000",
            "HUB_NUMBER_RATE": "1000",
        }
        hub, logins = _prepare(directory, environment)
        serve = stack.enter_context(_process("serve", environment, "--port", str(port)))
        work = stack.enter_context(_process("work", environment))
        secret = environment["HUB_TELEGRAM_WEBHOOK_SECRET"]
        doors = Doors(f"http://127.0.0.1:{port}", secret, TWILIO_SID, twilio_token, TWILIO_NUMBER)
        _wait_for(f"{doors.hub}/readyz", serve, work)
        yield Stage(hub, doors, emulated, played_time, logins, (serve, work))
        hub.engine.dispose()


def _prepare(directory: Path, environment: dict[str, str]) -> tuple[Hub, tuple[Login, ...]]:
    """The database, the election in it, and an account for each role."""
    settings = Settings.model_validate(
        {name.removeprefix("HUB_").lower(): value for name, value in environment.items()}
    )
    keys.made(settings.evidence_key)  # or the worker would warn of a new one
    engine = open_engine(settings.database_url)
    migrate(engine)
    loaded = configuration.load(directory)
    region = loaded.stations[0].region
    wanted = [(role, region if role == "coordinator" else "") for role in accounts.ROLES]
    logins = []
    with writing(engine) as session:
        importer.load(session, loaded, Vault(settings.secret_key.get_secret_value()), clock.system())
        for role, of in wanted:
            name = role.replace("_", "-")
            password = accounts.create(session, name, role, "en", of, secrets.token_urlsafe(12))
            logins.append(Login(name, f"{role} {of}".strip(), password))
    engine.dispose()
    return open_hub(settings), tuple(logins)


def until_idle(stage: Stage, expected: int) -> outcome.Progress:
    """Waits until every message is in the journal, read and answered; raises where nothing moves for a long time."""
    last, moved = None, time.monotonic()
    while True:
        counts = outcome.progress(stage.hub)
        if counts.received >= expected and not counts.unread and not counts.unsent:
            return counts
        if counts != last:
            last, moved = counts, time.monotonic()
        if time.monotonic() - moved > IDLE_WITHIN:
            raise Unplayable(f"nothing has moved for {IDLE_WITHIN:.0f} s: {counts}")
        if any(process.poll() is not None for process in stage.processes):
            raise Unplayable("a process of the hub ended; see the lines above")
        time.sleep(0.1)


@contextmanager
def _emulated(twilio_token: str, telegram_token: str) -> Iterator[str]:
    """The emulated providers; their URL."""
    arguments = ["--telegram-token", telegram_token, "--twilio-sid", TWILIO_SID, "--twilio-token", twilio_token]
    command = [sys.executable, "-m", "bots.emulated", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            if len(line) != 2 or line[0] != "ready":
                raise Unplayable("the emulated providers did not start")
            yield line[1]
        finally:
            _end(process)


@contextmanager
def _process(command: str, environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", command, *arguments], env={**os.environ, **environment}, text=True
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(url: str, *processes: subprocess.Popen[str]) -> None:
    started = time.monotonic()
    while time.monotonic() - started < STARTED_WITHIN:
        if any(process.poll() is not None for process in processes):
            break
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise Unplayable(f"the hub did not start: nothing sound answers at {url}")


def free_port(port: int, *, may_change: bool) -> int:
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
                return int(probe.getsockname()[1])
            except OSError:
                if not may_change:
                    break
    raise Unplayable(f"port {port} of 127.0.0.1 is taken: end what uses it, or name another with --port")
