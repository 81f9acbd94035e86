"""The one place that reads a clock. Everything else takes `now` as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

Clock = Callable[[], datetime]


def system() -> datetime:
    return datetime.now(UTC)


def agreed(there: datetime) -> Clock:
    """A clock that goes as another, which shows `there` now: leases hold only among those who agree on the time."""
    wrong_by = there - system()
    return lambda: system() + wrong_by


def rehearsal(path: Path) -> Clock:
    """A clock whose moment (ISO 8601) stands in a file that the rehearsal's player writes."""

    def now() -> datetime:
        try:
            return datetime.fromisoformat(path.read_text()).astimezone(UTC)
        except (OSError, ValueError):
            return system()

    return now
