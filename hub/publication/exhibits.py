"""Each figure as it is handed out: its drawings and its tables, with the stations behind it and its margin.

What does not satisfy its release rule is no exhibit: nothing can be drawn, saved or printed of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.analysis.bases import Soundness
from hub.analysis.estimates import Estimate
from hub.analysis.tables import Findings, OptionFigure, QuestionTable, RatioFigure, Rise, SharesTable
from hub.charts import bars, times
from hub.charts.bars import Bar
from hub.charts.sheet import Caption, ticks
from hub.publication.words import Words, tenths
from hub.tabulation import Table

TURNOUT = "turnout"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`key`: `OPN.A`, `turnout`, `shares:NAME`. `tables`: the figure, then by stratum; `drawings`: by name, SVG."""

    key: str
    title: str
    tables: tuple[Table, ...]
    drawings: Mapping[str, str]

    @property
    def file(self) -> str:
        """Its name as a file, without an ending."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", self.key)


def keys(findings: Findings) -> list[str]:
    """What may be handed out, in the election's order; a single turnout alone is none."""
    held = findings.releasable()
    turnout = [TURNOUT] if held.turnout else []
    return [*held.tables, *turnout, *(f"shares:{table.name}" for table in held.shares)]


def exhibits(findings: Findings, words: Words) -> Iterator[Exhibit]:
    for key in keys(findings):
        yield exhibit(findings, words, key)


def exhibit(findings: Findings, words: Words, key: str) -> Exhibit:
    """Raises `KeyError` where there is no such figure, or it may not be released."""
    held = findings.releasable()
    if key == TURNOUT and held.turnout:
        return _Turnout(words, held.turnout, held.rises).whole()
    for ballot in held.shares:
        if key == f"shares:{ballot.name}":
            return _Ballot(words, ballot).whole()
    return _Question(words, key, held.tables[key]).whole()


@dataclass(frozen=True, slots=True)
class _Question:
    words: Words
    key: str
    table: QuestionTable

    def whole(self) -> Exhibit:
        said = [option for option in self.table.options if option.count]
        drawings = {"bars": self.bars()} if said else {}
        for option in said if len(said) > 1 else ():
            drawings[f"strata-{option.option}"] = self.strata(option)
        return Exhibit(self.key, self.title, (self.figures(), self.by_stratum()), drawings)

    @property
    def title(self) -> str:
        return f"{self.key} {self.words.said(self.table.text)}"

    def figures(self) -> Table:
        say = self.words.say
        head = ("answer", "stations", "stations_share", "estimate", "margin", "low", "high")
        rows = [
            (self.words.said(it.text), it.count, share(it.count, self.table.n), *_figures(it.estimate))
            for it in self.table.options
        ]
        notes = (self.note(), *_soundness(self.words, {"": self.table.soundness}), *self._bounds(), *self._remark())
        return Table(self.title, [say(key) for key in head], rows, frozenset(range(1, 7)), notes)

    def by_stratum(self) -> Table:
        options = {self.words.said(it.text): it.by_stratum() for it in self.table.options if it.count}
        return _by_stratum(self.words, self.title, options, self.words.say("answer"))

    def bars(self) -> str:
        words, shown = self.words, self.table.options
        return bars.bars(
            Caption(f"{_id(self.key)}-bars", self.title, self.note()),
            [_bar(words, words.said(it.text), it.estimate) for it in shown],
        )

    def strata(self, option: OptionFigure) -> str:
        words = self.words
        title = words.say("by_stratum", what=self.title, title=words.said(option.text))
        return _side_by_side(words, f"{_id(self.key)}-{option.option}", title, option.estimate, option.by_stratum())

    def note(self) -> str:
        it, say = self.table, self.words.say
        told = base_note(self.words, [option.estimate for option in it.options], it.n)
        told += f" · {say('base_domain')}" if it.domain else ""
        return told + (f" · {say('base_replaced', n=it.replaced)}" if it.replaced else "")

    def _bounds(self) -> Iterator[str]:
        """How far the missing stations could move each answer, where there are missing ones."""
        for option in self.table.options:
            if option.bounds and option.count and option.bounds[1] - option.bounds[0] > 1e-9:
                low, high = (self.words.number(tenths(each) or 0) for each in option.bounds)
                yield f"{self.words.said(option.text)}: {self.words.say('bounds', low=low, high=high)}"

    def _remark(self) -> Iterator[str]:
        if remark := self.words.election.analysis.remarks.get(self.key):
            yield self.words.say("remark", words=self.words.said(remark))


@dataclass(frozen=True, slots=True)
class _Turnout:
    words: Words
    figures: tuple[RatioFigure, ...]
    rises: tuple[Rise, ...]

    def whole(self) -> Exhibit:
        drawings = {"bars": self.bars()}
        if len(self.figures) > 1:
            drawings["day"] = self.day()
        for at, each in enumerate(self.figures, 1):
            drawings[f"strata-{at}"] = self.strata(at, each)
        return Exhibit(TURNOUT, self.words.say("turnout"), (self.table(), self.by_stratum()), drawings)

    def table(self) -> Table:
        say = self.words.say
        head = ("name", "stations", "estimate", "margin", "low", "high")
        rows = [(self.called(each), each.estimate.n, *_figures(each.estimate, 2)) for each in self.figures]
        doubts = _soundness(self.words, {self.called(each): each.soundness for each in self.figures})
        notes = (self.note(self.figures), *self._rises(), *doubts)
        return Table(say("turnout"), [say(key) for key in head], rows, frozenset(range(1, 6)), notes)

    def by_stratum(self) -> Table:
        by_name = {self.called(each): each.by_stratum() for each in self.figures}
        return _by_stratum(self.words, self.words.say("turnout"), by_name, self.words.say("name"))

    def bars(self) -> str:
        shown = [_bar(self.words, self.called(each), each.estimate, 2) for each in self.figures]
        top = _top(each.estimate for each in self.figures)
        return bars.bars(Caption("turnout-bars", self.words.say("turnout"), self.note(self.figures)), shown, top=top)

    def day(self) -> str:
        """Each turnout at the hour at which its form was due."""
        election, words = self.words.election, self.words
        shown = [
            times.Point(
                election.due_at(election.checklist.form(each.refs[0].partition(".")[0])).astimezone(election.zone),
                it.estimate,
                it.low,
                it.high,
                words.percent(it.estimate),
            )
            for each in self.figures
            if (it := each.estimate).estimate is not None
        ]
        shown.sort(key=lambda point: point.at)
        top = _top(each.estimate for each in self.figures)
        return times.band(
            Caption("turnout-day", words.say("turnout_day"), self.note(self.figures)), shown, top=min(1, top * 1.15)
        )

    def _rises(self) -> Iterator[str]:
        """From hour to hour, where both turnouts may be told."""
        called = {each.name: self.called(each) for each in self.figures}
        for it in self.rises:
            if it.earlier in called and it.later in called and it.estimate and it.estimate.estimate is not None:
                points, margin = (
                    self.words.number(tenths(it.estimate.estimate) or 0),
                    self.words.margin(it.estimate.margin),
                )
                named = {"earlier": called[it.earlier], "later": called[it.later]}
                yield self.words.say("rise", **named, points=points, margin=margin or self.words.say("not_available"))

    def strata(self, at: int, each: RatioFigure) -> str:
        title = self.called(each).capitalize()
        return _side_by_side(self.words, f"turnout-{at}", title, each.estimate, each.by_stratum())

    def note(self, shown: Sequence[RatioFigure]) -> str:
        n = min(each.estimate.n for each in shown)
        return base_note(self.words, [each.estimate for each in shown], n, 2)

    def called(self, figure: RatioFigure) -> str:
        return called(self.words, figure.name)


@dataclass(frozen=True, slots=True)
class _Ballot:
    words: Words
    ballot: SharesTable

    def whole(self) -> Exhibit:
        key = f"shares:{self.ballot.name}"
        return Exhibit(key, self.title, (self.table(), self.by_stratum()), {"bars": self.bars()})

    @property
    def title(self) -> str:
        return self.words.say("shares")

    @property
    def ranked(self) -> list[RatioFigure]:
        return sorted(self.ballot.parts, key=lambda part: -(part.estimate.estimate or 0))

    def table(self) -> Table:
        say = self.words.say
        head = ["name", "estimate", "margin", "low", "high"]
        judged = self.ballot.threshold is not None
        rows = [
            (part.name, *_figures(part.estimate, 2), *([say(part.call)] if judged and part.call else []))
            for part in self.ranked
        ]
        head += ["call"] if judged else []
        doubts = _soundness(self.words, {part.name: part.soundness for part in self.ranked})
        notes = (self.note(), *self._leads(), *doubts)
        return Table(self.title, [say(key) for key in head], rows, frozenset(range(1, 5)), notes)

    def by_stratum(self) -> Table:
        by_name = {part.name: part.by_stratum() for part in self.ranked}
        return _by_stratum(self.words, self.title, by_name, self.words.say("name"))

    def bars(self) -> str:
        shown = [_bar(self.words, part.name, part.estimate) for part in self.ranked]
        top = _top(part.estimate for part in self.ballot.parts)
        caption = Caption(f"{_id(self.ballot.name)}-bars", self.title, self.note())
        return bars.bars(caption, shown, top=top, bar=self.ballot.threshold)

    def note(self) -> str:
        told = base_note(self.words, [part.estimate for part in self.ballot.parts], self._n, 2)
        if self.ballot.threshold is None:
            return told
        return f"{told} · {self.words.say('threshold', share=self.words.number(100 * self.ballot.threshold, 0))}"

    @property
    def _n(self) -> int:
        return min((part.estimate.n for part in self.ballot.parts), default=0)

    def _leads(self) -> Iterator[str]:
        """Who is ahead, where that can be called, or that it cannot."""
        lead = next(iter(self.ballot.leads), None)
        if lead is not None and lead.estimate.estimate is not None and lead.estimate.margin is not None:
            points, margin = (
                self.words.number(tenths(it) or 0) for it in (lead.estimate.estimate, lead.estimate.margin)
            )
            key = "lead" if lead.called else "lead_open"
            yield self.words.say(key, first=lead.ahead, second=lead.behind, points=points, margin=margin)


def share(count: int, n: int) -> Decimal | None:
    """Of the stations that answered, as it is printed: 184 of 300 is 61.3."""
    return tenths(count / n) if n else None


def called(words: Words, name: str) -> str:
    """What a turnout is called, its name where the election gives it no title."""
    title = next((it.title for it in words.election.analysis.turnout if it.name == name), None)
    return words.said(title) if title else name


def base_note(words: Words, shown: Sequence[Estimate], n: int, digits: int = 1) -> str:
    """On how many stations it rests, and the widest margin."""
    known = [reach for it in shown if (reach := _reach(it)) is not None]
    count = words.number(n, 0)
    if not known or len(known) < len(shown):
        return words.say("base_no_margin", n=count)
    level = words.number(100 * shown[0].confidence, 0)
    key = "base_one" if len(shown) == 1 else "base"
    return words.say(key, n=count, margin=words.number(tenths(max(known), digits) or 0, digits), level=level)


def _soundness(words: Words, figures: Mapping[str, Soundness]) -> Iterator[str]:
    """How many stations' values were verified, are flagged, disputed or quarantined; a line for each figure of which
    any are, behind its name."""
    for name, it in figures.items():
        counts = {
            "verified": it.verified,
            "flagged": it.flagged,
            "disputed": it.disputed,
            "quarantined": it.quarantined,
        }
        told = " · ".join(words.say(f"sound_{key}", n=words.number(n, 0)) for key, n in counts.items() if n)
        if told:
            yield f"{name}: {told}" if name else told


def _figures(it: Estimate, digits: int = 1) -> tuple[Decimal | None, ...]:
    return tuple(tenths(value, digits) for value in (it.estimate, it.margin, it.low, it.high))


def _by_stratum(words: Words, title: str, figures: Mapping[str, Mapping[str, Estimate]], first: str) -> Table:
    head = [first, *(words.say(key) for key in ("stratum", "stations", "estimate", "margin", "low", "high"))]
    rows = [
        (name, stratum, it.n, *_figures(it))
        for name, strata in figures.items()
        for stratum, it in strata.items()
        if it.n
    ]
    level = next((it.confidence for strata in figures.values() for it in strata.values()), 0.95)
    note = words.say("strata_note", level=words.number(100 * level, 0), n=words.number(_stations(figures), 0))
    return Table(title, head, rows, frozenset(range(2, 7)), (note,))


def _stations(figures: Mapping[str, Mapping[str, Estimate]]) -> int:
    return sum(it.n for it in next(iter(figures.values()), {}).values())


def _side_by_side(words: Words, name: str, title: str, whole: Estimate, strata: Mapping[str, Estimate]) -> str:
    shown = [_bar(words, f"{stratum} ({it.n})", it) for stratum, it in strata.items() if it.n]
    note = words.say("strata_note", level=words.number(100 * whole.confidence, 0), n=words.number(whole.n, 0))
    top = _top([whole, *(it for it in strata.values() if it.n)])
    return bars.dots(Caption(f"{name}-strata", title, note), shown, _bar(words, words.say("all"), whole), top=top)


def _bar(words: Words, label: str, it: Estimate, digits: int = 1) -> Bar:
    told = f"{words.percent(it.estimate, digits)} {words.margin(it.margin, digits)}".strip()
    if it.estimate is not None and it.margin == 0 and it.low is not None and it.high is not None and it.high > it.low:
        bound = f"≤{words.percent(it.high, digits)}" if it.estimate == 0 else f"≥{words.percent(it.low, digits)}"
        told = f"{words.percent(it.estimate, digits)} ({bound})"
    return Bar(label, it.estimate, it.low, it.high, told)


def _reach(it: Estimate) -> float | None:
    """The margin; where all stations said the same the plain one is 0, and the interval says how far it may be."""
    if it.margin == 0 and it.low is not None and it.high is not None:
        return it.high - it.low
    return it.margin


def _top(shown: Sequence[Estimate] | Iterator[Estimate]) -> float:
    """Where the axis ends: the next round fraction above the highest interval, at most 1."""
    highest = max((it.high if it.high is not None else it.estimate or 0 for it in shown), default=1)
    step = ticks(max(highest, 0.01))
    width = step[1] - step[0] if len(step) > 1 else highest
    return min(1.0, max(0.01, -(-highest // width) * width))


def _id(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", key)
