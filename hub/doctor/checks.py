"""What was looked at before going live, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["fine", "doubtful", "wrong"]
MARKS: dict[State, str] = {"fine": "✓", "doubtful": "?", "wrong": "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """`told`: what was found. What is wrong or doubtful says there what would be right."""

    what: str
    state: State
    told: str

    def __str__(self) -> str:
        return f"{MARKS[self.state]} {self.what}: {self.told}"


def fine(what: str, told: str) -> Check:
    return Check(what, "fine", told)


def doubtful(what: str, told: str) -> Check:
    return Check(what, "doubtful", told)


def wrong(what: str, told: str) -> Check:
    return Check(what, "wrong", told)
