"""A day from beginning to end, in processes of their own: emulated providers, the web process, a worker, a player.

The hub's own code paths are the real ones; only the providers are emulated, and the election's clock is the day's.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hub.database import writing
from hub.rehearsal import day, outcome
from hub.rehearsal.day import Player, Recorded
from hub.rehearsal.stage import Stage, Unplayable, free_port, stage, until_idle

HOME = Path("var/demo")
out = Console()


def run(directory: Path, *, once: bool, speed: float, port: int) -> int:
    """Plays `directory/day/messages.jsonl`; the exit status: 0, or 1 where something was lost or differs."""
    messages = day.load(directory / "day" / "messages.jsonl")
    with ExitStack() as stack:
        try:
            port = free_port(port, may_change=once)
            set_up = stack.enter_context(stage(directory, HOME, port, messages[0].at))
            if not once:
                _tell(set_up)
            took = _play(set_up, messages, None if once else speed)
            sound = _sum_up(set_up, directory, messages, took)
        except Unplayable as error:
            out.print(str(error), style="red", markup=False)
            return 1
        if not once:
            _stay(set_up)
    return 0 if sound else 1


def _play(stage: Stage, messages: list[Recorded], speed: float | None) -> timedelta:
    async def play() -> None:
        async with httpx.AsyncClient(timeout=30, limits=day.LIMITS) as client:
            player = Player(stage.doors, stage.played_time, client)
            player.set_clock(messages[0].at)
            bar = (TextColumn("{task.fields[at]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            with Progress(*bar, console=out) as progress:
                task = progress.add_task("day", total=len(messages), at="")

                def told(message: Recorded) -> None:
                    progress.update(task, advance=1, at=f"{message.at:%d %b %H:%M}")

                await player.play(messages, speed, told)

    started = time.monotonic()
    try:
        asyncio.run(play())
    except* (httpx.HTTPError, OSError) as errors:
        raise Unplayable(f"a message was not taken: {errors.exceptions[0]!r}") from errors
    until_idle(stage, len(messages))
    return timedelta(seconds=time.monotonic() - started)


def _sum_up(stage: Stage, directory: Path, messages: list[Recorded], took: timedelta) -> bool:
    official = directory / "day" / "official.csv"
    if official.exists():
        with writing(stage.hub.engine) as session:
            outcome.take_official(session, stage.hub.election, official, stage.hub.clock())
    expected = json.loads((directory / "day" / "expected.json").read_text(encoding="utf-8"))
    outgoing, taken = _delivered(stage, len(messages))
    lines = outcome.compare(stage.hub, messages, expected, outgoing, taken)
    table = Table(title=f"{stage.hub.election.name['en']}: {len(messages)} messages in {took.total_seconds():.1f} s")
    for heading in ("", "expected", "found", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for line in lines:
        table.add_row(line.what, line.expected, line.found, "ok" if line.sound else "DIFFERS")
    out.print(table)
    return all(line.sound for line in lines)


def _delivered(stage: Stage, messages: int) -> tuple[int, int]:
    """How many messages the hub wrote to go out, and how many the emulated providers took.

    The worker's timers go on, and may write one at any time: both are counted while none was written or under way.
    """
    before = until_idle(stage, messages)
    while True:
        taken = sum(len(httpx.get(f"{stage.providers}/control/{sent}").json()) for sent in ("sent", "twilio/sent"))
        counts = until_idle(stage, messages)
        if counts == before:
            return counts.outgoing, taken
        before = counts


def _tell(stage: Stage) -> None:
    out.print(f"\nThe console: [bold]{stage.doors.hub}[/bold]")
    for login in stage.logins:
        out.print(f"  {login.name:<12} {login.password}   ({login.role})", markup=False, highlight=False)
    out.print("A rehearsal asks for the password alone. At an election a code from the phone is required of everybody;")
    out.print("to see how that is: log in, and set one up under “My account”.\n")


def _stay(stage: Stage) -> None:
    _tell(stage)
    out.print("The day is over; the console stays until Ctrl-C.")
    try:
        while all(process.poll() is None for process in stage.processes):
            time.sleep(0.5)
    except KeyboardInterrupt:
        out.print("\nGood night.")
