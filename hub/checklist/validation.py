"""Who may say what from where, and what becomes of it: a reading and its sender judged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from hub.checklist import rules
from hub.checklist.definition import Checklist, Form
from hub.checklist.folding import folded_words
from hub.checklist.people import Person, Station
from hub.checklist.problems import Outcome, Problem, ProblemCode
from hub.checklist.reading import CommandText, IncidentText, Reading, ReportText
from hub.checklist.rules import Answers, Violation
from hub.checklist.suggestions import nearest
from hub.values import value

# A station's id and a person's → form → code → value: what the station says, and what this observer says of it.
Records = Callable[[int, int], Mapping[str, Answers]]

# What is wrong, but no reason for the desk to look: the answers are stored all the same.
_ONLY_TOLD = frozenset(["missing_answers", "rule_violated"])


@value
class Judgement:
    """What becomes of one message. `station` is set where it is the sender's to report from; `rejected_station` is
    one of the frame that was named, but is not."""

    outcome: Outcome
    form: str | None = None
    station: Station | None = None
    station_code: str | None = None
    person: Person | None = None
    answers: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    category: str | None = None
    description: str = ""
    comment: str = ""
    rejected_station: Station | None = None


@value
class Place:
    """Where a message belongs: whose it is and from which station, or the problem with that."""

    person: Person | None = None
    station: Station | None = None
    problem: Problem | None = None
    rejected: Station | None = None


def judge(
    reading: Reading,
    *,
    senders: Sequence[Person],
    stations: Mapping[str, Station],
    records: Records,
    checklist: Checklist,
    now: datetime | None = None,
) -> Judgement:
    """Judges a reading by who sent it. `senders`: all who are registered with this address. `stations`: by code, at
    least the senders' and the one that was texted. `records`: what the station has said so far; without its own
    form's answers they count as missing. `now` is when the message came; None leaves opening and closing aside."""
    known = _Known(senders, stations, records, checklist, now)
    if not senders:
        return known.stranger(reading)
    match reading:
        case ReportText():
            return known.report(reading)
        case IncidentText():
            return known.incident(reading)
        case CommandText():
            return Judgement("accepted", person=senders[0])
    return Judgement("rejected", person=senders[0], problems=reading.problems)


@value
class _Known:
    senders: Sequence[Person]
    stations: Mapping[str, Station]
    records: Records
    checklist: Checklist
    now: datetime | None

    def stranger(self, reading: Reading) -> Judgement:
        """Who is speaking comes before what is said: nothing else is told to somebody unknown."""
        problems = (Problem("unknown_sender"),)
        match reading:
            case ReportText():
                station = self.stations.get(reading.station or "")
                station = station if station and station.sampled else None
                return Judgement(
                    "rejected", reading.form, station, reading.station, problems=problems, comment=reading.comment
                )
            case IncidentText():
                return Judgement(
                    "rejected",
                    self.checklist.incident_code,
                    self.stations.get(reading.station or ""),
                    reading.station,
                    problems=problems,
                    category=reading.category,
                    description=reading.description,
                )
        return Judgement("rejected", problems=problems)

    def incident(self, reading: IncidentText) -> Judgement:
        place = place_incident(reading, self.senders, self.stations)
        problems = (*([place.problem] if place.problem else []), *reading.problems)
        return Judgement(
            "rejected" if problems else "accepted",
            self.checklist.incident_code,
            place.station,
            reading.station,
            place.person,
            problems=problems,
            category=reading.category,
            description=reading.description,
            rejected_station=place.rejected,
        )

    def report(self, reading: ReportText) -> Judgement:
        form = self.checklist.form(reading.form)
        place = place_report(reading, self.senders, self.stations)
        if place.station is None:
            # What is missing or contradicts a rule hangs on the station's record, and there is none.
            problems = (*([place.problem] if place.problem else []), *reading.problems)
            return _of_report(reading, place, "rejected", {}, problems)
        if early_or_late := untimely(form, self.now):
            return _of_report(reading, place, "rejected", {}, (early_or_late, *reading.problems))
        assert place.person is not None
        records = self.records(place.station.id, place.person.id)
        answers = {code: answer.value for code, answer in reading.answers.items()}
        broken = rules.of(self.checklist).violations(form.code, answers, records, place.station.voters)
        refused = {code for violation in broken if violation.rule.severity == "reject" for code in violation.codes}
        kept = {code: value for code, value in answers.items() if code not in refused} if refused else answers
        problems = (*reading.problems, *(_violation(it, reading) for it in broken))
        if missing := self._missing(form, reading, kept, records, place.station):
            problems = (*problems, Problem("missing_answers", detail={"codes": missing, "form": form.code}))
        return _of_report(reading, place, _outcome(form, kept, problems, bool(refused)), kept, problems)

    def _missing(
        self, form: Form, reading: ReportText, kept: Answers, records: Mapping[str, Answers], station: Station
    ) -> list[str]:
        """What is still to be told. An answer sent unsoundly is not missing; a report without any misses all."""
        missing = form.required_codes - reading.answers.keys() - reading.refused
        if not missing:
            return []
        before = records.get(form.code, {})
        if reading.answers or reading.refused or reading.problems:
            missing -= before.keys()
        now_known = {**records, form.code: {**before, **kept}}
        missing -= rules.of(self.checklist).unasked(form.code, now_known, station.voters)
        return [question.code for question in form.questions if question.code in missing]


def _of_report(
    reading: ReportText, place: Place, outcome: Outcome, answers: dict[str, str], problems: tuple[Problem, ...]
) -> Judgement:
    return Judgement(
        outcome,
        reading.form,
        place.station,
        reading.station,
        place.person,
        answers,
        problems,
        comment=reading.comment,
        rejected_station=place.rejected,
    )


def place_report(reading: ReportText, senders: Sequence[Person], stations: Mapping[str, Station]) -> Place:
    """The observer and the station of a report: a station of the sample that is the sender's own."""
    if any(problem.code == "unknown_station" for problem in reading.problems):
        return Place(person=senders[0])  # it names two
    if reading.station is None:
        place = _only_station(senders, stations)
        if place.station and not place.station.sampled:
            return _misplaced("station_out_of_sample", reading, senders, place.station)
        return _place_of_one(place.station, senders, reading.comment) if place.station else place
    station = stations.get(reading.station)
    if station is None:
        return _misplaced("unknown_station", reading, senders)
    # A mobile team reports no forms, wherever it is.
    if not station.sampled and any(person.role == "observer" for person in senders):
        return _misplaced("station_out_of_sample", reading, senders, station)
    if not _owners(station, senders):
        return _misplaced("station_not_assigned", reading, senders, station)
    return _place_of_one(station, senders, reading.comment)


def place_incident(reading: IncidentText, senders: Sequence[Person], stations: Mapping[str, Station]) -> Place:
    """Observers report incidents from their own stations; mobile teams and staff from anywhere in the frame."""
    if reading.station is None:
        return _only_station(senders, stations)
    station = stations.get(reading.station)
    if station is None:
        return _misplaced("unknown_station", reading, senders)
    # Two at one phone and one station: an incident is heard whoever of them speaks.
    roaming = next((person for person in senders if person.role != "observer"), None)
    person = next(iter(_owners(station, senders)), roaming)
    return Place(person, station) if person else _misplaced("station_not_assigned", reading, senders, station)


def _only_station(senders: Sequence[Person], stations: Mapping[str, Station]) -> Place:
    own = [(person, code) for person in senders if person.role == "observer" for code in person.stations]
    codes = {code for _, code in own}
    station = stations.get(codes.pop()) if len(codes) == 1 else None
    if station is None:
        detail = {"stations": sorted(codes)} if codes else {}
        return Place(person=senders[0], problem=Problem("station_missing", detail=detail))
    return Place(own[0][0], station)


def _owners(station: Station, senders: Sequence[Person]) -> list[Person]:
    return [person for person in senders if person.role == "observer" and station.code in person.stations]


def _place_of_one(station: Station, senders: Sequence[Person], comment: str) -> Place:
    """Of several observers who share a phone and a station, the one whose code the comment begins with."""
    owners = _owners(station, senders)
    if len(owners) == 1:
        return Place(owners[0], station)
    begun = folded_words(comment)
    named = [owner for owner in owners if (code := folded_words(owner.code)) and begun[: len(code)] == code]
    longest = max((len(folded_words(owner.code)) for owner in named), default=0)
    named = [owner for owner in named if len(folded_words(owner.code)) == longest]
    if len(named) == 1:
        return Place(named[0], station)
    people = [owner.code for owner in owners]
    detail = {"people": people, "person": people[0], "station": station.code}
    return Place(owners[0], None, Problem("person_missing", detail=detail), station)


def _misplaced(
    code: ProblemCode,
    reading: ReportText | IncidentText,
    senders: Sequence[Person],
    station: Station | None = None,
) -> Place:
    start, end = reading.station_span
    own = sorted({code for person in senders for code in person.stations})
    named = reading.station or (station.code if station else "")
    detail = {"station": named, "stations": own}
    # Where no number was texted, there is none to be mended.
    suggestion = _nearest_station(reading.station, own) if reading.station else None
    problem = Problem(code, start, end, None, reading.station, suggestion, detail)
    return Place(senders[0], None, problem, station)


def _nearest_station(told: str, own: Sequence[str]) -> str | None:
    """The sender's only station, or the one a digit away from what was told."""
    return own[0] if len(own) == 1 else nearest(told, ((code, code) for code in own))


def untimely(form: Form, now: datetime | None) -> Problem | None:
    if now and form.opens and now < form.opens:
        return Problem("report_not_due", detail={"form": form.code, "due": f"{form.opens:%H:%M}"})
    if now and form.closes and now > form.closes:
        return Problem("form_closed", detail={"form": form.code, "due": f"{form.closes:%H:%M}"})
    return None


def _violation(violation: Violation, reading: ReportText) -> Problem:
    places = [reading.answers[code] for code in violation.codes]
    detail = {
        "rule": violation.key,
        "severity": violation.rule.severity,
        "critical": violation.rule.critical,
        "codes": list(violation.codes),
        "form": violation.form,
        "message": violation.rule.message,
    }
    only = places[0] if len(places) == 1 else None
    return Problem(
        "rule_violated",
        only.start if only else 0,
        only.end if only else 0,
        field=violation.codes[0] if only else None,
        detail=detail,
    )


def _outcome(form: Form, kept: Mapping[str, str], problems: Sequence[Problem], refused: bool) -> Outcome:
    """Rejected where a form that asks something got no sound answer; partial where something was not stored."""
    if form.questions and not kept:
        return "rejected"
    return "partial" if refused or any(problem.code not in _ONLY_TOLD for problem in problems) else "accepted"
