"""The findings: every closed question, turnout and share, each with its margin, its base and whether it may be said.

Only drawn stations count, each once, by what its observers agree on (`StationRecordRow.answers`); a quarantined record
is not usable, nor is an answer that is missing or in conflict.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from hub.analysis import estimates, reconciliation
from hub.analysis.estimates import Call, Estimate, Pair, Stratum
from hub.analysis.reconciliation import Difference
from hub.checklist.definition import Form, Question, Text
from hub.election.definition import Election, ReleaseRule, Shares
from hub.models import ReplacementRow, StationRecordRow, StationRow
from hub.sample import replacements
from hub.sample.replacements import Replacement


@dataclass(frozen=True, slots=True)
class Release:
    """Whether enough stations stand behind a figure. `strata`, `overall`: the shares of the drawn stations that do.

    `conflicts` and `critical_flags`: stations whose answers to what the figure uses are disputed or break a critical
    rule; they hold back results (two people's signatures are asked for elsewhere).
    """

    rule: ReleaseRule
    strata: dict[str, float]
    overall: float
    conflicts: int = 0
    critical_flags: int = 0

    @property
    def holds(self) -> bool:
        covered = all(share >= self.rule.stratum for share in self.strata.values()) and bool(self.strata)
        return covered and self.overall >= self.rule.overall and not (self.conflicts or self.critical_flags)


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
class SharesTable:
    """The parts of one total in the election's order, and each one's lead over the next when ranked."""

    name: str
    threshold: float | None
    parts: tuple[RatioFigure, ...]
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that can be said now. `differences` is None while there are no official results."""

    tables: dict[str, QuestionTable]  # by "OPN.A"
    turnout: tuple[RatioFigure, ...]
    shares: tuple[SharesTable, ...]
    differences: tuple[Difference, ...] | None
    not_drawn: tuple[str, ...]  # strata of the frame without a drawn station: no figure speaks of them
    replacements: tuple[Replacement, ...] = ()

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
    sample = _read(session)
    analysis = election.analysis
    reconciled = analysis.reconciled_form
    published = reconciled is not None and reconciliation.official_stations(session, reconciled)
    return Findings(
        tables={
            f"{form.code}.{question.code}": _table(sample, election, form, question)
            for form, question in election.checklist.questions()
            if question.type in ("choice", "multiple")
        },
        turnout=tuple(
            _ratio(sample, election, each.name, (each.votes, each.registered), each.confidence)
            for each in analysis.turnout
        ),
        shares=tuple(_shares(sample, election, each) for each in analysis.shares),
        differences=tuple(reconciliation.compare(session, election)) if published else None,
        not_drawn=tuple(name for name, _ in sample.strata if not sample.drawn[name]),
        replacements=tuple(replacements.listing(session)),
    )


@dataclass(frozen=True, slots=True)
class _Record:
    answers: dict[str, str]
    conflicts: frozenset[str]
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Sample:
    strata: list[tuple[str, int]]  # name, stations in the frame; in the frame's order
    drawn: dict[str, list[int]]  # stratum → ids of its drawn stations
    records: dict[str, dict[int, _Record]]  # form → station → record; a quarantined one is there without answers
    heard: set[int]  # stations from which anything came
    standing_in: set[int]  # drawn stations' replacements


def _read(session: Session) -> _Sample:
    drawn_here = func.sum(case((StationRow.sampled, 1), else_=0))
    sizes = select(StationRow.stratum, func.count(), drawn_here).group_by(StationRow.stratum)
    strata = [(name, size) for name, size, _ in session.execute(sizes.order_by(func.min(StationRow.id)))]
    drawn: dict[str, list[int]] = {name: [] for name, _ in strata}
    stations = select(StationRow.stratum, StationRow.id).where(StationRow.sampled).order_by(StationRow.id)
    for stratum, station in session.execute(stations):
        drawn[stratum].append(station)
    columns = ("station_id", "form", "answers", "conflicts", "flags", "quarantined")
    rows = session.execute(
        select(*(StationRecordRow.__table__.c[name] for name in columns))
        .join(StationRow, StationRow.id == StationRecordRow.station_id)
        .where(StationRow.sampled)
    )
    records: dict[str, dict[int, _Record]] = defaultdict(dict)
    for station, form, answers, conflicts, flags, quarantined in rows:
        if quarantined:
            answers, conflicts, flags = {}, (), ()
        records[form][station] = _Record(answers, frozenset(conflicts), frozenset(flags))
    heard = {station for of_form in records.values() for station in of_form}
    return _Sample(strata, drawn, records, heard, set(session.scalars(select(ReplacementRow.by_id))))


def _table(sample: _Sample, election: Election, form: Form, question: Question) -> QuestionTable:
    records = sample.records.get(form.code, {})
    chosen = {
        station: frozenset(record.answers[question.code].split(","))
        for station, record in records.items()
        if question.code in record.answers
    }
    domain = form.code in election.analysis.domains
    options = []
    for option in question.options:
        pairs = {station: (float(option.code in codes), 1.0) for station, codes in chosen.items()}
        strata = _strata(sample, pairs, form.code if domain else None)
        count = sum(option.code in codes for codes in chosen.values())
        estimate = estimates.proportion(strata, election.analysis.confidence)
        bounds = None if domain else estimates.missing_bounds(strata)
        options.append(OptionFigure(option.code, option.text, count, estimate, bounds, strata))
    release = _release(sample, election.analysis.process_release, chosen, form.code if domain else None)
    replaced = len(sample.standing_in & chosen.keys())
    return QuestionTable(
        form.code, question.code, question.text, len(chosen), domain, tuple(options), release, replaced
    )


def _ratio(
    sample: _Sample, election: Election, name: str, refs: tuple[str, str], confidence: float, bar: float | None = None
) -> RatioFigure:
    domain = _domain(election, refs)
    pairs = _pairs(sample, refs)
    strata = _strata(sample, pairs, domain)
    estimate = estimates.ratio(strata, confidence)
    release = _release(sample, election.analysis.results_release, pairs, domain, *_disputes(sample, election, refs))
    call = None if bar is None else estimates.threshold(estimate, bar)
    return RatioFigure(name, estimate, strata, release, call, len(sample.standing_in & pairs.keys()))


def _shares(sample: _Sample, election: Election, shares: Shares) -> SharesTable:
    parts = tuple(
        _ratio(sample, election, name, (ref, shares.total), shares.confidence, shares.threshold)
        for name, ref in shares.parts.items()
    )
    return SharesTable(shares.name, shares.threshold, parts, _leads(sample, election, shares, parts))


def _leads(sample: _Sample, election: Election, shares: Shares, parts: tuple[RatioFigure, ...]) -> tuple[Lead, ...]:
    known = [(part.estimate.estimate, part.name) for part in parts if part.estimate.estimate is not None]
    ranked = [name for _, name in sorted(known, key=lambda each: -each[0])]
    return tuple(Lead(a, b, _lead(sample, election, shares, a, b)) for a, b in pairwise(ranked))


def _lead(sample: _Sample, election: Election, shares: Shares, ahead: str, behind: str) -> Estimate:
    refs = shares.parts[ahead], shares.parts[behind], shares.total
    a, b = _pairs(sample, (refs[0], refs[2])), _pairs(sample, (refs[1], refs[2]))
    domain = _domain(election, refs)
    both = sorted(a.keys() & b.keys())
    strata_a, strata_b = (_strata(sample, {id: side[id] for id in both}, domain) for side in (a, b))
    return estimates.lead(strata_a, strata_b, shares.confidence)


def _domain(election: Election, refs: Sequence[str]) -> str | None:
    """The domain form that a figure rests on, if it rests on one."""
    forms = (ref.partition(".")[0] for ref in refs)
    return next((form for form in forms if form in election.analysis.domains), None)


def _pairs(sample: _Sample, refs: tuple[str, str]) -> dict[int, Pair]:
    """(part, total) at every station that names both."""
    part, total = (_numbers(sample, ref) for ref in refs)
    return {station: (value, total[station]) for station, value in part.items() if station in total}


def _numbers(sample: _Sample, ref: str) -> dict[int, float]:
    form, _, code = ref.partition(".")
    said = {station: record.answers.get(code) for station, record in sample.records.get(form, {}).items()}
    return {station: number for station, value in said.items() if (number := _number(value)) is not None}


def _number(value: str | None) -> float | None:
    # A decision made by hand that is no number must not take all the other figures down with it.
    try:
        number = math.nan if value is None else float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _strata(sample: _Sample, pairs: Mapping[int, Pair], domain: str | None) -> tuple[Stratum, ...]:
    strata = tuple(
        Stratum(name, size, len(sample.drawn[name]), tuple(pairs[id] for id in sample.drawn[name] if id in pairs))
        for name, size in sample.strata
    )
    if domain is None:
        return strata
    # Without a report on the form a station is taken to be outside; one that reported unusably is known to be inside.
    inside = sample.records.get(domain, {})
    return estimates.domain(strata, {name: sum(id not in inside for id in ids) for name, ids in sample.drawn.items()})


def _release(
    sample: _Sample,
    rule: ReleaseRule,
    usable: Container[int],
    domain: str | None,
    conflicts: int = 0,
    critical_flags: int = 0,
) -> Release:
    """A station outside a domain is covered once anything came from it: only then is its silence an answer."""
    inside = sample.records.get(domain, {}) if domain else {}
    covered = {
        name: [id in usable or (domain is not None and id in sample.heard and id not in inside) for id in ids]
        for name, ids in sample.drawn.items()
        if ids
    }
    drawn = sum(map(len, covered.values()))
    overall = sum(map(sum, covered.values())) / drawn if drawn else 0.0
    shares = {name: sum(stations) / len(stations) for name, stations in covered.items()}
    return Release(rule, shares, overall, conflicts, critical_flags)


def _disputes(sample: _Sample, election: Election, refs: Sequence[str]) -> tuple[int, int]:
    """Stations with an open conflict on these answers, and stations with a critical flag on their forms."""
    disputed, flagged = set(), set()
    for form, _, code in (ref.partition(".") for ref in refs):
        critical = {rule.name for rule in election.checklist.form(form).rules if rule.critical}
        for station, record in sample.records.get(form, {}).items():
            if code in record.conflicts:
                disputed.add(station)
            if critical & record.flags:
                flagged.add(station)
    return len(disputed), len(flagged)


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
