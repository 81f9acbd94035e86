"""Whom to call: the forms that stations owe, who is there, and what came of the calls so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import audit
from hub.checklist.definition import Form
from hub.database import parts
from hub.election.definition import Election
from hub.models import AccountRow, CallRow, ContactRow, JournalRow, PersonRow, StationRecordRow, StationRow
from hub.sample import roster

Outcome = Literal["no_answer", "off", "will_send", "read"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LAST = 5  # calls shown of a person
REST = timedelta(minutes=10)  # who was called a moment ago stands behind the others


@dataclass(frozen=True, slots=True)
class Observer:
    """`hint`: the last three digits of the phone, "" where none is known; `reveals`: how often it was shown whole."""

    id: int
    code: str
    language: str
    hint: str
    heard_at: datetime | None
    reveals: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    at: datetime
    observer: str
    outcome: str
    by: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A form of a drawn station that is due and not here."""

    station_id: int
    station: str
    district: str
    region: str
    form: str
    due_at: datetime
    observers: tuple[Observer, ...]
    calls: tuple[Call, ...]  # newest first


def owed(session: Session, election: Election, now: datetime, *, after: timedelta, region: str = "") -> list[Owed]:
    """What is late by more than `after`: who was not called a moment ago first, the latest form first of these."""
    forms = [form for form in overdue(election, now, after)]
    missing = list(_missing(session, forms, region))
    station_ids = {station.id for station, _ in missing}
    people = _observers(session, station_ids, now)
    calls = _calls(session, {form.code for form in forms}, station_ids)
    lines = [_owed(election, station, form, people, calls) for station, form in missing]
    return sorted(lines, key=lambda it: (_rests(it, now), it.due_at, it.region, it.station))


def line(
    session: Session, election: Election, now: datetime, station_id: int, form_code: str, *, region: str = ""
) -> Owed | None:
    """The one line of a station and form; None where nothing is owed, or not in this region."""
    form = next((it for it in overdue(election, now, timedelta(0)) if it.code == form_code), None)
    station = session.get(StationRow, station_id)
    if form is None or station is None or not station.sampled or region not in ("", station.region):
        return None
    if session.get(StationRecordRow, (station_id, form_code)) is not None:
        return None
    people = _observers(session, {station_id}, now)
    return _owed(election, station, form, people, _calls(session, {form_code}, {station_id}))


def overdue(election: Election, now: datetime, after: timedelta) -> Iterator[Form]:
    """The forms that every drawn station should have sent by now, but for those of some stations only."""
    for form in election.checklist.forms:
        if form.code not in election.analysis.domains and election.due_at(form) + after <= now:
            yield form


def log_call(
    session: Session, *, station_id: int, form: str, person_id: int, account_id: int, outcome: Outcome, now: datetime
) -> None:
    session.add(
        CallRow(at=now, station_id=station_id, form=form, person_id=person_id, account_id=account_id, outcome=outcome)
    )


def calls_to(session: Session, person_id: int) -> tuple[Call, ...]:
    """The last calls to a person, newest first."""
    statement = (
        select(CallRow, PersonRow.code, AccountRow.name)
        .join(PersonRow, PersonRow.id == CallRow.person_id)
        .join(AccountRow, AccountRow.id == CallRow.account_id)
        .where(CallRow.person_id == person_id)
        .order_by(CallRow.id.desc())
        .limit(LAST)
    )
    return tuple(Call(row.at, code, row.outcome, name) for row, code, name in session.execute(statement))


def phone(session: Session, person_id: int) -> tuple[str, bytes] | None:
    """A person's code and sealed number, if one is known."""
    statement = (
        select(PersonRow.code, ContactRow.sealed)
        .join(ContactRow, ContactRow.person_id == PersonRow.id)
        .where(PersonRow.id == person_id, ContactRow.kind == "phone")
        .order_by(ContactRow.id)
    )
    found = session.execute(statement).first()
    return (found[0], found[1]) if found else None


def _owed(
    election: Election,
    station: StationRow,
    form: Form,
    people: Mapping[int, list[Observer]],
    calls: Mapping[tuple[int, str], list[Call]],
) -> Owed:
    return Owed(
        station.id,
        station.code,
        station.district,
        station.region,
        form.code,
        election.due_at(form),
        tuple(people.get(station.id, ())),
        tuple(calls.get((station.id, form.code), ())),
    )


def _rests(line: Owed, now: datetime) -> bool:
    return bool(line.calls) and now - line.calls[0].at < REST


def _missing(session: Session, forms: Collection[Form], region: str) -> Iterator[tuple[StationRow, Form]]:
    drawn = select(StationRow).where(StationRow.sampled).order_by(StationRow.code)
    if region:
        drawn = drawn.where(StationRow.region == region)
    stations = list(session.scalars(drawn))
    codes = [form.code for form in forms]
    statement = select(StationRecordRow.station_id, StationRecordRow.form).where(StationRecordRow.form.in_(codes))
    here = {(station_id, form) for station_id, form in session.execute(statement)}
    for form in forms:
        yield from ((station, form) for station in stations if (station.id, form.code) not in here)


def _observers(session: Session, station_ids: Collection[int], now: datetime) -> dict[int, list[Observer]]:
    posted = roster.observers(session, station_ids, now)
    ids = {person for persons in posted.values() for person in persons}
    known: dict[int, Observer] = {}
    for part in parts(ids):
        heard = {
            person_id: at
            for person_id, at in session.execute(
                select(ContactRow.person_id, func.max(JournalRow.received_at))
                .join(JournalRow, JournalRow.sender_digest == ContactRow.digest)
                .where(ContactRow.person_id.in_(part), JournalRow.corrects.is_(None))
                .group_by(ContactRow.person_id)
            )
        }
        hints: dict[int, str] = {}
        phones = select(ContactRow.person_id, ContactRow.hint).where(
            ContactRow.person_id.in_(part), ContactRow.kind == "phone"
        )
        for person_id, hint in session.execute(phones.order_by(ContactRow.id)):
            hints.setdefault(person_id, hint)
        rows = list(session.scalars(select(PersonRow).where(PersonRow.id.in_(part))))
        seen = audit.count(session, "reveal", [row.code for row in rows])
        for row in rows:
            hint, at = hints.get(row.id, ""), heard.get(row.id)
            known[row.id] = Observer(row.id, row.code, row.language, hint, at, seen[row.code])
    found: dict[int, list[Observer]] = defaultdict(list)
    for station_id, persons in posted.items():
        found[station_id] = sorted((known[person] for person in persons), key=lambda it: it.code)
    return found


def _calls(session: Session, forms: Collection[str], station_ids: Collection[int]) -> dict[tuple[int, str], list[Call]]:
    found: dict[tuple[int, str], list[Call]] = defaultdict(list)
    for part in parts(station_ids):
        statement = (
            select(CallRow, PersonRow.code, AccountRow.name)
            .join(PersonRow, PersonRow.id == CallRow.person_id)
            .join(AccountRow, AccountRow.id == CallRow.account_id)
            .where(CallRow.station_id.in_(part), CallRow.form.in_(forms))
            .order_by(CallRow.id.desc())
        )
        for row, code, name in session.execute(statement):
            found[row.station_id, row.form].append(Call(row.at, code, row.outcome, name))
    return found
