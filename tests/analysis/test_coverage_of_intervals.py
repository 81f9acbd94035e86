"""What 95% means: of 2,000 samples drawn from a known country, the interval holds the truth in 93 to 97 of 100."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from hub.analysis import estimates
from hub.analysis.estimates import Estimate, Stratum

DRAWS = 2_000
# Stations of eight strata, and how many of each are drawn: 2,435 and 300.
SHAPE = ((228, 28), (593, 73), (218, 27), (452, 56), (250, 31), (169, 21), (117, 14), (408, 50))


@dataclass(frozen=True)
class Station:
    listed: float
    voted: float
    red: float
    blue: float
    says: bool
    inside: bool


def country() -> list[list[Station]]:
    """Strata that differ in turnout and in taste, stations of all sizes; always the same."""
    chance = random.Random(28_11)
    return [[station(chance, stratum) for _ in range(size)] for stratum, (size, _) in enumerate(SHAPE)]


def station(chance: random.Random, stratum: int) -> Station:
    listed = float(chance.randint(120, 2_400))
    voted = round(listed * min(0.98, max(0.02, chance.gauss(0.30 + 0.02 * stratum, 0.12))))
    red = round(voted * min(0.9, max(0.0, chance.gauss(0.18 - 0.01 * stratum, 0.08))))
    blue = round(voted * min(0.9, max(0.0, chance.gauss(0.15, 0.07))))
    return Station(
        listed, voted, red, min(blue, voted - red), chance.random() < 0.2 + 0.03 * stratum, chance.random() < 0.6
    )


Drawn = Sequence[tuple[str, int, Sequence[Station]]]


def pairs(drawn: Drawn, give: Callable[[Station], tuple[float, float]]) -> list[Stratum]:
    return [Stratum(name, size, len(units), tuple(give(unit) for unit in units)) for name, size, units in drawn]


FIGURES: Mapping[str, Callable[[Drawn], Estimate]] = {
    "a proportion": lambda drawn: estimates.proportion(pairs(drawn, lambda it: (float(it.says), 1.0))),
    "a proportion in a domain": lambda drawn: estimates.proportion(
        pairs(drawn, lambda it: (float(it.says and it.inside), float(it.inside)))
    ),
    "turnout": lambda drawn: estimates.ratio(pairs(drawn, lambda it: (it.voted, it.listed))),
    "a share": lambda drawn: estimates.ratio(pairs(drawn, lambda it: (it.red, it.voted))),
    "a lead": lambda drawn: estimates.lead(
        pairs(drawn, lambda it: (it.red, it.voted)), pairs(drawn, lambda it: (it.blue, it.voted))
    ),
    "a stratum": lambda drawn: estimates.ratio(pairs(drawn[1:2], lambda it: (it.voted, it.listed))),
}


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES)
def test_the_interval_holds_the_truth_as_often_as_it_says(figure: str) -> None:
    chance, estimate, strata = random.Random(2021), FIGURES[figure], country()
    whole = estimate([(str(index), len(stations), stations) for index, stations in enumerate(strata)])
    assert whole.estimate is not None
    held = 0
    for _ in range(DRAWS):
        drawn = [
            (str(index), len(stations), chance.sample(stations, n))
            for index, (stations, (_, n)) in enumerate(zip(strata, SHAPE, strict=True))
        ]
        found = estimate(drawn)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= whole.estimate <= found.high
    assert 0.93 <= held / DRAWS <= 0.97, held / DRAWS
