"""What is wrong or doubtful in an election's files: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`file` is relative to the election's directory; `line` counts from 1, and 0 means the file as a whole.
    `column`: the table's, where one cell of it is meant."""

    file: str
    line: int
    message: str
    fix: str
    severity: Literal["error", "warning"] = "error"
    column: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message} — {self.fix}"


class ConfigurationError(Exception):
    """The configuration cannot be used. `findings` holds everything that was found, warnings too."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


class Findings:
    """Collects while the files are read. The same finding twice (a shared option set, used often) is one."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def error(self, file: str, line: int, message: str, fix: str, column: str = "") -> None:
        self._found[Finding(file, line, message, fix, column=column)] = None

    def warning(self, file: str, line: int, message: str, fix: str, column: str = "") -> None:
        self._found[Finding(file, line, message, fix, "warning", column)] = None

    @property
    def errors(self) -> bool:
        return any(finding.severity == "error" for finding in self._found)

    def all(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._found))


def render(findings: Sequence[Finding]) -> str:
    """One line a finding, errors first, and a last line that counts them."""
    errors = [finding for finding in findings if finding.severity == "error"]
    warnings = [finding for finding in findings if finding.severity == "warning"]
    lines = [*map(str, errors), *(f"warning: {finding}" for finding in warnings)]
    return "\n".join([*lines, f"{_count(len(errors), 'error')}, {_count(len(warnings), 'warning')}"])


def nearest(word: str, known: Iterable[str], alike: float = 65) -> str | None:
    """The known word that was probably meant, or None. `alike`: in per cent."""
    best = process.extractOne(word, sorted(known), scorer=fuzz.ratio, score_cutoff=alike)
    return best[0] if best else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A fix for a word that nobody knows."""
    known = sorted(known)
    guess = nearest(word, known)
    return f"did you mean {guess}?" if guess else f"known are: {', '.join(known)}"


def few(names: Sequence[str], most: int = 5) -> str:
    """`1002, 1004, 1010 and 27 more`"""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
