"""Estimates from a stratified sample of stations, with honest margins. Pure: standard library, no rounding.

Every figure here is a combined ratio R = Σ N_h ȳ_h / Σ N_h x̄_h of two numbers (y, x) seen at each usable station:

* a proportion: y is 1 where the statement holds and 0 elsewhere, x is 1;
* turnout and shares: y votes, x voters on the list or valid votes;
* a lead: y the difference of two parties' votes;
* a domain (a form that rests on some of the stations): (y, x) where the station is in it, (0, 0) where it is not;
* one stratum: the same with that stratum alone.

Sources: W. G. Cochran, Sampling Techniques, 3rd ed. 1977, ch. 3 to 6; C.-E. Särndal, B. Swensson, J. Wretman, Model
Assisted Survey Sampling, 1992, ch. 5 (ratios) and 10 (domains); L. Kish, Survey Sampling, 1965 (design effect);
E. B. Wilson, JASA 22, 1927 (interval). What cannot be computed is None, never 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Literal

Pair = tuple[float, float]
Call = Literal["above", "below", "open"]


@dataclass(frozen=True)
class Stratum:
    """N_h stations in the `frame`, n_h `drawn`, and a pair (y, x) for each of the m_h usable stations."""

    name: str
    frame: int
    drawn: int
    pairs: tuple[Pair, ...]

    @property
    def usable(self) -> int:
        return len(self.pairs)

    @cached_property
    def counted(self) -> Mapping[Pair, int]:
        """How many stations gave each pair: a proportion has two or three, however many stations there are."""
        return Counter(self.pairs)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure as a fraction (0.355, not 35.5). `margin` is the plain z·se; `low` and `high` are the interval to trust.

    `n`: stations it rests on (for a domain, those in it). None: not available.
    """

    estimate: float | None
    se: float | None
    margin: float | None
    low: float | None
    high: float | None
    n: int
    confidence: float
    deff: float | None = None
    n_eff: float | None = None


Estimator = Callable[[Sequence[Stratum], float], Estimate]


def proportion(strata: Sequence[Stratum], confidence: float = 0.95) -> Estimate:
    """p = Σ W_h p_h, v = Σ W_h² (1−f_h) p_h(1−p_h)/(m_h−1) (Cochran ch. 5, stratified proportions).

    y is 0 or 1 and x is 1 (both 0 outside a domain). The interval is Wilson's with n_eff, or exact where p is 0 or 1.
    """
    plain = ratio(strata, confidence)
    if plain.estimate is None:
        return plain
    size = round(_total(strata, 1))  # stations in the frame that the figure speaks of: N, or the domain's estimate
    p, n = plain.estimate, plain.n
    if p in (0.0, 1.0):
        bound = zero_bound(n, size, confidence)
        low, high = (0.0, bound) if p == 0 else (1 - bound, 1.0)
        return replace(plain, low=low, high=high)
    if plain.se is None:
        return plain
    if plain.se == 0:
        return _unanimous_strata(plain, p, n, size)
    n_eff = effective_n(p, plain.se**2)
    low, high = wilson(p, n_eff, confidence)
    return replace(plain, low=low, high=high, deff=design_effect(p, plain.se**2, n, size), n_eff=n_eff)


def ratio(strata: Sequence[Stratum], confidence: float = 0.95) -> Estimate:
    """R = Σ N_h ȳ_h / X, X = Σ N_h x̄_h, v = X⁻² Σ N_h² (1−f_h) s²_{e,h}/m_h, e = y − R·x (Cochran ch. 6, combined).

    s² is about the stratum's mean. A stratum that was drawn but has no usable station makes the estimate unavailable,
    one with a single usable station the margin. A stratum from which nothing was drawn is not spoken of.
    """
    sampled = [stratum for stratum in strata if stratum.drawn or stratum.usable]
    n = sum(count for stratum in sampled for (_, x), count in stratum.counted.items() if x)
    base = _total(sampled, 1) if sampled and all(stratum.usable for stratum in sampled) else 0.0
    if base == 0:
        return Estimate(None, None, None, None, None, n, confidence)
    value = _total(sampled, 0) / base
    if any(stratum.usable < 2 for stratum in sampled):
        return Estimate(value, None, None, None, None, n, confidence)
    se = math.sqrt(sum(_stratum_variance(stratum, value) for stratum in sampled)) / base
    margin = z_value(confidence) * se
    return Estimate(value, se, margin, value - margin, value + margin, n, confidence)


def domain(inside: Sequence[Stratum], outside: Mapping[str, int]) -> tuple[Stratum, ...]:
    """The strata for a figure within a domain: y → δy, x → δ, so e = δ(y − R) (Särndal et al. ch. 10).

    `inside` holds the pairs of the stations in the domain, `outside` how many usable stations are not in it.
    """
    return tuple(replace(s, pairs=s.pairs + ((0.0, 0.0),) * outside.get(s.name, 0)) for s in inside)


def by_stratum(
    strata: Sequence[Stratum], confidence: float = 0.95, estimator: Estimator = ratio
) -> dict[str, Estimate]:
    """R_h of each stratum alone, v_h = (1−f_h) s²_e/(m_h x̄_h²) (Cochran ch. 6). By `ratio` or `proportion`."""
    return {stratum.name: estimator((stratum,), confidence) for stratum in strata}


def lead(ahead: Sequence[Stratum], behind: Sequence[Stratum], confidence: float = 0.95) -> Estimate:
    """d = R_a − R_b, e = (y_a − y_b) − d·x. Both sides hold the same stations in the same order with the same x."""
    differences = [
        replace(a, pairs=tuple((ya - yb, x) for (ya, x), (yb, _) in zip(a.pairs, b.pairs, strict=True)))
        for a, b in zip(ahead, behind, strict=True)
    ]
    return ratio(differences, confidence)


def threshold(estimate: Estimate, bar: float) -> Call:
    """Called only when the whole interval is on one side. A lead is called against the bar 0."""
    if estimate.low is not None and estimate.low > bar:
        return "above"
    if estimate.high is not None and estimate.high < bar:
        return "below"
    return "open"


def agrees(estimate: Estimate, official: float) -> bool | None:
    """Whether an official figure (a fraction) lies within the margin; None where there is no margin."""
    if estimate.estimate is None or estimate.margin is None:
        return None
    return abs(official - estimate.estimate) <= estimate.margin


def design_effect(p: float, v: float, m: int, frame: int) -> float | None:
    """v over the variance that a simple random sample of m out of `frame` would have (Kish 1965).

    None where that is 0: nothing varies, or everything was seen.
    """
    simple = (1 - m / frame) * p * (1 - p) / (m - 1) if m > 1 else 0.0
    return v / simple if simple > 0 else None


def effective_n(p: float, v: float) -> float:
    """p(1−p)/v: the size of an unlimited simple random sample that would be as precise (Kish 1965)."""
    return p * (1 - p) / v


def wilson(p: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (1927) for a proportion seen in n (an effective n may be fractional)."""
    z = z_value(confidence)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    centre, scale = p + z * z / (2 * n), 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def zero_bound(m: int, frame: int, confidence: float = 0.95) -> float:
    """The largest share of `frame` stations that m drawn without one would not refute at (1−confidence)/2.

    Exact hypergeometric: P(0 | K) = C(N−K, m)/C(N, m). 0 of 300 of 2,435: 1.11% at 95%, 1.60% at 99%.
    """
    refuted = (1 - confidence) / 2
    share, chance = 0, 1.0
    while share < frame:
        chance *= max(0, frame - share - m) / (frame - share)
        if chance < refuted:
            break
        share += 1
    return share / frame


def missing_bounds(strata: Sequence[Stratum]) -> tuple[float, float] | None:
    """Where a proportion could lie if no missing station, or every one, said so: Σ W_h x_h/n_h … (x_h+n_h−m_h)/n_h.

    These are Manski's worst cases for the drawn stations (J. Human Resources 24, 1989), without sampling error.
    """
    sampled = [stratum for stratum in strata if stratum.drawn]
    if not sampled:
        return None
    frame = sum(stratum.frame for stratum in sampled)
    low = math.fsum(s.frame / frame * _sum(s, 0) / s.drawn for s in sampled)
    unseen = math.fsum(s.frame / frame * (s.drawn - s.usable) / s.drawn for s in sampled)
    return low, low + unseen


def planning_n(p: float, margin: float, frame: int, confidence: float = 0.95) -> int:
    """Stations to draw for ±margin (a fraction) at p: p(1−p)/(ε²/z² + p(1−p)/N), rounded up (Cochran ch. 4)."""
    spread = p * (1 - p)
    return math.ceil(spread / (margin**2 / z_value(confidence) ** 2 + spread / frame))


def z_value(confidence: float) -> float:
    """1.959964 at 95%, 2.575829 at 99%."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _total(strata: Sequence[Stratum], part: Literal[0, 1]) -> float:
    return math.fsum(s.frame * _sum(s, part) / s.usable for s in strata if s.usable)


def _sum(stratum: Stratum, part: Literal[0, 1]) -> float:
    return math.fsum(count * pair[part] for pair, count in stratum.counted.items())


def _stratum_variance(stratum: Stratum, value: float) -> float:
    unseen = 1 - stratum.usable / stratum.frame
    residuals = [(y - value * x, count) for (y, x), count in stratum.counted.items()]
    return stratum.frame**2 * unseen * _variance(residuals, stratum.usable) / stratum.usable


def _variance(values: Sequence[tuple[float, int]], n: int) -> float:
    """Of `n` values, each so many times."""
    # Counted from the first value, so that equal values give exactly 0, which the interval must be able to tell.
    shifted = [(value - values[0][0], count) for value, count in values]
    mean = math.fsum(count * value for value, count in shifted) / n
    return math.fsum(count * (value - mean) ** 2 for value, count in shifted) / (n - 1)


def _unanimous_strata(plain: Estimate, p: float, n: int, size: int) -> Estimate:
    """Each stratum of one mind, but not the same: a variance of 0 that comes from the sample, unless all were seen."""
    if n == size:
        return plain
    low, high = wilson(p, n, plain.confidence)
    return replace(plain, low=low, high=high, n_eff=float(n))
