"""HELP · STATUS · ACK n · DONE n, texted or pressed as a button: what they do, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hub.alerts import life, routing
from hub.checklist.reading import CommandText
from hub.context import Hub
from hub.election.definition import Election
from hub.intake.journal import Entry
from hub.models import AlertRow, PersonRow
from hub.replies import help_text, say
from hub.reports.stations import StationRecords
from hub.sample.people import Person, Station


def obey(
    session: Session,
    hub: Hub,
    command: CommandText,
    senders: Sequence[Person],
    entry: Entry,
    stations: Mapping[str, Station],
    records: StationRecords,
    now: datetime,
) -> str:
    """Does what a registered person commands; the answer in their language."""
    person = senders[0]
    match command.name:
        case "help":
            form = hub.election.checklist.by_code.get(command.argument)
            return help_text(hub.election, person.language, form, brief=entry.channel != "telegram")
        case "status":
            return "\n".join(status(hub.election, sender, stations, records, now) for sender in senders)
        case "ack" | "done":
            return _act(session, hub, command, senders, entry, now)


def status(
    election: Election, person: Person, stations: Mapping[str, Station], records: StationRecords, now: datetime
) -> str:
    """What has come from this person's stations, and what is still due."""
    lines = []
    for code in person.stations:
        station = stations[code]
        forms = election.checklist.forms
        received = [form.code for form in forms if records.get(station.id, form.code)]
        due = [f"{form.code} {form.due:%H:%M}" for form in forms if form.code not in received]
        lines.append(
            say(
                election,
                "status",
                person.language,
                station=code,
                received=", ".join(received) or "–",
                due=", ".join(due) or "–",
            )
        )
    return "\n".join(lines) or say(election, "status_nothing_due", person.language)


def _act(
    session: Session, hub: Hub, command: CommandText, senders: Sequence[Person], entry: Entry, now: datetime
) -> str:
    language = senders[0].language
    if not command.argument.isdigit():
        return say(hub.election, "unknown_command_number", language)
    number = int(command.argument)
    alert = session.get(AlertRow, number) if number < 2**31 else None
    if alert is None:
        return say(hub.election, "alert_unknown", language, number=number)
    # Authorised by who pressed or texted, never by what the button carried: a forwarded one does nothing for others.
    person = next((sender for sender in senders if routing.was_paged(session, number, sender.id)), None)
    if person is None:
        return say(hub.election, "alert_not_yours", language, number=number)
    how = "button" if entry.kind == "button" else entry.channel
    if command.name == "ack":
        won = life.acknowledge(session, number, person_id=person.id, account_id=None, how=how, now=now)
        key = "alert_acknowledged" if won else "alert_taken"
    else:
        won = life.resolve(session, number, person_id=person.id, account_id=None, how=how, now=now, words=command.rest)
        key = "alert_resolved" if won else "alert_closed"
    if won:
        return say(hub.election, key, language, number=number)
    session.refresh(alert)
    return say(hub.election, key, language, number=number, **_holder(session, hub.election, alert))


def _holder(session: Session, election: Election, alert: AlertRow) -> dict[str, str]:
    who = alert.resolved_by or alert.acknowledged_by
    at = alert.resolved_at or alert.acknowledged_at
    person = session.get(PersonRow, who) if who else None
    return {
        "person": person.code if person else "",
        "time": f"{at.astimezone(election.zone):%H:%M}" if at else "",
    }
