"""The findings: every closed question, turnout and share, each with its margin, its base and whether it may be said.

Only drawn stations count, each once, by what its observers agree on (`StationRecordRow.answers`); a quarantined record
is not usable, nor is an answer that is missing or in conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from hub.analysis import bases, estimates, evidence, quality, reconciliation
from hub.analysis.bases import NOTHING_SAID, Release, Soundness
from hub.analysis.estimates import Call, Estimate, Stratum
from hub.analysis.evidence import Evidence
from hub.analysis.quality import Doubts
from hub.analysis.reconciliation import Difference
from hub.checklist.definition import Form, Question, Text
from hub.election.definition import Election, Shares, Turnout
from hub.reports.rulings import Place
from hub.sample.replacements import Replacement

_YES, _NO = (1.0, 1.0), (0.0, 1.0)  # what a station gives to a proportion


@dataclass(frozen=True, slots=True)
class OptionFigure:
    """How many stations said this, and the estimate. `bounds`: if every missing station were against, or for."""

    option: str
    text: Text
    count: int
    estimate: Estimate
    bounds: tuple[float, float] | None
    strata: tuple[Stratum, ...]

    def by_stratum(self) -> dict[str, Estimate]:
        return estimates.by_stratum(self.strata, self.estimate.confidence, estimates.proportion)


@dataclass(frozen=True, slots=True)
class QuestionTable:
    """One closed question. `n`: stations with a usable answer, of which `replaced` stand in for one that was drawn;
    `domain`: it speaks only of stations like them."""

    form: str
    code: str
    text: Text
    n: int
    domain: bool
    options: tuple[OptionFigure, ...]
    release: Release
    replaced: int = 0
    soundness: Soundness = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class RatioFigure:
    """A turnout, or one part's share. `call`: on which side of the threshold its whole interval lies; `replaced`: how
    many of its stations stand in for one that was drawn."""

    name: str
    estimate: Estimate
    strata: tuple[Stratum, ...]
    release: Release
    call: Call | None = None
    replaced: int = 0
    soundness: Soundness = NOTHING_SAID
    refs: tuple[str, str] = ("", "")  # the answers it is made of

    def by_stratum(self) -> dict[str, Estimate]:
        return estimates.by_stratum(self.strata, self.estimate.confidence)


@dataclass(frozen=True, slots=True)
class Lead:
    """One part ahead of the next; `called` where the whole interval of the difference is above 0."""

    ahead: str
    behind: str
    estimate: Estimate

    @property
    def called(self) -> bool:
        return estimates.threshold(self.estimate, 0) == "above"


@dataclass(frozen=True, slots=True)
class Rise:
    """How far turnout rose from one hour to the next, as a fraction of the voters on the list; `estimate` is None where
    the two do not rest on the same list."""

    earlier: str
    later: str
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class SharesTable:
    """The parts of one total in the election's order, and each one's lead over the next when ranked."""

    name: str
    threshold: float | None
    parts: tuple[RatioFigure, ...]
    leads: tuple[Lead, ...]

    @property
    def holds(self) -> bool:
        """Shares are of one whole: they are released together."""
        return all(part.release.holds for part in self.parts)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that can be said now. `differences` is None while there are no official results."""

    tables: dict[str, QuestionTable]  # by "OPN.A"
    turnout: tuple[RatioFigure, ...]
    shares: tuple[SharesTable, ...]
    differences: tuple[Difference, ...] | None
    not_drawn: tuple[str, ...]  # strata of the frame without a drawn station: no figure speaks of them
    replacements: tuple[Replacement, ...] = ()
    rises: tuple[Rise, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """What there is: questions, turnouts, ballots."""
        named = *(figure.name for figure in self.turnout), *(table.name for table in self.shares)
        return *self.tables, *named

    def ratios(self) -> dict[tuple[str, str], tuple[str, Estimate]]:
        """Every turnout and share by the answers that it is made of: its name and estimate."""
        figures = [*self.turnout, *(part for table in self.shares for part in table.parts)]
        return {figure.refs: (figure.name, figure.estimate) for figure in figures}

    def releasable(self) -> Findings:
        """Those alone that satisfy their release rule: what may be exported as a finding."""
        return replace(
            self,
            tables={key: table for key, table in self.tables.items() if table.release.holds},
            turnout=tuple(figure for figure in self.turnout if figure.release.holds),
            shares=tuple(table for table in self.shares if table.holds),
        )

    def as_json(self) -> dict[str, Any]:
        """Percentages to four decimals; null is not available. Each shares table stands under its own name.

        Where stations were replaced `replaced` tells which and why, and under each figure how many it rests on.
        """
        shown: dict[str, Any] = {
            "tables": {key: _table_json(table) for key, table in self.tables.items()},
            "turnout": {figure.name: _ratio_json(figure) for figure in self.turnout},
        }
        for table in self.shares:
            shown[table.name] = {part.name: _ratio_json(part) for part in table.parts}
        if self.replacements:
            shown["replaced"] = [
                {"station": each.station, "by": each.by, "reason": each.reason} for each in self.replacements
            ]
        if self.differences is not None:
            differing = reconciliation.stations_that_differ(self.differences)
            shown["reconciliation"] = {"stations_that_differ": differing}
        return shown


def findings(session: Session, election: Election) -> Findings:
    """Computes every figure afresh, in a handful of queries whatever the number of questions."""
    base = evidence.now(session)
    return compute(base, election, reconciliation.published(session, election, base))


def compute(
    base: Evidence,
    election: Election,
    differences: tuple[Difference, ...] | None = None,
    doubts: Doubts | None = None,
    known: Mapping[str, QuestionTable] | None = None,
) -> Findings:
    """Every figure of some evidence. Pure: the same evidence gives the same figures to the last digit.

    `known`: questions that have been computed from this evidence already, by key.
    """
    doubtful = (quality.doubts(base, election) if doubts is None else doubts).places
    analysis = election.analysis
    asked = {
        f"{form.code}.{question.code}": (form, question)
        for form, question in election.checklist.questions()
        if question.type in ("choice", "multiple")
    }
    tables = known or {}
    return Findings(
        tables={key: tables.get(key) or table(base, election, *each, doubtful) for key, each in asked.items()},
        turnout=tuple(turnout(base, election, each, doubtful) for each in analysis.turnout),
        shares=tuple(shares(base, election, each, doubtful) for each in analysis.shares),
        differences=differences,
        not_drawn=tuple(name for name, stations in bases.drawn(base).items() if not stations),
        replacements=base.frame.replacements,
        rises=tuple(_rise(base, election, *each) for each in pairwise(analysis.turnout)),
    )


def table(
    base: Evidence, election: Election, form: Form, question: Question, doubtful: Collection[Place] = ()
) -> QuestionTable:
    """One closed question: each option as a proportion of its own."""
    said = bases.chosen(base, form.code, question.code)
    spoken = bases.within(base, said)
    domain = form.code if form.code in election.analysis.domains else None
    options = []
    for option in question.options:
        pairs = {station: _YES if option.code in codes else _NO for station, codes in said.items()}
        strata = bases.strata(base, pairs, domain)
        count = sum(option.code in said[station] for station in spoken)
        estimate = estimates.proportion(strata, election.analysis.confidence)
        # A group's missing stations are as unknown as a domain's: who would be in it was not drawn.
        bounds = None if domain or base.inside is not None else estimates.missing_bounds(strata)
        options.append(OptionFigure(option.code, option.text, count, estimate, bounds, strata))
    return QuestionTable(
        form.code,
        question.code,
        question.text,
        len(spoken),
        domain is not None,
        tuple(options),
        bases.release(base, election.analysis.process_release, said, domain),
        bases.standing_in(base, said),
        bases.soundness(base, [f"{form.code}.{question.code}"], doubtful),
    )


def turnout(base: Evidence, election: Election, each: Turnout, doubtful: Collection[Place] = ()) -> RatioFigure:
    return _ratio(base, election, each.name, (each.votes, each.registered), each.confidence, None, doubtful)


def shares(base: Evidence, election: Election, each: Shares, doubtful: Collection[Place] = ()) -> SharesTable:
    """One ballot: its parts in the election's order, and who is ahead of whom."""
    parts = tuple(
        _ratio(base, election, name, (ref, each.total), each.confidence, each.threshold, doubtful)
        for name, ref in each.parts.items()
    )
    return SharesTable(each.name, each.threshold, parts, _leads(base, election, each, parts))


def _ratio(
    base: Evidence,
    election: Election,
    name: str,
    refs: tuple[str, str],
    confidence: float,
    bar: float | None,
    doubtful: Collection[Place],
) -> RatioFigure:
    domain = bases.domain_of(election, refs)
    pairs = bases.pairs(base, refs)
    strata = bases.strata(base, pairs, domain)
    estimate = estimates.ratio(strata, confidence)
    disputes = bases.disputes(base, election, refs)
    return RatioFigure(
        name,
        estimate,
        strata,
        bases.release(base, election.analysis.results_release, pairs, domain, *disputes),
        None if bar is None else estimates.threshold(estimate, bar),
        bases.standing_in(base, pairs),
        bases.soundness(base, refs, doubtful),
        refs,
    )


def _leads(base: Evidence, election: Election, shares: Shares, parts: tuple[RatioFigure, ...]) -> tuple[Lead, ...]:
    known = [(part.estimate.estimate, part.name) for part in parts if part.estimate.estimate is not None]
    ranked = [name for _, name in sorted(known, key=lambda each: -each[0])]
    return tuple(
        Lead(
            a, b, _difference(base, election, (shares.parts[a], shares.total), (shares.parts[b], shares.total), shares)
        )
        for a, b in pairwise(ranked)
    )


def _rise(base: Evidence, election: Election, earlier: Turnout, later: Turnout) -> Rise:
    refs = (later.votes, later.registered), (earlier.votes, earlier.registered)
    same = later.registered == earlier.registered
    estimate = _difference(base, election, *refs, later) if same else None
    return Rise(earlier.name, later.name, estimate)


def _difference(
    base: Evidence, election: Election, ahead: tuple[str, str], behind: tuple[str, str], told: Shares | Turnout
) -> Estimate:
    """Of two ratios to one total, at the stations that name all three numbers."""
    a, b = bases.pairs(base, ahead), bases.pairs(base, behind)
    domain = bases.domain_of(election, (*ahead, *behind))
    both = sorted(a.keys() & b.keys())
    strata_a, strata_b = (bases.strata(base, {id: side[id] for id in both}, domain) for side in (a, b))
    return estimates.lead(strata_a, strata_b, told.confidence)


def _table_json(table: QuestionTable) -> dict[str, Any]:
    said = [figure for figure in table.options if figure.count]
    return {
        "n": table.n,
        "counts": {figure.option: figure.count for figure in said},
        "weighted": {figure.option: _figure_json(figure.estimate, "normal_margin") for figure in said},
        **_replaced_json(table.replaced),
    }


def _ratio_json(figure: RatioFigure) -> dict[str, float | None]:
    return {**_figure_json(figure.estimate), **_replaced_json(figure.replaced)}


def _replaced_json(replaced: int) -> dict[str, int]:
    return {"replaced": replaced} if replaced else {}


def _figure_json(estimate: Estimate, margin: str = "margin") -> dict[str, float | None]:
    return {
        "estimate_pct": _percent(estimate.estimate),
        f"{margin}_{100 * estimate.confidence:g}_pp": _percent(estimate.margin),
    }


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 4)
