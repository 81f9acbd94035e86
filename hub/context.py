"""What every request and every worker round needs, built once by `bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from hub.clock import Clock, system
from hub.election.definition import Election
from hub.settings import Settings
from hub.vault import Vault


@dataclass(frozen=True, slots=True)
class Hub:
    """`clock` is the election's time, which a rehearsal plays faster; `timer` is always real, for leases and pauses."""

    settings: Settings
    engine: Engine
    vault: Vault
    election: Election
    clock: Clock
    timer: Clock = system
