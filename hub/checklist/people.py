"""Who may report and from where, as the pipeline sees them. Pure values; the queries are in `roster`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["observer", "mobile", "coordinator", "lawyer", "head_office", "operator"]
FIELD_ROLES: frozenset[str] = frozenset({"observer", "mobile"})


@dataclass(frozen=True, slots=True)
class Station:
    """A polling station of the frame. `voters`: registered voters."""

    id: int
    code: str
    stratum: str
    region: str
    district: str
    voters: int
    sampled: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A registered person. `stations`: codes of the stations this observer is assigned to now."""

    id: int
    code: str
    role: Role
    language: str
    region: str = ""
    stations: tuple[str, ...] = ()
