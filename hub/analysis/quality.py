"""What in the data is doubtful: values that a person should verify, and tests over the whole sample. Pure.

Nothing here changes a figure: a flag is a question to a person, who verifies the value or quarantines it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Literal

from hub.analysis import bases
from hub.analysis.evidence import Drawn, Evidence
from hub.checklist import rules
from hub.election.definition import Election
from hub.reports.rulings import Place

Kind = Literal["rule", "turnout", "over", "neighbours", "sum"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubtful value. `kind`: rule (a broken one, by name) · turnout (too high) · over (more ballots than voters) ·
    neighbours (far from the stations of its district) · sum (parts that are not their total).

    `told`: the numbers that make it so, for its sentence: `share`, `bar`, `low`, `high`, `sum`, `rule`.
    """

    kind: Kind
    place: Place
    station: str
    value: str
    told: Mapping[str, float | str]
    verified: bool


@dataclass(frozen=True, slots=True)
class DigitTest:
    """Last digits of the counts at one question. `kind`: last (each is as likely) · round (0 and 5 are 2 in 10).

    `n`: counts that are large enough; `statistic`: χ² with 9 degrees of freedom, or the share of 0 and 5; `p`: how
    often chance alone would go as far. `odd`: less often than the election's configuration takes for chance.
    """

    kind: Literal["last", "round"]
    ref: str
    n: int
    statistic: float
    p: float
    odd: bool


@dataclass(frozen=True)
class Doubts:
    values: tuple[Doubt, ...]
    digits: tuple[DigitTest, ...]

    @cached_property
    def places(self) -> frozenset[Place]:
        """The values that are flagged and that nobody has verified."""
        return frozenset(doubt.place for doubt in self.values if not doubt.verified)

    def by_question(self) -> dict[str, list[Doubt]]:
        """By "PRT.G"; the questions with the most unverified flags first."""
        found: dict[str, list[Doubt]] = defaultdict(list)
        for doubt in self.values:
            found["{1}.{2}".format(*doubt.place)].append(doubt)
        return dict(sorted(found.items(), key=lambda each: -sum(not doubt.verified for doubt in each[1])))


def doubts(evidence: Evidence, election: Election) -> Doubts:
    """Every flag on the sample's values, and the tests over each counted number."""
    stations = {each.id: each for each in evidence.frame.drawn}
    found = [
        *_broken_rules(evidence, election, stations),
        *_turnouts(evidence, election, stations),
        *_sums(evidence, election, stations),
    ]
    found.sort(key=lambda doubt: (doubt.place[1:], len(doubt.station), doubt.station, doubt.kind))
    return Doubts(tuple(found), tuple(_digits(evidence, election)))


def last_digits(counts: Sequence[int]) -> tuple[float, float]:
    """χ² of the last digits against equal chances, and its p (B. Beber, A. Scacco, Political Analysis 20, 2012)."""
    expected = len(counts) / 10
    seen = Counter(count % 10 for count in counts)
    statistic = math.fsum((seen[digit] - expected) ** 2 / expected for digit in range(10))
    return statistic, _chi_square_9(statistic)


def round_numbers(counts: Sequence[int]) -> tuple[float, float]:
    """The share of counts that end in 0 or 5, and the chance of at least so many when 2 in 10 do (exact binomial)."""
    ends, n = sum(count % 5 == 0 for count in counts), len(counts)
    tail = math.fsum(_binomial(n, k) for k in range(ends, n + 1))
    return ends / n, min(1.0, tail)


def outlying(value: float, others: Sequence[float], bar: float) -> tuple[float, float] | None:
    """The range that its neighbours make usual, where a value is outside it: median ± bar · 1.4826 · MAD.

    The modified z-score of B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers, 1993 (they take 3.5).
    """
    middle = median(others)
    spread = bar * 1.4826 * median(abs(other - middle) for other in others)
    usual = middle - spread, middle + spread
    return usual if spread > 0 and not usual[0] <= value <= usual[1] else None


def _broken_rules(evidence: Evidence, election: Election, stations: Mapping[int, Drawn]) -> Iterator[Doubt]:
    judge = rules.of(election.checklist)
    for form, records in evidence.records.items():
        for station, record in records.items():
            for name in record.flags if station in stations else ():
                for home, code in judge.answers_of(form, name):
                    if home in evidence.records and (value := _value(evidence, station, home, code)) is not None:
                        place = station, home, code
                        yield _doubt(evidence, "rule", place, stations, value, {"rule": f"{form}.{name}"})


def _turnouts(evidence: Evidence, election: Election, stations: Mapping[int, Drawn]) -> Iterator[Doubt]:
    told = election.analysis.quality
    for each in election.analysis.turnout:
        form, _, code = each.votes.partition(".")
        pairs = {
            id: pair for id, pair in bases.pairs(evidence, (each.votes, each.registered)).items() if id in stations
        }
        shares = {id: votes / listed for id, (votes, listed) in pairs.items() if listed}
        near: dict[tuple[str, str], list[int]] = defaultdict(list)
        for id in shares:
            near[stations[id].region, stations[id].district].append(id)
        for id, (votes, listed) in pairs.items():
            place, value = (id, form, code), _value(evidence, id, form, code) or ""
            if votes > listed:
                yield _doubt(evidence, "over", place, stations, value, {"bar": listed})
            elif shares.get(id, 0) > told.turnout_over:
                why = {"share": shares[id], "bar": told.turnout_over}
                yield _doubt(evidence, "turnout", place, stations, value, why)
            if id in shares:
                others = [shares[it] for it in near[stations[id].region, stations[id].district] if it != id]
                usual = outlying(shares[id], others, told.outlying) if len(others) >= told.neighbours else None
                if usual:
                    why = {"share": shares[id], "low": max(0.0, usual[0]), "high": min(1.0, usual[1])}
                    yield _doubt(evidence, "neighbours", place, stations, value, why)


def _sums(evidence: Evidence, election: Election, stations: Mapping[int, Drawn]) -> Iterator[Doubt]:
    for each in election.analysis.shares:
        form, _, code = each.total.partition(".")
        parts = [bases.numbers(evidence, ref) for ref in each.parts.values()]
        for id, total in bases.numbers(evidence, each.total).items():
            if id in stations and all(id in part for part in parts):
                added = math.fsum(part[id] for part in parts)
                # Parts that are more than their total are wrong in any election; less, where they are all of it.
                if added > total or (each.whole and added != total):
                    value = _value(evidence, id, form, code) or ""
                    yield _doubt(evidence, "sum", (id, form, code), stations, value, {"sum": added})


def _digits(evidence: Evidence, election: Election) -> Iterator[DigitTest]:
    told = election.analysis.quality
    refs = [each.votes for each in election.analysis.turnout]
    refs += [ref for each in election.analysis.shares for ref in (each.total, *each.parts.values())]
    for ref in dict.fromkeys(refs):
        counts = [int(value) for value in bases.numbers(evidence, ref).values() if value >= told.digits_from]
        if len(counts) >= told.digits_least:
            for kind, (statistic, p) in (("last", last_digits(counts)), ("round", round_numbers(counts))):
                yield DigitTest(kind, ref, len(counts), statistic, p, p < told.digits_chance)  # type: ignore[arg-type]


def _doubt(
    evidence: Evidence,
    kind: Kind,
    place: Place,
    stations: Mapping[int, Drawn],
    value: str,
    told: Mapping[str, float | str],
) -> Doubt:
    station, form, code = place
    verified = code in evidence.records[form][station].verified
    return Doubt(kind, place, stations[station].code, value, told, verified)


def _value(evidence: Evidence, station: int, form: str, code: str) -> str | None:
    record = evidence.records.get(form, {}).get(station)
    return record.answers.get(code) if record else None


def _chi_square_9(x: float) -> float:
    """P(χ² ≥ x) with 9 degrees of freedom (M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.4.4)."""
    root = math.sqrt(x)
    series = math.fsum(root**power / odd for power, odd in ((1, 1), (3, 3), (5, 15), (7, 105)))
    return math.erfc(root / math.sqrt(2)) + math.sqrt(2 / math.pi) * math.exp(-x / 2) * series


def _binomial(n: int, k: int) -> float:
    choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(choices + k * math.log(0.2) + (n - k) * math.log(0.8))
