"""The report: method, sample, deployment, every table that may be released, incidents, visits, reconciliation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from hub.analysis import coverage, evidence, reconciliation, tables
from hub.analysis.bases import Release
from hub.analysis.coverage import Coverage
from hub.analysis.evidence import Evidence
from hub.analysis.reconciliation import Comparison, Total
from hub.analysis.releases import Basis
from hub.analysis.tables import Findings
from hub.election.definition import Election
from hub.publication import day, deployment, exhibits
from hub.publication.deployment import Layer, Posts, Visits
from hub.publication.document import Block, Document, Drawing, Heading, Paragraph
from hub.publication.words import Words, tenths
from hub.reports import cases, history
from hub.reports.cases import Case
from hub.tabulation import Table


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the report tells, as it was at one moment. `compared` is empty without official results;
    `release`: the number under which these figures were released."""

    now: datetime
    position: int
    findings: Findings
    coverage: Coverage
    layers: Sequence[Layer]
    posts: Sequence[Posts]
    visits: Sequence[Visits]
    incidents: Sequence[Case]
    compared: Sequence[Comparison]
    totals: Sequence[Total]
    release: int | None = None


def gather(session: Session, election: Election, now: datetime) -> Facts:
    """As it is now."""
    return _gathered(session, election, evidence.now(session), history.settled_until(session), now)


def as_of(session: Session, election: Election, position: int) -> Facts:
    """As it was when the journal ended at `position`. Raises `KeyError` where it has not been read so far.

    What the commission published, and what was found out about an incident, is as it is now: neither is a message.
    """
    moment = history.moment(session, position)
    if moment is None or position > history.settled_until(session):
        raise KeyError(position)
    return _gathered(session, election, evidence.as_of(session, election, position), position, moment)


def released(session: Session, basis: Basis) -> Facts:
    """As it was when a release was computed, from what it was computed from."""
    facts = _gathered(session, basis.election, basis.evidence, basis.position, basis.at)
    return replace(facts, release=basis.number)


def _gathered(session: Session, election: Election, base: Evidence, position: int, now: datetime) -> Facts:
    found = tables.compute(base, election)
    return Facts(
        now=now,
        position=position,
        findings=found,
        coverage=coverage.coverage(base, election, now),
        layers=deployment.layers(base),
        posts=deployment.posts(session, base, now),
        visits=deployment.visits(session, position),
        incidents=[
            case for case in cases.everything(session) if case.journal_id <= position and case.verified is not False
        ],
        compared=reconciliation.by_station(session, election, base),
        totals=reconciliation.totals(session, election, found.ratios()),
    )


def report(facts: Facts, election: Election, language: str) -> Document:
    """Pure: the same facts are the same report."""
    words = Words(election, language)
    say, told = words.say, _Told(facts, words)
    blocks = (
        Paragraph(say("only_released")),
        *told.method(),
        *told.sample(),
        *told.deployment(),
        *told.observed(),
        *told.turnout(),
        *told.incidents(),
        *told.visits(),
        *told.reconciliation(),
        *told.held(),
    )
    when = say("as_of", time=words.moment(facts.now), position=facts.position)
    numbered = "" if facts.release is None else say("release", number=facts.release) + " "
    return Document(
        say("title"),
        words.said(election.name),
        numbered + when,
        language,
        say("page", page="{page}", pages="{pages}"),
        blocks,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The report's chapters."""

    facts: Facts
    words: Words

    @property
    def election(self) -> Election:
        return self.words.election

    def method(self) -> Iterator[Block]:
        say, count = self.words.say, self._count
        layers, analysis = self.facts.layers, self.election.analysis
        yield Heading(1, say("method"))
        frame, n = sum(each.frame for each in layers), sum(each.drawn for each in layers)
        yield Paragraph(say("method_sample", n=count(n), frame=count(frame), strata=len(layers)))
        if (sample := self.election.sample) is not None:
            order = ", ".join(say(key) for key in sample.order).casefold()
            known = sample.seed is not None
            yield Paragraph(
                say("method_seed", order=order, seed=sample.seed)
                if known
                else say("method_no_seed", source=sample.source)
            )
        yield Paragraph(say("method_estimate"))
        yield Paragraph(say("method_margin"))
        if analysis.domains:
            forms = ", ".join(self._form(code) for code in analysis.domains)
            yield Paragraph(say("method_domain", forms=forms))
        process, results = analysis.process_release, analysis.results_release
        bars = {
            "stratum": process.stratum,
            "overall": process.overall,
            "results_stratum": results.stratum,
            "results_overall": results.overall,
        }
        yield Paragraph(say("method_release", **{key: f"{100 * bar:g}" for key, bar in bars.items()}))

    def sample(self) -> Iterator[Block]:
        layers = self.facts.layers
        frame, drawn = sum(each.frame for each in layers), sum(each.drawn for each in layers)
        reported = sum(each.reported for each in layers)
        rows = [
            (each.name, each.frame, _part(each.frame, frame), each.drawn, _part(each.drawn, drawn), each.reported)
            for each in layers
        ]
        rows.append((self.words.say("total"), frame, _part(frame, frame), drawn, _part(drawn, drawn), reported))
        yield Heading(1, self.words.say("sample"))
        note = self.words.say("sample_note", reported=self._count(reported), n=self._count(drawn))
        yield self._table("", ("stratum", "frame", "frame_share", "drawn", "drawn_share", "reported"), rows, note)
        for each in self.facts.findings.replacements:
            yield Paragraph(self.words.say("replaced", by=each.by, station=each.station, reason=each.reason))

    def deployment(self) -> Iterator[Block]:
        posts, say = self.facts.posts, self.words.say
        yield Heading(1, say("deployment"))
        rows = [(each.region, each.stations, each.observers, each.mobile) for each in posts]
        totals = (sum(column) for column in list(zip(*rows, strict=True))[1:])
        rows.append((say("total"), *(totals if posts else (0, 0, 0))))
        yield self._table("", ("region", "observed", "observers", "mobile"), rows)
        yield Heading(2, say("coverage"))
        forms = [
            (
                self._form(it.form),
                self.words.hour(it.due_at),
                it.all.expected,
                it.all.received,
                None if it.all.share is None else tenths(it.all.share),
            )
            for it in self.facts.coverage.forms.values()
        ]
        yield self._table("", ("form", "due", "expected", "received", "received_share"), forms, numbers=range(2, 5))
        if drawing := day.curve(self.facts.coverage, self.words, self.facts.now):
            yield Drawing(say("curve"), drawing)

    def observed(self) -> Iterator[Block]:
        yield Heading(1, self.words.say("findings"))
        held = self.facts.findings.releasable().tables
        for form in self.election.checklist.forms:
            keys = [key for key, table in held.items() if table.form == form.code]
            if keys:
                yield Heading(2, self._form(form.code))
            for key in keys:
                yield exhibits.exhibit(self.facts.findings, self.words, key).tables[0]

    def turnout(self) -> Iterator[Block]:
        for key in exhibits.keys(self.facts.findings):
            if key in self.facts.findings.tables:
                continue
            shown = exhibits.exhibit(self.facts.findings, self.words, key)
            yield Heading(1, shown.title)
            yield replace(shown.tables[0], title="")
            for name, drawing in shown.drawings.items():
                if key != exhibits.TURNOUT or name != "bars":
                    yield Drawing(shown.title, drawing)

    def incidents(self) -> Iterator[Block]:
        say, found = self.words.say, self.facts.incidents
        yield Heading(1, say("incidents"))
        if not found:
            yield Paragraph(say("incidents_none"))
            return
        yield Paragraph(say("incidents_note", n=self._count(len(found))))
        counts = Counter(case.category for case in found)
        known = [it for it in self.election.checklist.categories if counts[it.code]]
        rows: list[tuple[object, ...]] = [
            (f"{it.code} {self.words.said(it.title)}", say(f"severity_{it.severity}"), counts[it.code]) for it in known
        ]
        rows.append((say("total"), "", sum(counts.values())))
        yield self._table("", ("category", "severity", "count"), rows, numbers=range(2, 3))
        for it in known:
            each = [
                (case.station, case.region, case.district, self.words.hour(case.reported_at))
                for case in sorted(found, key=lambda case: case.reported_at)
                if case.category == it.code
            ]
            title = f"{it.code} {self.words.said(it.title)}"
            yield self._table(title, ("station", "region", "district", "at"), each, numbers=())

    def visits(self) -> Iterator[Block]:
        rows: list[tuple[object, ...]] = [
            (each.region, each.people, each.stations, each.reports) for each in self.facts.visits
        ]
        if not rows:
            return
        yield Heading(1, self.words.say("mobile_visits"))
        # Nobody is added up: an observer may have been in two regions.
        stations, reports = (
            sum(column) for column in zip(*((it.stations, it.reports) for it in self.facts.visits), strict=True)
        )
        rows.append((self.words.say("total"), None, stations, reports))
        yield self._table("", ("region", "teams", "visited", "reports"), rows, self.words.say("mobile_note"))

    def reconciliation(self) -> Iterator[Block]:
        say, compared = self.words.say, self.facts.compared
        yield Heading(1, say("reconciliation"))
        if not compared:
            yield Paragraph(say("reconciliation_none"))
            return
        yield Paragraph(compared_note(self.words, compared))
        lines = [
            (line.station, line.code, line.observer, line.official)
            for each in compared
            for line in each.lines
            if line.kind == "differs"
        ]
        if lines:
            yield self._table("", ("station", "line", "observer_value", "official_value"), lines, numbers=range(2, 4))
        yield from filter(
            None, (control(self.words, compared), official_totals(self.words, self.facts.findings, self.facts.totals))
        )

    def held(self) -> Iterator[Block]:
        say, found = self.words.say, self.facts.findings
        yield Heading(1, say("held"))
        rows = [
            (f"{key} {self.words.said(it.text)}", self._why(it.release))
            for key, it in found.tables.items()
            if not it.release.holds
        ]
        rows += [
            (exhibits.called(self.words, it.name), self._why(it.release))
            for it in found.turnout
            if not it.release.holds
        ]
        for ballot in found.shares:
            if not ballot.holds:
                worst = next(part.release for part in ballot.parts if not part.release.holds)
                rows.append((f"{say('shares')}: {ballot.name}", self._why(worst)))
        if not rows:
            yield Paragraph(say("held_none"))
            return
        yield self._table("", ("figure", "why"), rows, numbers=())

    def _why(self, release: Release) -> str:
        say = self.words.say
        told = [say("held_note", share=self.words.number(tenths(release.overall) or 0))]
        told += [say("held_conflicts", n=release.conflicts)] if release.conflicts else []
        told += [say("held_flags", n=release.critical_flags)] if release.critical_flags else []
        return " · ".join(told)

    def _table(
        self,
        title: str,
        head: Sequence[str],
        rows: Sequence[Sequence[object]],
        note: str = "",
        numbers: range | tuple[()] | None = None,
    ) -> Table:
        """Every column but the first is one of figures, unless told otherwise."""
        columns = range(1, len(head)) if numbers is None else numbers
        return Table(title, [self.words.say(key) for key in head], rows, frozenset(columns), (note,) if note else ())

    def _form(self, code: str) -> str:
        return f"{code} {self.words.said(self.election.checklist.form(code).title)}"

    def _count(self, count: int) -> str:
        return self.words.number(count, 0)


def compared_note(words: Words, compared: Sequence[Comparison]) -> str:
    """How many protocols are equal, differ or are missing on either side."""
    states = Counter[str](each.state for each in compared)
    kinds = ("equal", "differs", "not_observed", "not_published")
    told = {kind: words.number(states[kind], 0) for kind in kinds}
    return words.say("reconciliation_note", all=words.number(len(compared), 0), **told)


def control(words: Words, compared: Sequence[Comparison]) -> Table | None:
    """The control ratios that do not hold, on both sides; None where all do."""
    form = words.election.checklist.form(words.election.analysis.reconciled_form or "")

    def told(names: Sequence[str]) -> str:
        return "; ".join(words.said(rule.message) for rule in form.rules if rule.name in names)

    rows = [(each.station, *map(told, each.broken)) for each in compared if any(each.broken)]
    head = [words.say(key) for key in ("station", "observer_value", "official_value")]
    return Table(words.say("control"), head, rows) if rows else None


def official_totals(words: Words, found: Findings, totals: Sequence[Total]) -> Table | None:
    """The official figures against the intervals of those estimates that may be released; None where there are none."""
    held = {name for name, _ in found.releasable().ratios().values()}
    shown = [total for total in totals if total.name in held]
    if not shown:
        return None
    rows = []
    for it in shown:
        verdict = "" if it.agrees is None else words.say("yes" if it.agrees else "no")
        figures = (tenths(value, 2) for value in (it.official, it.estimate.estimate, it.estimate.margin))
        rows.append((exhibits.called(words, it.name), *figures, verdict))
    head = [words.say(key) for key in ("name", "official_share", "estimate", "margin", "verdict")]
    scope = words.say("whole_frame") if shown[0].whole else words.say("part_frame", n=shown[0].stations)
    return Table("", head, rows, frozenset(range(1, 4)), (scope,))


def _part(count: int, whole: int) -> Decimal | None:
    return tenths(count / whole) if whole else None
