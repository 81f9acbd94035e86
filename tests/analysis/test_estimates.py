from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

import pytest

from hub.analysis import estimates
from hub.analysis.estimates import Estimate, Stratum, by_stratum, proportion, ratio


def strata(*shapes: tuple[int, int, int, int]) -> list[Stratum]:
    """(N, n, m, how many of the m say yes)"""
    return [
        Stratum(str(index), frame, drawn, tuple((float(unit < yes), 1.0) for unit in range(usable)))
        for index, (frame, drawn, usable, yes) in enumerate(shapes)
    ]


# Two strata worked by hand: p = .6·.5 + .4·.25 = .4
# v = .36·(1−4/60)·.25/3 + .16·(1−4/40)·.1875/3 = .028 + .009
BY_HAND = strata((60, 4, 4, 2), (40, 4, 4, 1))


def test_a_proportion_worked_by_hand() -> None:
    found = proportion(BY_HAND)
    assert found.estimate == pytest.approx(0.4)
    assert found.se == pytest.approx(math.sqrt(0.037))
    assert found.margin == pytest.approx(1.959964 * math.sqrt(0.037), rel=1e-6)
    assert found.n == 8
    assert found.n_eff == pytest.approx(0.24 / 0.037)
    assert found.deff == pytest.approx(0.037 / (0.92 * 0.24 / 7))


def test_a_ratio_worked_by_hand() -> None:
    # Ȳ = 10·5 + 10·2 = 70, X̄ = 10·10 + 10·10 = 200, R = .35; e: (.5, 2.5) and (−2.5, −.5), each s² = 2
    found = ratio((Stratum("a", 10, 2, ((4.0, 10.0), (6.0, 10.0))), Stratum("b", 10, 2, ((1.0, 10.0), (3.0, 10.0)))))
    assert found.estimate == pytest.approx(0.35)
    assert found.se == pytest.approx(math.sqrt(2 * 100 * 0.8 * 2 / 2) / 200)
    assert (found.low, found.high) == pytest.approx((0.35 - found.margin, 0.35 + found.margin))  # type: ignore[operator]


def test_a_second_implementation_in_exact_fractions_agrees() -> None:
    chance = random.Random(5)
    invented = [
        Stratum(
            name, size, m, tuple((float(chance.randint(0, 400)), float(chance.randint(500, 900))) for _ in range(m))
        )
        for name, size, m in (("a", 40, 7), ("b", 95, 12), ("c", 20, 2))
    ]
    value, variance = _exact(invented)
    found = ratio(invented, 0.99)
    assert found.estimate == pytest.approx(float(value), rel=1e-12)
    assert found.se == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert found.margin == pytest.approx(2.575829 * math.sqrt(variance), rel=1e-6)


def test_one_stratum_is_the_ratio_of_that_stratum_alone() -> None:
    pairs = ((4.0, 10.0), (6.0, 12.0), (3.0, 11.0))
    alone = by_stratum((Stratum("a", 30, 3, pairs), BY_HAND[0]))["a"]
    residuals = [y - 13 / 33 * x for y, x in pairs]
    assert alone.estimate == pytest.approx(13 / 33)
    assert alone.se == pytest.approx(math.sqrt(0.9 * sum(e * e for e in residuals) / 2 / 3) / 11)


def test_cochrans_64_cities() -> None:
    """Sampling Techniques, table 5.1: strata of 16 and 48 cities, n = 24 in proportion: V = 1,882,293."""
    chance, total, average = random.Random(1977), 0.0, 0.0
    draws = 1500
    for _ in range(draws):
        sample = [
            Stratum(name, len(cities), n, tuple((float(size), 1.0) for size in chance.sample(cities, n)))
            for name, cities, n in (("large", LARGE_CITIES, 6), ("small", SMALL_CITIES, 18))
        ]
        found = ratio(sample)
        assert found.estimate is not None
        assert found.se is not None
        total += 64 * found.estimate / draws
        average += (64 * found.se) ** 2 / draws
    assert total == pytest.approx(19_568, rel=0.005)
    assert average == pytest.approx(1_882_293, rel=0.03)


@pytest.mark.parametrize(
    ("shapes", "estimate", "margin"),
    [
        pytest.param([(50, 5, 5, 2), (50, 5, 1, 1)], True, False, id="one usable station: no margin"),
        pytest.param([(50, 5, 5, 5), (50, 5, 1, 1)], True, False, id="the same when all say so"),
        pytest.param([(50, 5, 5, 2), (1, 1, 1, 1)], True, False, id="a stratum of one station"),
        pytest.param([(50, 5, 5, 2), (50, 5, 0, 0)], False, False, id="a silent stratum: no estimate"),
        pytest.param([(50, 5, 5, 2), (50, 0, 0, 0)], True, True, id="a stratum never drawn is not spoken of"),
        pytest.param([(50, 5, 0, 0), (50, 5, 0, 0)], False, False, id="nothing yet"),
        pytest.param([], False, False, id="no stations"),
    ],
)
def test_what_cannot_be_computed_is_not_available(
    shapes: list[tuple[int, int, int, int]], estimate: bool, margin: bool
) -> None:
    found = proportion(strata(*shapes))
    assert (found.estimate is not None) is estimate
    assert (found.margin is not None) is margin
    assert (found.se is not None) is margin


def test_a_ratio_to_nothing_is_not_available() -> None:
    assert ratio((Stratum("a", 10, 2, ((0.0, 0.0), (0.0, 0.0))),)).estimate is None


@pytest.mark.parametrize(("confidence", "bound"), [(0.95, 1.11), (0.99, 1.60)])
def test_none_of_300_of_2435_has_an_exact_upper_bound(confidence: float, bound: float) -> None:
    assert round(100 * estimates.zero_bound(300, 2435, confidence), 2) == bound
    none = proportion(strata((1200, 150, 150, 0), (1235, 150, 150, 0)), confidence)
    everywhere = proportion(strata((1200, 150, 150, 150), (1235, 150, 150, 150)), confidence)
    assert (none.estimate, none.margin, none.low) == (0, 0, 0)
    assert none.high == pytest.approx(bound / 100, abs=5e-5)
    assert (everywhere.estimate, everywhere.high) == (1, 1)
    assert everywhere.low == pytest.approx(1 - bound / 100, abs=5e-5)


def test_the_zero_bound_is_the_last_share_that_is_not_refuted() -> None:
    def chance_of_none(having: int) -> float:
        return math.comb(50 - having, 10) / math.comb(50, 10)

    bound = round(50 * estimates.zero_bound(10, 50))
    assert chance_of_none(bound) >= 0.025 > chance_of_none(bound + 1)
    assert estimates.zero_bound(50, 50) == 0
    assert estimates.zero_bound(0, 50) == 1


def test_wilson_agrees_with_the_textbook() -> None:
    # 1 of 29 at 95%: .006 to .172 (Newcombe, Statistics in Medicine 17, 1998, table I)
    assert estimates.wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert estimates.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert estimates.wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_strata_of_one_mind_each_are_not_taken_for_certainty() -> None:
    divided = proportion(strata((50, 5, 5, 5), (50, 5, 5, 0)))
    assert (divided.estimate, divided.margin, divided.n_eff) == (0.5, 0, 10)
    assert (divided.low, divided.high) == pytest.approx(estimates.wilson(0.5, 10))
    seen_whole = proportion(strata((5, 5, 5, 5), (5, 5, 5, 0)))
    assert (seen_whole.low, seen_whole.high) == (0.5, 0.5)


def test_a_domain_takes_its_size_from_the_sample() -> None:
    # 3 of 5 stations are inside in each stratum; R = (60·1/5 + 40·2/5)/(60·3/5 + 40·3/5) = 28/60
    inside = strata((60, 5, 3, 1), (40, 5, 3, 2))
    found = proportion(estimates.domain(inside, {"0": 2, "1": 2}))
    assert found.estimate == pytest.approx(28 / 60)
    assert found.n == 6
    r = 28 / 60
    s2 = [_s2([1 - r, -r, -r, 0, 0]), _s2([1 - r, 1 - r, -r, 0, 0])]
    v = (60**2 * (1 - 5 / 60) * s2[0] / 5 + 40**2 * (1 - 5 / 40) * s2[1] / 5) / 60**2
    assert found.se == pytest.approx(math.sqrt(v))


def test_nobody_in_the_domain_is_not_available() -> None:
    found = proportion(estimates.domain(strata((60, 5, 0, 0)), {"0": 5}))
    assert (found.estimate, found.n) == (None, 0)


def test_a_lead_is_called_only_outside_its_margin() -> None:
    x = [(100.0, 100.0)] * 6
    far = [(60.0, 35.0), (62.0, 33.0), (58.0, 38.0)] * 2
    near = [(50.0, 45.0), (40.0, 55.0), (55.0, 41.0)] * 2
    for votes, called in ((far, "above"), (near, "open")):
        a, b = (
            (Stratum("s", 60, 6, tuple((pair[side], base[1]) for pair, base in zip(votes, x, strict=True))),)
            for side in (0, 1)
        )
        found = estimates.lead(a, b)
        assert estimates.threshold(found, 0) == called
        assert found.estimate == pytest.approx(sum(p - q for p, q in votes) / 600)
        back = estimates.lead(b, a)
        assert back.estimate == pytest.approx(-found.estimate)  # type: ignore[operator]
        assert back.se == pytest.approx(found.se)


@pytest.mark.parametrize(
    ("low", "high", "call"),
    [
        (0.051, 0.07, "above"),
        (0.04, 0.049, "below"),
        (0.04, 0.06, "open"),
        (0.05, 0.06, "open"),
        (None, None, "open"),
    ],
)
def test_a_threshold_is_called_when_the_whole_interval_is_on_one_side(
    low: float | None, high: float | None, call: str
) -> None:
    assert estimates.threshold(Estimate(0.05, None, None, low, high, 300, 0.95), 0.05) == call


def test_an_official_figure_agrees_within_the_margin() -> None:
    turnout = Estimate(0.355, 0.0118, 0.0305, 0.3245, 0.3855, 300, 0.99)
    assert estimates.agrees(turnout, 0.3463) is True
    assert estimates.agrees(turnout, 0.32) is False
    assert estimates.agrees(Estimate(0.355, None, None, None, None, 1, 0.99), 0.355) is None


def test_bounds_count_every_missing_station_against_and_for() -> None:
    # W = .6 and .4; 2 of 5 missing in the first, all 4 in the second
    low_high = estimates.missing_bounds(strata((60, 5, 3, 1), (40, 4, 0, 0)))
    assert low_high == pytest.approx((0.6 / 5, 0.6 * 3 / 5 + 0.4))
    assert estimates.missing_bounds(strata((60, 5, 5, 2))) == pytest.approx((0.4, 0.4))
    assert estimates.missing_bounds([]) is None


@pytest.mark.parametrize(
    ("p", "margin", "frame", "confidence", "n"),
    [
        (0.5, 0.05, 2435, 0.95, 332),
        (0.5, 0.05, 10**9, 0.95, 385),
        (0.5, 0.01, 300, 0.95, 291),
    ],
)
def test_planning(p: float, margin: float, frame: int, confidence: float, n: int) -> None:
    assert estimates.planning_n(p, margin, frame, confidence) == n


@pytest.mark.parametrize(
    ("every", "least_plain", "most_plain"),
    [
        pytest.param(304, 0.55, 0.75, id="rare, 0.33%: the plain margin holds the truth two times in three"),
        pytest.param(3, 0.92, 0.98, id="common: either will do"),
    ],
)
def test_the_interval_covers_what_it_says(every: int, least_plain: float, most_plain: float) -> None:
    chance, draws = random.Random(2021), 400
    truth = len(range(0, 2435, every)) / 2435
    found = [_drawn(chance, every) for _ in range(draws)]
    covered = sum(each.low <= truth <= each.high for each in found)  # type: ignore[operator]
    plain = sum(abs(each.estimate - truth) <= each.margin for each in found)  # type: ignore[operator]
    assert covered / draws >= 0.93
    assert least_plain <= plain / draws <= most_plain


def _drawn(chance: random.Random, every: int) -> Estimate:
    """A proportional sample of a frame of 2,435 stations in 8 strata in which one station in `every` says yes."""
    sample, first = [], 0
    for size, n in ((228, 28), (593, 73), (218, 27), (452, 56), (250, 31), (169, 21), (117, 14), (408, 50)):
        units = chance.sample(range(first, first + size), n)
        sample.append(Stratum(str(first), size, n, tuple((float(unit % every == 0), 1.0) for unit in units)))
        first += size
    return proportion(sample)


def _exact(sample: Sequence[Stratum]) -> tuple[Fraction, Fraction]:
    y = sum((s.frame * _mean([pair[0] for pair in s.pairs]) for s in sample), Fraction())
    x = sum((s.frame * _mean([pair[1] for pair in s.pairs]) for s in sample), Fraction())
    value, variance = y / x, Fraction()
    for stratum in sample:
        m, size = stratum.usable, stratum.frame
        residuals = [Fraction(one) - value * Fraction(base) for one, base in stratum.pairs]
        mean = _mean(residuals)
        s2 = sum(((e - mean) ** 2 for e in residuals), Fraction()) / (m - 1)
        variance += Fraction(size * (size - m), m) * s2 / x**2
    return value, variance


def _mean(values: Sequence[float | Fraction]) -> Fraction:
    return sum((Fraction(value) for value in values), Fraction()) / len(values)


def _s2(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


# Inhabitants of 64 cities of the United States in 1930, in thousands.
LARGE_CITIES = [900, 822, 781, 805, 670, 1238, 573, 634, 578, 487, 442, 451, 459, 464, 400, 366]
SMALL_CITIES = [
    *(364, 317, 328, 302, 288, 291, 253, 291, 308, 272, 284, 255, 270, 214, 195, 260),
    *(209, 183, 163, 253, 232, 260, 201, 147, 292, 164, 143, 169, 139, 170, 150, 143),
    *(113, 115, 123, 154, 140, 119, 130, 127, 100, 107, 114, 111, 163, 116, 122, 134),
]
