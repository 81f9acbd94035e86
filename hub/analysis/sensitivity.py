"""How much a figure hangs on what is doubtful: without unverified values, and with conflicts decided each way. Pure.

Deciding each way is exact: of a ratio Σ w y / Σ w x in which some stations may give one of several (y, x), the smallest
and the largest are found by W. Dinkelbach's iteration (Management Science 13, 1967), station by station.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from hub.analysis import bases, estimates
from hub.analysis.bases import number
from hub.analysis.estimates import Estimate, Estimator, Pair
from hub.analysis.evidence import Evidence
from hub.analysis.tables import Findings
from hub.election.definition import Election
from hub.reports.rulings import Place

_ROUNDS = 20  # it converges in three or four


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One figure as it stands; without the values that are flagged and that nobody verified; and with every conflict
    decided against it (`lowest`) and for it (`highest`). `unverified`, `disputed`: the stations that are about."""

    key: str  # OPN.A=1, a turnout's name, or a part's behind its ballot's: votes/Sun
    stands: Estimate
    verified: Estimate
    lowest: Estimate
    highest: Estimate
    unverified: int
    disputed: int

    @property
    def steady(self) -> bool | None:
        """Whether the doubtful leave the figure within its own interval; None where it has none."""
        low, high = self.stands.low, self.stands.high
        others = [it.estimate for it in (self.verified, self.lowest, self.highest)]
        if low is None or high is None:
            return None
        return all(value is not None and low <= value <= high for value in others)


def sensitivity(
    evidence: Evidence, election: Election, findings: Findings, doubtful: Collection[Place]
) -> dict[str, Sensitivity]:
    """Every figure on which something doubtful or disputed rests, by its key; the others hang on nothing."""
    found = []
    for key, table in findings.tables.items():
        if table.soundness.flagged or table.soundness.disputed:
            domain = table.form if table.domain else None
            for option in table.options:
                give = _choice(option.option)
                found.append(
                    _weighed(
                        evidence,
                        f"{key}={option.option}",
                        (key,),
                        give,
                        domain,
                        doubtful,
                        estimates.proportion,
                        election.analysis.confidence,
                    )
                )
    ratios = [(figure.name, figure) for figure in findings.turnout]
    ratios += [(f"{table.name}/{part.name}", part) for table in findings.shares for part in table.parts]
    for key, figure in ratios:
        if figure.soundness.flagged or figure.soundness.disputed:
            domain = bases.domain_of(election, figure.refs)
            confidence = figure.estimate.confidence
            found.append(_weighed(evidence, key, figure.refs, _numbers, domain, doubtful, estimates.ratio, confidence))
    return {each.key: each for each in found}


def _weighed(
    evidence: Evidence,
    key: str,
    refs: Sequence[str],
    give: Callable[[Sequence[str]], Pair | None],
    domain: str | None,
    doubtful: Collection[Place],
    estimator: Estimator,
    confidence: float,
) -> Sensitivity:
    sure, open_ = _given(evidence, refs, give)
    unsound = {id for id, form, code in doubtful if f"{form}.{code}" in refs}

    def estimate(given: Mapping[int, Pair]) -> Estimate:
        return estimator(bases.strata(evidence, given, domain), confidence)

    return Sensitivity(
        key,
        estimate(sure),
        estimate({id: pair for id, pair in sure.items() if id not in unsound}),
        _decided(sure, open_, estimate, 1),
        _decided(sure, open_, estimate, -1),
        len(bases.within(evidence, unsound & sure.keys())),
        len(bases.within(evidence, open_)),
    )


def _given(
    evidence: Evidence, refs: Sequence[str], give: Callable[[Sequence[str]], Pair | None]
) -> tuple[dict[int, Pair], dict[int, list[Pair]]]:
    """What each station gives; and, where something it uses is disputed, all that it might give."""
    sure: dict[int, Pair] = {}
    open_: dict[int, list[Pair]] = {}
    places = [(form, code) for form, _, code in (ref.partition(".") for ref in refs)]
    for station in evidence.records.get(places[0][0], {}):
        records = [evidence.records.get(form, {}).get(station) for form, _ in places]
        ways = [
            ()
            if record is None
            else record.said.get(code) or ((record.answers[code],) if code in record.answers else ())
            for record, (_, code) in zip(records, places, strict=True)
        ]
        pairs = [pair for values in product(*ways) if (pair := give(values)) is not None]
        disputed = any(record and code in record.said for record, (_, code) in zip(records, places, strict=True))
        if disputed and pairs:
            open_[station] = pairs
        elif pairs:
            sure[station] = pairs[0]
    return sure, open_


def _decided(
    sure: Mapping[int, Pair],
    open_: Mapping[int, Sequence[Pair]],
    estimate: Callable[[Mapping[int, Pair]], Estimate],
    way: int,
) -> Estimate:
    """With every open station giving what makes the figure smallest (`way` 1) or largest (-1)."""
    found = estimate({**sure, **{id: pairs[0] for id, pairs in open_.items()}})
    for _ in range(_ROUNDS if open_ else 0):
        at = found.estimate
        if at is None:
            break
        best = {id: min(pairs, key=lambda pair: way * (pair[0] - at * pair[1])) for id, pairs in open_.items()}
        found, before = estimate({**sure, **best}), at
        if found.estimate == before:
            break
    return found


def _choice(option: str) -> Callable[[Sequence[str]], Pair | None]:
    return lambda values: (float(option in values[0].split(",")), 1.0)


def _numbers(values: Sequence[str]) -> Pair | None:
    part, total = number(values[0]), number(values[1])
    return None if part is None or total is None else (part, total)
