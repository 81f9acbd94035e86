"""Over the day: what has come against what was due, and a figure with its band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.charts.sheet import (
    GROUND,
    INK,
    QUIET,
    SMALL,
    WIDTH,
    WORDS,
    Anchor,
    Caption,
    dot,
    hatched,
    line,
    points,
    sheet,
    text,
    ticks,
)

HEIGHT = 190
LEFT, RIGHT, TOP = 40, 14, 22
HOUR = timedelta(hours=1)
Steps = Sequence[tuple[datetime, int]]


@dataclass(frozen=True, slots=True)
class Point:
    """A figure at a moment, as fractions. `told`: the same in figures; nothing is written where it is empty."""

    at: datetime
    value: float
    low: float | None
    high: float | None
    told: str = ""


def curve(caption: Caption, due: Steps, came: Steps, words: tuple[str, str], until: datetime | None = None) -> str:
    """Two stepped lines of counts so far: `due` dashed, `came` solid up to `until`. `words` name them, in this order.

    Moments are in the zone that is to be read.
    """
    axis = _Axis.over([at for at, _ in (*due, *came)])
    most = max(1, *(count for _, count in (*due, *came)))
    parts = [*axis.hours()]
    for count in sorted({round(most * part / 4) for part in range(5)}):
        y = _y(count / most)
        parts += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 5, y + 4, f"{count}", SMALL, QUIET, "end")]
    parts += [_stepped(due, axis, most, QUIET, 1.6, "5 3"), _stepped(came, axis, most, INK, 2.4, "", until)]
    parts += _legend(words)
    told = "; ".join(f"{word}: {steps[-1][1] if steps else 0}" for word, steps in zip(words, (due, came), strict=True))
    return sheet(caption, f"{told}.", parts, HEIGHT)


def band(caption: Caption, shown: Sequence[Point], *, top: float = 1.0) -> str:
    """A figure over time within its interval: the band is hatched; a point that is told has its own interval."""
    axis = _Axis.over([point.at for point in shown])
    defined, fill = hatched(caption.name)
    parts = [defined, *axis.hours()]
    for tick in ticks(top):
        y = _y(tick / top)
        parts += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 5, y + 4, f"{100 * tick:g}%", SMALL, QUIET, "end")]
    sure = [
        (axis.x(point.at), point.low, point.high) for point in shown if point.low is not None and point.high is not None
    ]
    edge = [(x, _y(_within(high / top))) for x, _, high in sure] + [
        (x, _y(_within(low / top))) for x, low, _ in reversed(sure)
    ]
    if len(sure) > 1:
        parts += [f'<polygon points="{points(edge)}" fill="{under}"/>' for under in (GROUND, fill)]
    track = [(axis.x(point.at), _y(_within(point.value / top))) for point in shown]
    parts.append(f'<polyline points="{points(track)}" fill="none" stroke="#fff" stroke-width="5"/>')
    parts.append(f'<polyline points="{points(track)}" fill="none" stroke="{INK}" stroke-width="2.4"/>')
    for point, (x, y) in zip(shown, track, strict=True):
        parts += _marked(point, x, y, top) if point.told else ()
    told = "; ".join(f"{point.at:%H:%M}: {point.told}" for point in shown if point.told)
    return sheet(caption, f"{told}.", parts, HEIGHT)


@dataclass(frozen=True, slots=True)
class _Axis:
    start: datetime
    end: datetime

    @classmethod
    def over(cls, moments: Sequence[datetime]) -> _Axis:
        first = min(moments)
        return cls(first, max(max(moments), first + HOUR))

    def x(self, moment: datetime) -> float:
        share = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start)
        return LEFT + 8 + share * (WIDTH - LEFT - RIGHT - 24)

    def hours(self) -> Iterator[str]:
        """Whole hours, at most six; the day is told where there is more than one."""
        first = self.start.replace(minute=0, second=0, microsecond=0)
        first += HOUR if first < self.start else timedelta()
        span = int((self.end - first) / HOUR) + 1
        step = next((each for each in (1, 2, 3, 4, 6, 12, 24) if span / each <= 6), 48)
        first += HOUR * (-first.hour % step)
        several = self.start.date() != self.end.date()
        for count in range(max(span, 1)):
            moment = first + HOUR * step * count
            if moment <= self.end:
                x = self.x(moment)
                yield line(x, _y(0), x, _y(0) + 4, INK)
                yield text(x, _y(0) + 17, f"{moment:%H:%M}", SMALL, QUIET, "middle")
                if several and moment.hour < step:
                    yield text(x, _y(0) + 30, f"{moment:%d.%m}", SMALL, QUIET, "middle")


def _y(share: float) -> float:
    return HEIGHT - 34 - share * (HEIGHT - 34 - TOP)


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _stepped(
    steps: Steps, axis: _Axis, most: int, stroke: str, width: float, dashes: str, until: datetime | None = None
) -> str:
    track: list[tuple[float, float]] = []
    before = 0
    for at, count in steps:
        track += [(axis.x(at), _y(before / most)), (axis.x(at), _y(count / most))]
        before = count
    if until and steps and until > steps[-1][0]:
        track.append((axis.x(until), _y(before / most)))
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{points(track)}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'


def _legend(words: tuple[str, str]) -> Iterator[str]:
    for at, (word, stroke, width, dashes) in enumerate(zip(words, (QUIET, INK), (1.6, 2.4), ("5 3", ""), strict=True)):
        x = LEFT + 150 * at
        yield line(x, 9, x + 26, 9, stroke, width, dashes)
        yield text(x + 32, 13, word, WORDS)


def _marked(point: Point, x: float, y: float, top: float) -> Iterator[str]:
    if point.low is not None and point.high is not None:
        low, high = _y(_within(point.low / top)), _y(_within(point.high / top))
        yield line(x, low, x, high, "#fff", 4)
        yield line(x, low, x, high, INK, 1.6)
    yield dot(x, y)
    above = _y(_within((point.high or point.value) / top)) - 6
    anchor: Anchor = "start" if x < LEFT + 30 else "end" if x > WIDTH - 80 else "middle"
    yield text(x + {"start": -6, "end": 8}.get(anchor, 0), above, point.told, WORDS, INK, anchor, bold=True)
