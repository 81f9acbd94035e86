"""The sample: how many stations each stratum gets, and a systematic draw that anyone can repeat. Pure."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Protocol


class Drawable(Protocol):
    """A station of the frame."""

    @property
    def code(self) -> str: ...
    @property
    def stratum(self) -> str: ...
    @property
    def district(self) -> str: ...


def draw(frame: Iterable[Drawable], n: int, seed: int) -> tuple[str, ...]:
    """The codes of n stations: allocated in proportion, drawn systematically within each stratum.

    The strata are taken by name and their stations by district, then number, so that the order of the file does not
    matter; the seed and the frame are all that is needed to draw the same sample again.
    """
    strata: dict[str, list[Drawable]] = defaultdict(list)
    for station in frame:
        strata[station.stratum].append(station)
    shares = allocate({name: len(stations) for name, stations in strata.items()}, n)
    chance = random.Random(seed)  # noqa: S311  the draw must be repeatable, so it cannot be a secret
    return tuple(
        station.code
        for name in sorted(strata)
        for station in systematic(sorted(strata[name], key=_order), shares[name], Fraction(chance.random()))
    )


def allocate(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """n·N_h/N for each stratum of N_h stations, rounded by largest remainder (Hamilton); ties go to the earlier name.

    ValueError: more stations asked for than there are.
    """
    total = sum(sizes.values())
    if not 0 <= n <= total:
        raise ValueError(f"cannot draw {n} of {total} stations")
    shares = {name: n * size // total if total else 0 for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(n * sizes[name] % total), name))
    for name in by_remainder[: n - sum(shares.values())]:
        shares[name] += 1
    return shares


def systematic(stations: Sequence[Drawable], n: int, start: Fraction) -> list[Drawable]:
    """Units ⌊r + j·k⌋ + 1, k = N/n, r = start·k, 0 ≤ start < 1 (Cochran 1977, ch. 8). Exact, so never past the end."""
    return [stations[int((start + j) * len(stations) / n)] for j in range(n)]


def _order(station: Drawable) -> tuple[str, int, str]:
    # Codes are digits of different lengths: the shorter is the smaller number.
    return station.district, len(station.code), station.code
