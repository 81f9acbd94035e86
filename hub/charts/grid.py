"""Every station at a glance: a square each, its state by shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hub.charts.sheet import INK, QUIET, SMALL, WIDTH, WORDS, Caption, hatched, line, rect, sheet, text

SQUARE, STEP = 11, 14
ACROSS = WIDTH // STEP
# How a state is drawn: full · half · hatched · open · dot. Anything else is a dot.
SHAPES = ("full", "half", "hatched", "open", "dot")


def grid(caption: Caption, groups: Mapping[str, Sequence[str]], shapes: Mapping[str, tuple[str, str]]) -> str:
    """`groups`: a heading → the states of its stations, in order; `shapes`: a state → its shape and its word."""
    defined, hatch = hatched(caption.name, 3.5)
    counts = Counter(state for states in groups.values() for state in states)
    parts, y = [defined], 0.0
    for at, (state, (shape, word)) in enumerate(shapes.items()):
        x = at % 3 * WIDTH / 3
        y = at // 3 * 18.0
        parts += [_square(x, y + 2, shape, hatch), text(x + 17, y + 12, f"{word}: {counts[state]}", SMALL)]
    y += 24
    for heading, states in groups.items():
        parts.append(text(0, y + 13, f"{heading} · {len(states)}", WORDS, bold=True))
        y += 19
        for at, state in enumerate(states):
            shape = shapes[state][0]
            parts.append(_square(at % ACROSS * STEP, y + at // ACROSS * STEP, shape, hatch))
        y += STEP * -(-len(states) // ACROSS) + 4
    told = "; ".join(f"{word}: {counts[state]}" for state, (_, word) in shapes.items())
    return sheet(caption, f"{told}.", parts, y)


def _square(x: float, y: float, shape: str, hatch: str) -> str:
    x += 0.5
    whole = rect(x, y, SQUARE, SQUARE, {"full": INK, "hatched": hatch}.get(shape, "#fff"), INK)
    if shape == "half":
        return whole + rect(x, y + SQUARE / 2, SQUARE, SQUARE / 2, INK)
    if shape == "open":
        return whole + line(x, y, x + SQUARE, y + SQUARE, INK, 1)
    if shape == "dot":
        return f'<circle cx="{x + SQUARE / 2:.5g}" cy="{y + SQUARE / 2:.5g}" r="1.6" fill="{QUIET}"/>'
    return whole
