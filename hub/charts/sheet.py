"""The sheet that every drawing is on: its title above, its caption below, and what a screen reader says of it.

Units are those of the viewBox: a sheet is 400 wherever it stands, so that its words can be read on a telephone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

WIDTH = 400
INK, QUIET, LINE, BAR, GROUND = "#000", "#444", "#bbb", "#a6a6a6", "#f2f2f2"
TITLE, WORDS, SMALL = 15, 12.5, 11
Anchor = Literal["start", "middle", "end"]
_FONT = "Helvetica, Arial, 'Noto Sans', 'DejaVu Sans', sans-serif"
_WIDE = 0.57  # of a letter on average, in ems; Cyrillic's are the wider


@dataclass(frozen=True, slots=True)
class Caption:
    """`name` tells a drawing apart from others of the same page: letters, digits and hyphens. `note` says on how many
    stations the drawing rests, and its margin."""

    name: str
    title: str
    note: str


def sheet(caption: Caption, told: str, parts: Iterable[str], height: float) -> str:
    """A whole SVG. `parts` stand in a field as wide as the sheet and `height` high; `told` is what they say."""
    name = escape(caption.name)
    title, note = lines(caption.title, TITLE), lines(caption.note, SMALL)
    top, bottom = 6 + 19 * len(title), 10 + 15 * len(note)
    whole = round(top + height + bottom)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {whole}" width="{WIDTH}" height="{whole}" ',
            f'role="img" aria-labelledby="{name}-title {name}-told" font-family="{_FONT}">',
            f'<title id="{name}-title">{escape(caption.title)}</title>',
            f'<desc id="{name}-told">{escape(f"{told} {caption.note}".strip())}</desc>',
            f'<rect width="{WIDTH}" height="{whole}" fill="#fff"/>',
            *(text(0, 16 + 19 * at, line, TITLE, bold=True) for at, line in enumerate(title)),
            f'<g transform="translate(0 {top})">',
            *parts,
            "</g>",
            *(text(0, top + height + 18 + 15 * at, line, SMALL, QUIET) for at, line in enumerate(note)),
            "</svg>",
        ]
    )


def text(
    x: float,
    y: float,
    words: str,
    size: float = WORDS,
    fill: str = INK,
    anchor: Anchor = "start",
    *,
    bold: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.5g}" y="{y:.5g}" font-size="{size:g}" fill="{fill}"{where}{weight}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 1, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    ends = f'x1="{x1:.5g}" y1="{y1:.5g}" x2="{x2:.5g}" y2="{y2:.5g}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'


def rect(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> str:
    return f'<rect x="{x:.5g}" y="{y:.5g}" width="{width:.5g}" height="{height:.5g}" fill="{fill}" stroke="{stroke}"/>'


def dot(x: float, y: float, fill: str = "#fff") -> str:
    return f'<circle cx="{x:.5g}" cy="{y:.5g}" r="4" fill="{fill}" stroke="{INK}" stroke-width="1.7"/>'


def points(of: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.5g},{y:.5g}" for x, y in of)


def hatched(name: str, step: float = 5) -> tuple[str, str]:
    """A pattern of slanted lines: its definition, and the fill that uses it."""
    id = f"{escape(name)}-hatch"
    inside = f'<path d="M0 0v{step:g}" stroke="{INK}" stroke-width="1.4"/>'
    size = f'width="{step:g}" height="{step:g}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    return f'<defs><pattern id="{id}" {size}>{inside}</pattern></defs>', f"url(#{id})"


def lines(words: str, size: float, width: float = WIDTH) -> list[str]:
    """The words in lines that fit; none where there are no words."""
    return textwrap.wrap(words, max(8, int(width / (size * _WIDE))))


def ticks(top: float) -> list[float]:
    """Round fractions to label an axis from 0 to `top`, at most six."""
    step = next((step for step in (0.005, 0.01, 0.02, 0.05, 0.1, 0.25) if top / step <= 5.001), 0.5)
    return [step * at for at in range(int(top / step + 0.001) + 1)]
