"""What the grammar makes of one text, before anybody asks who sent it and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hub.checklist.definition import CommandName
from hub.checklist.problems import Problem
from hub.values import value


class Answer(NamedTuple):
    """A sound answer in its canonical form (`value`), and where it stands in the raw text."""

    value: str
    start: int
    end: int


@value
class ReportText:
    """A checklist report. `station` as digits where one was texted; `refused` holds codes that were sent unsoundly."""

    form: str
    station: str | None
    answers: dict[str, Answer] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    comment: str = ""
    problems: tuple[Problem, ...] = ()
    station_span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class IncidentText:
    """An incident. `category` is None where it was missing or is none of the election's."""

    station: str | None
    category: str | None
    description: str = ""
    problems: tuple[Problem, ...] = ()
    station_span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class CommandText:
    """HELP [form] · FORM [form [station]] · STATUS · ACK n · DONE n · FALSE n · WAY n · CALL n · SOS words.

    `argument`: the form or the number; `rest`: what followed, verbatim.
    """

    name: CommandName
    argument: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No report, incident or command: `unreadable` or `unknown_form`."""

    problems: tuple[Problem, ...]


Reading = ReportText | IncidentText | CommandText | Unreadable
