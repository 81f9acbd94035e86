"""STATUS · ACK n · DONE n, texted or pressed as a button: what they do, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hub.alerts import life, routing
from hub.checklist.people import Person, Station
from hub.checklist.reading import CommandText
from hub.election.definition import Election
from hub.intake.journal import Entry
from hub.models import AlertRow, PersonRow
from hub.replies import say
from hub.reports.stations import StationRecords


def status(
    election: Election, senders: Sequence[Person], stations: Mapping[str, Station], records: StationRecords
) -> str:
    """What has come from these people's stations, and what is still due."""
    lines = []
    language = senders[0].language
    for code in dict.fromkeys(code for person in senders for code in person.stations):
        forms = election.checklist.forms
        received = [form.code for form in forms if records.get(stations[code].id, form.code)]
        due = [f"{form.code} {form.due:%H:%M}" for form in forms if form.code not in received]
        told = {"received": ", ".join(received) or "–", "due": ", ".join(due) or "–"}
        lines.append(say(election, "status", language, station=code, **told))
    return "\n".join(lines) or say(election, "status_nothing_due", language)


def act(
    session: Session, election: Election, command: CommandText, senders: Sequence[Person], entry: Entry, now: datetime
) -> str:
    """Acknowledges or resolves an alert, where the sender is one of those it was routed to; the answer."""
    language = senders[0].language
    if not command.argument.isdigit():
        return say(election, "unknown_command_number", language)
    number = int(command.argument)
    alert = session.get(AlertRow, number) if number < 2**31 else None
    if alert is None:
        return say(election, "alert_unknown", language, number=number)
    # Authorised by who pressed or texted, never by what the button carried: a forwarded one does nothing for others.
    person = next((sender for sender in senders if routing.was_paged(session, number, sender.id)), None)
    if person is None:
        return say(election, "alert_not_yours", language, number=number)
    how = "button" if entry.kind == "button" else entry.channel
    if command.name == "ack":
        won = life.acknowledge(session, number, person_id=person.id, account_id=None, how=how, now=now)
        key = "alert_acknowledged" if won else "alert_taken"
    else:
        won = life.resolve(session, number, person_id=person.id, account_id=None, how=how, now=now, words=command.rest)
        key = "alert_resolved" if won else "alert_closed"
    if won:
        return say(election, key, language, number=number)
    session.refresh(alert)
    return say(election, key, language, number=number, **_holder(session, election, alert))


def _holder(session: Session, election: Election, alert: AlertRow) -> dict[str, str]:
    who = alert.resolved_by or alert.acknowledged_by
    at = alert.resolved_at or alert.acknowledged_at
    person = session.get(PersonRow, who) if who else None
    return {
        "person": person.code if person else "",
        "time": f"{at.astimezone(election.zone):%H:%M}" if at else "",
    }
