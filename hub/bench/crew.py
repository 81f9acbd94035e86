"""The hub's processes, to be killed and started again hundreds of times: real ones, born with their modules loaded."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from hub import clock

PATIENCE = 30.0  # seconds in which a killed process is gone, or a process ends that was asked to
_births = multiprocessing.get_context("forkserver")


@dataclass
class Hand:
    """One place in the crew. `kind`: web or worker; whoever has the place is another process after each kill."""

    kind: str
    arguments: Sequence[str]
    process: ForkServerProcess | None = None


class Crew:
    """Web processes, each at a port of its own, and workers, on one database."""

    def __init__(self, environment: Mapping[str, str], ports: Sequence[int], workers: int, log: Path) -> None:
        self._environment = environment
        self._log = log
        self.hands = [Hand("web", ("serve", "--port", str(port))) for port in ports]
        self.hands += [Hand("worker", ("work",)) for _ in range(workers)]

    def start(self, hand: Hand, ahead: float = 0.0) -> None:
        """`ahead`: seconds by which the clock of its machine is wrong."""
        # What takes seconds is loaded once: kills are to meet a hub at work, and not one that is importing.
        _births.set_forkserver_preload(["hub.cli", "hub.bench.crew"])
        hand.process = _births.Process(target=become, args=(hand.arguments, self._environment, self._log, ahead))
        hand.process.start()

    def start_all(self) -> int:
        """Whoever is not there, or has ended by itself; how many."""
        missing = [hand for hand in self.hands if hand.process is None or not hand.process.is_alive()]
        for hand in missing:
            self.start(hand)
        return len(missing)

    def kill(self, hand: Hand) -> None:
        if hand.process is not None:
            hand.process.kill()
            hand.process.join(PATIENCE)

    def end(self) -> None:
        for hand in self.hands:
            if hand.process is not None:
                hand.process.terminate()
        for hand in self.hands:
            if hand.process is not None:
                hand.process.join(PATIENCE)
                self.kill(hand)

    def pids(self, kind: str) -> list[int]:
        return [hand.process.pid or 0 for hand in self.hands if hand.kind == kind and hand.process is not None]


def become(arguments: Sequence[str], environment: Mapping[str, str], log: Path, ahead: float) -> None:
    """`hub …` in this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for whoever started all this
    os.environ.update(environment)
    with log.open("a") as lines:
        os.dup2(lines.fileno(), sys.stderr.fileno())
    if ahead:
        clock.system = lambda: datetime.fromtimestamp(time.time() + ahead, UTC)
    sys.argv = ["hub", *arguments]
    runpy.run_module("hub", run_name="__main__")


def stopped(pid: int, seconds: float) -> None:
    """A process that stands still for a while, as on a machine that swaps, and goes on as if nothing had been."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
