"""What has come in against what should have: by form, region and stratum, over time, and station by station.

A form of `analysis.domains` rests on stations that nobody can list beforehand: those that reported it are expected,
the others are neither missing nor late.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from operator import add
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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


def coverage(session: Session, election: Election, now: datetime) -> Coverage:
    """Everything the day's page shows, in two queries."""
    stations = _drawn_stations(session)
    records = _records(session, election)
    forms = [_form_coverage(election, form, stations, records[form.code], now) for form in election.checklist.forms]
    grid = [
        StationCoverage(*station, {form.form: _state(form, records[form.form].get(station.id), now) for form in forms})
        for station in _by_district(stations)
    ]
    return Coverage({form.form: form for form in forms}, tuple(grid), _curve(forms, records, now))


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


class _Station(NamedTuple):
    id: int
    code: str
    stratum: str
    region: str
    district: str


@dataclass(frozen=True, slots=True)
class _Record:
    complete: bool
    flagged: bool
    first_at: datetime


_Records = dict[str, dict[int, _Record]]  # form → station → record


def _drawn_stations(session: Session) -> list[_Station]:
    columns = (StationRow.id, StationRow.code, StationRow.stratum, StationRow.region, StationRow.district)
    rows = session.execute(select(*columns).where(StationRow.sampled).order_by(StationRow.id))
    return [_Station(*row) for row in rows]


def _by_district(stations: Sequence[_Station]) -> list[_Station]:
    regions = list(dict.fromkeys(station.region for station in stations))
    # Codes are digits of different lengths: the shorter is the smaller number.
    return sorted(stations, key=lambda each: (regions.index(each.region), each.district, len(each.code), each.code))


def _records(session: Session, election: Election) -> _Records:
    columns = ("station_id", "form", "answers", "conflicts", "flags", "quarantined", "first_at")
    chosen = [*(StationRecordRow.__table__.c[name] for name in columns), StationRow.voters]
    rows = session.execute(
        select(*chosen).join(StationRow, StationRow.id == StationRecordRow.station_id).where(StationRow.sampled)
    ).all()
    required = {form.code: _required(form) for form in election.checklist.forms}
    notes = {form.code: _notes(form) for form in election.checklist.forms}
    records: _Records = {form: {} for form in required}
    said: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in rows:
        said[row.station_id][row.form] = row.answers
    judge = rules.of(election.checklist)
    for station, form, answers, conflicts, flags, quarantined, first_at, voters in rows:
        if form in records:  # a form that the configuration has dropped since is nobody's business any more
            flagged = bool(quarantined or conflicts or set(flags) - notes[form])
            asked = required[form] - judge.unasked(form, said[station], voters)
            records[form][station] = _Record(asked <= answers.keys(), flagged, first_at)
    return records


def _required(form: Form) -> frozenset[str]:
    return frozenset(question.code for question in form.questions if question.required)


def _notes(form: Form) -> frozenset[str]:
    return frozenset(rule.name for rule in form.rules if rule.severity == "note")


def _form_coverage(
    election: Election, form: Form, stations: Sequence[_Station], records: dict[int, _Record], now: datetime
) -> FormCoverage:
    due, domain = due_at(election, form), _is_domain(election, form)
    every = Tally()
    regions: dict[str, Tally] = defaultdict(Tally)
    strata: dict[str, Tally] = defaultdict(Tally)
    for station in stations:
        one = _one(records.get(station.id), domain, due <= now)
        every += one
        regions[station.region] += one
        strata[station.stratum] += one
    return FormCoverage(form.code, form.title, due, domain, every, dict(regions), dict(strata))


def _one(record: _Record | None, domain: bool, due: bool) -> Tally:
    if record is None:
        return Tally() if domain else Tally(expected=1, late=int(due))
    return Tally(expected=1, received=1, complete=int(record.complete), flagged=int(record.flagged))


def _state(form: FormCoverage, record: _Record | None, now: datetime) -> State:
    if record is None:
        return "awaited" if form.domain or now < form.due_at else "missing"
    if record.flagged:
        return "flagged"
    return "complete" if record.complete else "partial"


def _curve(forms: Sequence[FormCoverage], records: _Records, now: datetime) -> tuple[CurvePoint, ...]:
    came = Counter(_bucket(record.first_at) for of_form in records.values() for record in of_form.values())
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
