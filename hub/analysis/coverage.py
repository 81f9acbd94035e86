"""What has come in against what should have: by form, region and stratum, over time, and station by station.

A form of `analysis.domains` rests on stations that nobody can list beforehand: those that reported it are expected,
the others are neither missing nor late.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from operator import add
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.analysis.evidence import Drawn, Evidence
from hub.checklist import rules
from hub.checklist.definition import Form, Text
from hub.election.definition import Election
from hub.models import AlertRow, StationRecordRow, StationRow, WorkItemRow

# ● complete · ◐ partial · ○ missing (due and not here) · ▲ flagged (a conflict, a violated rule, quarantined)
# awaited: not due yet, or a domain's form that this station may never have to report
State = Literal["complete", "partial", "missing", "flagged", "awaited"]
BUCKET = timedelta(minutes=5)
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tally:
    """Stations. `received`: anything came; `complete`: every required answer is agreed; `late`: due, not here."""

    expected: int = 0
    received: int = 0
    complete: int = 0
    flagged: int = 0
    late: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*map(add, astuple(self), astuple(other)))

    def __mul__(self, count: int) -> Tally:
        return Tally(*(count * each for each in astuple(self)))

    @property
    def share(self) -> float | None:
        """Received of expected, as a fraction; None where nothing is expected."""
        return self.received / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class FormCoverage:
    """One form: `all` its stations, and by region and stratum in the frame's order."""

    form: str
    title: Text
    due_at: datetime
    domain: bool
    all: Tally
    by_region: dict[str, Tally]
    by_stratum: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class StationCoverage:
    """A square of the grid: a drawn station and the state of each of its forms, in the election's order."""

    id: int
    code: str
    stratum: str
    region: str
    district: str
    states: dict[str, State]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """By the end of a five-minute bucket: reports received so far (None in the future), and reports due so far."""

    at: datetime
    received: int | None
    due: int


@dataclass(frozen=True, slots=True)
class Coverage:
    forms: dict[str, FormCoverage]
    grid: tuple[StationCoverage, ...]  # by region, district and number
    curve: tuple[CurvePoint, ...]  # only buckets in which something came or fell due


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one form of one station has come. `flagged`: a conflict, a violated rule, something quarantined."""

    complete: bool
    flagged: bool
    came: datetime | None


Marks = dict[str, dict[int, Mark]]  # form → station → mark


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The six figures on top of the day's page. Reports, but for `waiting` and `conflicts` (work items) and alerts.

    `received` counts reports that came before they were due as well, so it can be more than `expected`.
    """

    expected: int
    received: int
    waiting: int
    late: int
    alerts_open: int
    conflicts: int


def coverage(evidence: Evidence, election: Election, now: datetime, marks: Marks | None = None) -> Coverage:
    """Everything the day's page shows. Pure. `marks`: of this evidence, where they are known already."""
    stations = evidence.frame.drawn
    known = marked(evidence, election) if marks is None else marks
    forms = [_form_coverage(election, form, stations, known[form.code], now) for form in election.checklist.forms]
    grid = [
        StationCoverage(
            each.id,
            each.code,
            each.stratum,
            each.region,
            each.district,
            {form.form: _state(form, known[form.form].get(each.id), now) for form in forms},
        )
        for each in _by_district(stations)
    ]
    return Coverage({form.form: form for form in forms}, tuple(grid), _curve(forms, known, now))


def marked(evidence: Evidence, election: Election, stations: Collection[int] | None = None) -> Marks:
    """How far each form of the drawn stations has come; of some of them, where these are named."""
    judge = rules.of(election.checklist)
    asked = [(form.code, form.required_codes, _notes(form)) for form in election.checklist.forms]
    marks: Marks = {form: {} for form, _, _ in asked}
    for station in evidence.frame.drawn:
        if stations is not None and station.id not in stations:
            continue
        records = {form: here[station.id] for form, here in evidence.records.items() if station.id in here}
        said = {form: {**record.answers, **record.quarantined} for form, record in records.items()}
        for form, required, notes in asked:
            if record := records.get(form):
                complete = required - judge.unasked(form, said, station.voters) <= said[form].keys()
                flagged = bool(record.quarantined or record.said or record.flags - notes)
                marks[form][station.id] = Mark(complete, flagged, record.came)
    return marks


def day_figures(session: Session, election: Election, now: datetime) -> DayFigures:
    """The same without reading any answers: four counts."""
    drawn = session.scalar(select(func.count()).select_from(StationRow).where(StationRow.sampled)) or 0
    received = _received(session, election)
    due = [form for form in election.checklist.forms if due_at(election, form) <= now]
    expected = {form.code: received[form.code] if _is_domain(election, form) else drawn for form in due}
    waiting = _open_items(session)
    alerts = select(func.count()).select_from(AlertRow).where(AlertRow.state != "resolved")
    return DayFigures(
        expected=sum(expected.values()),
        received=received.total(),
        waiting=waiting.total(),
        late=sum(count - received[form] for form, count in expected.items()),
        alerts_open=session.scalar(alerts) or 0,
        conflicts=waiting["conflict"],
    )


def due_at(election: Election, form: Form) -> datetime:
    """When a form is due, in UTC. What is not here a moment later is late."""
    return election.due_at(form)


def _by_district(stations: Sequence[Drawn]) -> list[Drawn]:
    regions = {region: place for place, region in enumerate(dict.fromkeys(station.region for station in stations))}
    # Codes are digits of different lengths: the shorter is the smaller number.
    return sorted(stations, key=lambda each: (regions[each.region], each.district, len(each.code), each.code))


def _notes(form: Form) -> frozenset[str]:
    return frozenset(rule.name for rule in form.rules if rule.severity == "note")


def _form_coverage(
    election: Election, form: Form, stations: Sequence[Drawn], marks: Mapping[int, Mark], now: datetime
) -> FormCoverage:
    due, domain = due_at(election, form), _is_domain(election, form)
    every = Tally()
    regions: dict[str, Tally] = defaultdict(Tally)
    strata: dict[str, Tally] = defaultdict(Tally)
    alike = Counter((it.region, it.stratum, _one(marks.get(it.id), domain, due <= now)) for it in stations)
    for (region, stratum, one), count in alike.items():
        every += one * count
        regions[region] += one * count
        strata[stratum] += one * count
    return FormCoverage(form.code, form.title, due, domain, every, dict(regions), dict(strata))


def _one(mark: Mark | None, domain: bool, due: bool) -> Tally:
    if mark is None:
        return Tally() if domain else Tally(expected=1, late=int(due))
    return Tally(expected=1, received=1, complete=int(mark.complete), flagged=int(mark.flagged))


def _state(form: FormCoverage, mark: Mark | None, now: datetime) -> State:
    if mark is None:
        return "awaited" if form.domain or now < form.due_at else "missing"
    if mark.flagged:
        return "flagged"
    return "complete" if mark.complete else "partial"


def _curve(forms: Sequence[FormCoverage], marks: Marks, now: datetime) -> tuple[CurvePoint, ...]:
    came = Counter(_bucket(mark.came) for of_form in marks.values() for mark in of_form.values() if mark.came)
    due: Counter[datetime] = Counter()
    for form in forms:
        due[_bucket(form.due_at)] += form.all.expected
    points, received, expected = [], 0, 0
    for at in sorted(came | due):
        received, expected = received + came[at], expected + due[at]
        points.append(CurvePoint(at, received if at - BUCKET < now else None, expected))
    return tuple(points)


def _bucket(moment: datetime) -> datetime:
    """The end of the five minutes in which it falls."""
    return moment + (_MIDNIGHT - moment) % BUCKET


def _is_domain(election: Election, form: Form) -> bool:
    return form.code in election.analysis.domains


def _received(session: Session, election: Election) -> Counter[str]:
    statement = (
        select(StationRecordRow.form, func.count())
        .join(StationRow, StationRow.id == StationRecordRow.station_id)
        .where(StationRow.sampled, StationRecordRow.form.in_(election.checklist.by_code))
        .group_by(StationRecordRow.form)
    )
    return Counter({form: count for form, count in session.execute(statement)})


def _open_items(session: Session) -> Counter[str]:
    statement = select(WorkItemRow.kind, func.count()).where(WorkItemRow.closed_at.is_(None)).group_by(WorkItemRow.kind)
    return Counter({kind: count for kind, count in session.execute(statement)})
