"""What every request and every worker round needs, built once by `bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from hub.clock import Clock
from hub.election.definition import Election
from hub.settings import Settings
from hub.vault import Vault


@dataclass(frozen=True, slots=True)
class Hub:
    settings: Settings
    engine: Engine
    vault: Vault
    election: Election
    clock: Clock
