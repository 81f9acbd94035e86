"""The same figures by samplics, which others wrote: estimates and errors agree. Needs `pip install .[samplics]`."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hub.analysis import estimates
from hub.analysis.estimates import Stratum

samplics = pytest.importorskip("samplics", exc_type=ImportError)


def sample() -> list[Stratum]:
    """Five strata of unlike sizes, with y and x that go together."""
    chance = random.Random(64)
    strata = []
    for name, size, m in (("a", 40, 7), ("b", 95, 12), ("c", 20, 4), ("d", 300, 31), ("e", 61, 9)):
        x = [float(chance.randint(200, 2_000)) for _ in range(m)]
        strata.append(Stratum(name, size, m, tuple((float(round(it * chance.uniform(0.2, 0.6))), it) for it in x)))
    return strata


def by_samplics(strata: list[Stratum], param: str) -> list[float]:
    """Estimate and standard error, with finite populations."""
    import numpy
    from samplics.estimation import TaylorEstimator
    from samplics.utils.types import PopParam

    rows = [(s.name, s.frame / s.usable, *pair) for s in strata for pair in s.pairs]
    names, weights, y, x = (numpy.array(column) for column in zip(*rows, strict=True))
    found = TaylorEstimator(param=getattr(PopParam, param))
    found.estimate(
        y=y,
        x=x if param == "ratio" else None,
        samp_weight=weights,
        stratum=names,
        fpc={s.name: 1 - s.usable / s.frame for s in strata},
    )
    return [float(found.point_est), float(found.stderror)]


def test_a_ratio_is_the_same() -> None:
    ours = estimates.ratio(sample())
    assert [ours.estimate, ours.se] == pytest.approx(by_samplics(sample(), "ratio"), rel=1e-9)


def test_a_proportion_is_the_same() -> None:
    ours = estimates.proportion(yes_or_no())
    assert [ours.estimate, ours.se] == pytest.approx(by_samplics(yes_or_no(), "mean"), rel=1e-9)


def test_a_proportion_in_a_domain_is_the_same() -> None:
    chance = random.Random(7)
    some = [replace(s, pairs=tuple(it if chance.random() < 0.7 else (0.0, 0.0) for it in s.pairs)) for s in yes_or_no()]
    ours = estimates.proportion(some)
    assert [ours.estimate, ours.se] == pytest.approx(by_samplics(some, "ratio"), rel=1e-9)


def yes_or_no() -> list[Stratum]:
    chance = random.Random(3)
    return [replace(s, pairs=tuple((float(chance.random() < 0.3), 1.0) for _ in s.pairs)) for s in sample()]
