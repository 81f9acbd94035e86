"""STATUS · ACK n · WAY n · CALL n · DONE n · FALSE n, texted or pressed: what they do, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hub import audit
from hub.alerts import life, steps
from hub.alerts.life import Who
from hub.checklist.people import Person, Station
from hub.checklist.reading import CommandText
from hub.context import Hub
from hub.desk import opening
from hub.dialog import plan
from hub.election.definition import Election
from hub.intake.journal import Entry
from hub.models import AlertRow, PersonRow
from hub.replies import say
from hub.reports.stations import StationRecords
from hub.sample import roster


def status(
    session: Session,
    election: Election,
    senders: Sequence[Person],
    stations: Mapping[str, Station],
    records: StationRecords,
    sender: bytes,
) -> str:
    """What has come from these people's stations, what is still due, and what is wrong with what is here."""
    lines = []
    language = senders[0].language
    for code in dict.fromkeys(code for person in senders for code in person.stations):
        forms = election.checklist.forms
        received = [form.code for form in forms if records.get(stations[code].id, form.code)]
        due = [f"{form.code} {form.due:%H:%M}" for form in forms if form.code not in received]
        told = {"received": ", ".join(received) or "–", "due": ", ".join(due)}
        lines.append(say(election, "status" if due else "status_nothing_due", language, station=code, **told))
        lines += _wrong(election, language, stations[code], records)
    if waiting := opening.unread_of(session, sender):
        lines.append(say(election, "status_at_desk", language, count=waiting))
    return "\n".join(lines) or say(election, "dialog_nothing", language)


def _wrong(election: Election, language: str, station: Station, records: StationRecords) -> Iterator[str]:
    """Forms that are incomplete, that two observers answer differently, or that break a rule."""
    for form in election.checklist.forms:
        record = records.get(station.id, form.code)
        if record is None:
            continue
        known = records.answers(station.id)
        differs = {"form": form.code, "codes": ", ".join(record.conflicts)}
        lacking = [
            code
            for code in plan.lacking(election.checklist, form, known, station.voters)
            if code not in record.conflicts
        ]
        if lacking:
            yield say(election, "status_missing", language, form=form.code, codes=", ".join(lacking))
        if record.conflicts:
            yield say(election, "status_differs", language, **differs)
        messages = {rule.name: rule.message for rule in (*form.rules, *form.conditions.values())}
        for name in record.flags:
            if name in messages:
                message = f"{form.code}: {messages[name][election.language(language)]}"
                yield say(election, "problem_rule_violated", language, message=message, form=form.code)


@dataclass(frozen=True, slots=True)
class Acted:
    """What is answered, and what is sent aside because it must not vanish with the button's answer."""

    said: str
    aside: str = ""


def act(
    session: Session, hub: Hub, command: CommandText, senders: Sequence[Person], entry: Entry, now: datetime
) -> Acted:
    """Acknowledges, resolves or calls about an alert, where the sender is one of those whose turn has come."""
    election, language = hub.election, senders[0].language
    if not command.argument.isdigit():
        return Acted(say(election, "unknown_command_number", language))
    number = int(command.argument)
    alert = session.get(AlertRow, number) if number < 2**31 else None
    if alert is None:
        return Acted(say(election, "alert_unknown", language, number=number))
    # Authorised by who pressed or texted, never by what the button carried: a forwarded one does nothing for others.
    person = next((sender for sender in senders if steps.was_paged(session, number, sender.id)), None)
    if person is None:
        return Acted(say(election, "alert_not_yours", language, number=number))
    who = Who("button" if entry.kind == "button" else entry.channel, person.id)
    if command.name == "call":
        return _call(session, hub, alert, who, language, now)
    done, key, otherwise = _change(session, hub, number, command, who, now)
    if done:
        return Acted(say(election, key, language, number=number))
    session.refresh(alert)
    return Acted(say(election, otherwise, language, number=number, **_holder(session, election, alert)))


def _change(
    session: Session, hub: Hub, number: int, command: CommandText, who: Who, now: datetime
) -> tuple[bool, str, str]:
    """Whether the alert was changed; what to say then, and otherwise."""
    alerting = hub.election.alerting
    match command.name:
        case "ack":
            return life.acknowledge(session, alerting, number, who, now), "alert_acknowledged", "alert_taken"
        case "way":
            return life.on_the_way(session, alerting, number, who, now), "alert_on_the_way", "alert_closed"
        case "false":
            done = life.resolve(session, number, who, now, command.rest, "false")
            return done, "alert_false", "alert_closed"
        case _:
            return life.resolve(session, number, who, now, command.rest), "alert_resolved", "alert_closed"


def _call(session: Session, hub: Hub, alert: AlertRow, who: Who, language: str, now: datetime) -> Acted:
    """The observer's number, for whoever is to verify the alert. A reveal is audited, and stands in the timeline."""
    contacts = roster.contacts(session, [alert.person_id])[alert.person_id] if alert.person_id else []
    phone = next((contact for contact in contacts if contact.kind == "phone"), None)
    reporter = session.get(PersonRow, alert.person_id) if alert.person_id else None
    if phone is None or reporter is None:
        return Acted(say(hub.election, "alert_no_phone", language, number=alert.id))
    life.note(session, alert.id, "called", now, person_id=who.person_id, detail=who.how)
    after = {"alert": alert.id, "shown_to": who.person_id}
    audit.record(session, "reveal", now, account_id=None, subject=reporter.code, address=who.how, after=after)
    address = hub.vault.open(phone.sealed).decode()
    told = say(hub.election, "alert_phone", language, number=alert.id, person=reporter.code, phone=address)
    return Acted(say(hub.election, "alert_call_below", language), told) if who.how == "button" else Acted(told)


def _holder(session: Session, election: Election, alert: AlertRow) -> dict[str, str]:
    who = alert.resolved_by or alert.acknowledged_by
    at = alert.resolved_at or alert.acknowledged_at
    person = session.get(PersonRow, who) if who else None
    return {
        "person": person.code if person else "",
        "time": f"{at.astimezone(election.zone):%H:%M}" if at else "",
    }
