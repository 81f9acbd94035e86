"""The sample: how many stations each stratum gets, and a systematic draw that anyone can repeat. Pure."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    @property
    def sampled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Share:
    """One stratum of the frame: how many of its stations are due by allocation, and how many are marked.

    `systematic`: the marked ones lie as some start would have drawn them.
    """

    stratum: str
    stations: int
    due: int
    marked: int
    systematic: bool

    @property
    def holds(self) -> bool:
        return self.due == self.marked and self.systematic

    def __str__(self) -> str:
        told = f"{self.stratum}: {self.marked} of {self.stations} marked"
        wrong = [f"{self.due} are due"] if self.due != self.marked else []
        wrong += [] if self.systematic else ["not one interval apart"]
        return f"{told}, {', '.join(wrong)}" if wrong else f"{told}, as due, one interval apart"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A marked sample beside how it is said to have been drawn. `missing`, `extra`: codes that the seed draws and
    nobody marked, and the other way round; both are empty where the seed is unknown."""

    shares: tuple[Share, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return all(share.holds for share in self.shares) and not (self.missing or self.extra)

    def __str__(self) -> str:
        lines = [*map(str, self.shares)]
        lines += [f"drawn, but not marked: {' '.join(self.missing)}"] if self.missing else []
        lines += [f"marked, but not drawn: {' '.join(self.extra)}"] if self.extra else []
        return "\n".join([*lines, "the sample is as drawn" if self.holds else "the sample is NOT as drawn"])


def draw(frame: Iterable[Drawable], n: int, seed: int) -> tuple[str, ...]:
    """The codes of n stations: allocated in proportion, drawn systematically within each stratum.

    The strata are taken by name and their stations by district, then number, so that the order of the file does not
    matter; the seed and the frame are all that is needed to draw the same sample again.
    """
    strata = _strata(frame)
    shares = allocate({name: len(stations) for name, stations in strata.items()}, n)
    chance = random.Random(seed)  # noqa: S311  the draw must be repeatable, so it cannot be a secret
    return tuple(
        station.code
        for name in sorted(strata)
        for station in systematic(strata[name], shares[name], Fraction(chance.random()))
    )


def compare(frame: Iterable[Drawable], n: int, seed: int | None) -> Comparison:
    """Draws again and compares with what is marked; without a seed, allocation and intervals can still be checked.

    ValueError: more stations asked for than there are.
    """
    strata = _strata(frame)
    shares = allocate({name: len(stations) for name, stations in strata.items()}, n)
    told = tuple(
        Share(name, len(stations), shares[name], sum(each.sampled for each in stations), is_systematic(stations))
        for name, stations in strata.items()
    )
    if seed is None:
        return Comparison(told)
    marked = [station.code for stations in strata.values() for station in stations if station.sampled]
    drawn = draw((station for stations in strata.values() for station in stations), n, seed)
    missing = tuple(code for code in drawn if code not in set(marked))
    return Comparison(told, missing, tuple(code for code in marked if code not in set(drawn)))


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


def is_systematic(stations: Sequence[Drawable]) -> bool:
    """Whether some start draws just the marked ones: unit j leaves it the interval i_j·n/N − j ≤ start < that + n/N."""
    marked = [index for index, station in enumerate(stations) if station.sampled]
    if not marked:
        return True
    step = Fraction(len(marked), len(stations))
    starts = [index * step - j for j, index in enumerate(marked)]
    return max(Fraction(0), *starts) < min(Fraction(1), min(starts) + step)


def _strata(frame: Iterable[Drawable]) -> dict[str, list[Drawable]]:
    """The stations of each stratum in the order of the draw; strata in the frame's order."""
    strata: dict[str, list[Drawable]] = defaultdict(list)
    for station in frame:
        strata[station.stratum].append(station)
    return {name: sorted(stations, key=_order) for name, stations in strata.items()}


def _order(station: Drawable) -> tuple[str, int, str]:
    # Codes are digits of different lengths: the shorter is the smaller number.
    return station.district, len(station.code), station.code
