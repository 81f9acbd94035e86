"""Where things stand in a drawing; the templates draw them as SVG. Units are those of the drawing's viewBox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 24, 12, 26


@dataclass(frozen=True, slots=True)
class Curve:
    """Reports over time: `due` steps up when a form falls due, `received` is what came. Both cumulative."""

    due: Sequence[tuple[datetime, int]]
    received: Sequence[tuple[datetime, int]]
    now: datetime

    @property
    def start(self) -> datetime:
        return self.due[0][0]

    @property
    def end(self) -> datetime:
        return max(self.due[-1][0], self.start + timedelta(hours=1))

    @property
    def top(self) -> int:
        return max(1, *(count for _, count in (*self.due, *self.received)))

    def x(self, moment: datetime) -> float:
        share = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, count: int) -> float:
        return round(HEIGHT - BOTTOM - count / self.top * (HEIGHT - TOP - BOTTOM), 1)

    def steps(self, which: Sequence[tuple[datetime, int]]) -> str:
        """The points of a stepped line for an SVG polyline."""
        points: list[str] = []
        before = which[0][1] if which else 0
        for at, count in which:
            points += [f"{self.x(at)},{self.y(before)}", f"{self.x(at)},{self.y(count)}"]
            before = count
        if which is self.received and which and self.now > which[-1][0]:
            points.append(f"{self.x(self.now)},{self.y(before)}")
        return " ".join(points)

    def hours(self) -> list[datetime]:
        """Whole hours to label, at most seven."""
        first = self.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        span = int((self.end - first) / timedelta(hours=1)) + 1
        step = max(1, -(-span // 7))
        return [first + timedelta(hours=hour) for hour in range(0, max(span, 1), step)]

    def marks(self) -> list[int]:
        """Counts to label: a quarter, a half, three quarters and all."""
        return sorted({round(self.top * part / 4) for part in range(1, 5)})
