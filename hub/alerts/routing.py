"""Whom an alert reaches, and by which road: staff of the station's region, Telegram first, SMS where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.checklist.people import Person
from hub.election.definition import Alerting
from hub.models import OutboxRow
from hub.sample import roster
from hub.sample.roster import Contact


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to page, and the contact to page at."""

    person: Person
    contact: Contact


def recipients(session: Session, alerting: Alerting, severity: int, region: str) -> list[Recipient]:
    """Who is paged. Where nobody of the region can be reached, the fallback role is; never silently nobody."""
    found = _reachable(session, alerting.page.get(severity, ()), region)  # type: ignore[call-overload]
    return found or _reachable(session, (alerting.fallback,), region)


def was_paged(session: Session, alert_id: int, person_id: int) -> bool:
    """Only those routed to may act on an alert."""
    statement = select(OutboxRow.id).where(OutboxRow.alert_id == alert_id, OutboxRow.person_id == person_id)
    return session.scalar(statement.limit(1)) is not None


def _reachable(session: Session, roles: tuple[str, ...], region: str) -> list[Recipient]:
    people = roster.staff(session, roles, region)
    contacts = roster.contacts(session, [person.id for person in people])
    return [Recipient(person, contacts[person.id][0]) for person in people if contacts.get(person.id)]
