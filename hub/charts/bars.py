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


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure, as fractions; None is not available. `told`: the same in figures, as it is to be read."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    told: str


def bars(caption: Caption, shown: Sequence[Bar], *, top: float = 1.0, bar: float | None = None) -> str:
    """Bars from 0 to `top`, their intervals on them. `bar`: a threshold, dashed."""
    parts: list[str] = []
    y = 0.0
    for each in shown:
        labels = lines(each.label, WORDS)
        parts += [text(0, y + 13 + 15 * at, words) for at, words in enumerate(labels)]
        y += 15 * len(labels) + 4
        parts += [*_bar(each, y, top), text(WIDTH, y + 12, each.told, WORDS, INK, "end", bold=True)]
        y += 24
    return sheet(caption, _told(shown), [*_axis(y, top, bar), *parts], y + 16)


def dots(caption: Caption, shown: Sequence[Bar], whole: Bar, *, top: float = 1.0) -> str:
    """Parts of one whole side by side: each a point with its interval, the whole's figure a line through all."""
    y = 24.0
    parts = [*_dotted(whole, 0, top, bold=True)]
    for each in shown:
        parts += _dotted(each, y, top)
        y += 22
    across = []
    if whole.value is not None:
        across = [line(_dot(whole.value, top), 14, _dot(whole.value, top), y - 4, QUIET, 1, "4 3")]
    return sheet(caption, _told([whole, *shown]), [*_axis(y, top, None, _LABEL, _DOTS), *across, *parts], y + 16)


_LABEL, _DOTS = 118, 172  # where the points' field begins, and how wide it is


def _bar(each: Bar, y: float, top: float) -> Iterator[str]:
    yield rect(0, y, FIELD, 14, GROUND)
    if each.value is not None:
        yield rect(0, y, max(0.8, _share(each.value, top) * FIELD), 14, BAR, INK)
    if each.low is not None and each.high is not None:
        yield _whisker(_share(each.low, top) * FIELD, _share(each.high, top) * FIELD, y + 7)


def _dotted(each: Bar, y: float, top: float, *, bold: bool = False) -> Iterator[str]:
    label, *rest = lines(each.label, WORDS, _LABEL) or [""]
    yield text(0, y + 14, f"{label[:-1].rstrip()}…" if rest else label, WORDS, bold=bold)
    if each.low is not None and each.high is not None:
        yield _whisker(_dot(each.low, top), _dot(each.high, top), y + 10)
    if each.value is not None:
        yield dot(_dot(each.value, top), y + 10, INK if bold else "#fff")
    yield text(WIDTH, y + 14, each.told, SMALL + 1, INK, "end", bold=bold)


def _whisker(low: float, high: float, y: float) -> str:
    # White beneath the black, so that it is seen on a bar as beside it.
    path = f"M{low:.5g} {y - 4:.5g}v8m0-4H{high:.5g}m0-4v8"
    return (
        f'<path d="{path}" fill="none" stroke="#fff" stroke-width="3.6"/>'
        f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    )


def _axis(bottom: float, top: float, bar: float | None, left: float = 0, width: float = FIELD) -> Iterator[str]:
    for tick in ticks(top):
        x = left + _share(tick, top) * width
        yield line(x, 0, x, bottom, LINE, 0.6)
        yield text(x, bottom + 12, f"{100 * tick:g}%", SMALL, QUIET, "start" if x == 0 else "middle")
    if bar is not None and bar < top:
        yield line(_share(bar, top) * width, 0, _share(bar, top) * width, bottom, INK, 1.2, "5 3")


def _share(value: float, top: float) -> float:
    return min(max(value / top, 0.0), 1.0)


def _dot(value: float, top: float) -> float:
    return _LABEL + _share(value, top) * _DOTS


def _told(shown: Sequence[Bar]) -> str:
    return "; ".join(f"{each.label}: {each.told}" for each in shown) + "."
