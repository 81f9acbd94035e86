"""Figures beside each other, each with its interval: as bars from zero, or as points about the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.charts.sheet import (
    BAR,
    GROUND,
    INK,
    LINE,
    QUIET,
    SMALL,
    WIDTH,
    WORDS,
    Caption,
    dot,
    line,
    lines,
    rect,
    sheet,
    text,
    ticks,
)

FIELD = 270  # the width of a bar that reaches `top`; what it says in figures stands to the right
MANY = 8  # bars, above which each takes one line


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure, as fractions; None is not available. `told`: the same in figures, as it is to be read."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    told: str


def bars(caption: Caption, shown: Sequence[Bar], *, top: float = 1.0, bar: float | None = None) -> str:
    """Bars from 0 to `top`, their intervals on them; labels stand above, or beside where the bars are many.

    `bar`: a threshold, dashed.
    """
    if len(shown) > MANY:
        return _many(caption, shown, top, bar)
    parts: list[str] = []
    y = 0.0
    for each in shown:
        labels = lines(each.label, WORDS)
        parts += [text(0, y + 13 + 15 * at, words) for at, words in enumerate(labels)]
        y += 15 * len(labels) + 4
        parts += [*_bar(each, y, _Field(0, FIELD, top)), text(WIDTH, y + 12, each.told, WORDS, INK, "end", bold=True)]
        y += 24
    return sheet(caption, _told(shown), [*_axis(y, _Field(0, FIELD, top), bar), *parts], y + 16)


def dots(caption: Caption, shown: Sequence[Bar], whole: Bar, *, top: float = 1.0) -> str:
    """Parts of one whole side by side: each a point with its interval, the whole's figure a line through all."""
    field = _Field(118, 172, top)
    parts, y = [*_dotted(whole, 0, field, bold=True)], 24.0
    for each in shown:
        parts += _dotted(each, y, field)
        y += 22
    across = []
    if whole.value is not None:
        x = field.x(whole.value)
        across = [line(x, 14, x, y - 4, QUIET, 1, "4 3")]
    return sheet(caption, _told([whole, *shown]), [*_axis(y, field, None), *across, *parts], y + 16)


@dataclass(frozen=True, slots=True)
class _Field:
    """Where figures from 0 to `top` are drawn."""

    left: float
    width: float
    top: float

    def x(self, value: float) -> float:
        return self.left + min(max(value / self.top, 0.0), 1.0) * self.width


def _many(caption: Caption, shown: Sequence[Bar], top: float, bar: float | None) -> str:
    field = _Field(146, 152, top)
    parts: list[str] = []
    for at, each in enumerate(shown):
        y = 19.0 * at
        parts += [text(0, y + 12, _short(each.label, SMALL, field.left), SMALL), *_bar(each, y + 2, field)]
        parts.append(text(WIDTH, y + 12, each.told, SMALL, INK, "end", bold=True))
    bottom = 19.0 * len(shown) + 2
    return sheet(caption, _told(shown), [*_axis(bottom, field, bar), *parts], bottom + 16)


def _bar(each: Bar, y: float, field: _Field) -> Iterator[str]:
    height = 14 if field.left == 0 else 12
    yield rect(field.left, y, field.width, height, GROUND)
    if each.value is not None:
        yield rect(field.left, y, max(0.8, field.x(each.value) - field.left), height, BAR, INK)
    if each.low is not None and each.high is not None:
        yield _whisker(field.x(each.low), field.x(each.high), y + height / 2)


def _dotted(each: Bar, y: float, field: _Field, *, bold: bool = False) -> Iterator[str]:
    yield text(0, y + 14, _short(each.label, WORDS, field.left), WORDS, bold=bold)
    if each.low is not None and each.high is not None:
        yield _whisker(field.x(each.low), field.x(each.high), y + 10)
    if each.value is not None:
        yield dot(field.x(each.value), y + 10, INK if bold else "#fff")
    yield text(WIDTH, y + 14, each.told, SMALL + 1, INK, "end", bold=bold)


def _short(label: str, size: float, width: float) -> str:
    first, *rest = lines(label, size, width) or [""]
    if not rest:
        return first
    return f"{label[: len(first)] if len(first) > 12 else label[:16]}…"


def _whisker(low: float, high: float, y: float) -> str:
    # White beneath the black, so that it is seen on a bar as beside it.
    path = f"M{low:.5g} {y - 4:.5g}v8m0-4H{high:.5g}m0-4v8"
    return (
        f'<path d="{path}" fill="none" stroke="#fff" stroke-width="3.6"/>'
        f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    )


def _axis(bottom: float, field: _Field, bar: float | None) -> Iterator[str]:
    for tick in ticks(field.top):
        x = field.x(tick)
        yield line(x, 0, x, bottom, LINE, 0.6)
        yield text(x, bottom + 12, f"{100 * tick:g}%", SMALL, QUIET, "start" if x == 0 else "middle")
    if bar is not None and bar < field.top:
        yield line(field.x(bar), 0, field.x(bar), bottom, INK, 1.2, "5 3")


def _told(shown: Sequence[Bar]) -> str:
    return "; ".join(f"{each.label}: {each.told}" for each in shown) + "."
