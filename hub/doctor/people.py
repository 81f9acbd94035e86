"""The election that is loaded, and whether everybody who matters can be reached: observers, those on call, accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.accounts import accounts
from hub.alerts import routing
from hub.bootstrap import sms_road
from hub.database import parts
from hub.doctor.checks import Check, doubtful, fine, wrong
from hub.election.alerting import Alerting
from hub.election.definition import Election
from hub.models import AlertRow, AssignmentRow, ContactRow, PersonRow, StationRow
from hub.sample import proofs, roster
from hub.settings import Settings

NAMED = 8  # codes in a line; the rest is counted
ROLES_AT_WORK = ("operator", "coordinator", "admin")


def roads(settings: Settings) -> set[str]:
    """The kinds of contact that a configured gateway serves."""
    telegram = {"telegram"} if settings.telegram_token.get_secret_value() else set()
    return telegram | ({"phone"} if sms_road(settings) else set())


def election(session: Session, election: Election, served: set[str]) -> Iterator[Check]:
    days = sorted({form.day for form in election.checklist.forms})
    when = " to ".join(dict.fromkeys(f"{day:%d %B %Y}" for day in (days[0], days[-1])))
    yield fine("election", f"{election.name[election.default_language]}; {when}, {election.timezone}")
    yield from _stations(session)
    yield from _contacts(session, served)
    yield from _on_call(session, election, served)
    yield from _codes(session, election)
    yield from _accounts(session)


def _stations(session: Session) -> Iterator[Check]:
    posted = select(AssignmentRow.station_id)
    sampled = select(StationRow.code).where(StationRow.sampled).order_by(StationRow.id)
    count = len(session.scalars(sampled).all())
    if not count:
        yield wrong("sample", "no station is drawn: hub draw DIR, and load it again")
    elif empty := session.scalars(sampled.where(StationRow.id.not_in(posted))).all():
        yield doubtful("sample", f"nobody is posted to {len(empty)} of {count} stations: {_some(empty)}")
    else:
        yield fine("sample", f"{count} stations, each with an observer")


def _contacts(session: Session, served: set[str]) -> Iterator[Check]:
    """People without any road to them; groups have theirs, and staff that is only at the desk needs none."""
    people = session.execute(
        select(PersonRow.id, PersonRow.code)
        .where(PersonRow.active, PersonRow.role != "operator")
        .order_by(PersonRow.id)
    ).all()
    reached = _reached(session, served)
    lost = [code for id, code in people if id not in reached]
    if lost:
        yield doubtful("contacts", f"{len(lost)} of {len(people)} people cannot be reached: {_some(lost)}")
    else:
        yield fine("contacts", f"all {len(people)} people can be reached")
    blocked = select(ContactRow.state).where(ContactRow.state != "active")
    for state, number in sorted(Counter(session.scalars(blocked)).items()):
        yield doubtful("contacts", f"{number} addresses are {state.replace('_', ' ')}")


def _codes(session: Session, election: Election) -> Iterator[Check]:
    if not election.proof.asked:
        return
    if lacking := proofs.lacking(session):
        yield doubtful("codes", f"{len(lacking)} people have no code to prove a report: hub proof issue -o FILE")
    else:
        yield fine("codes", f"everybody in the field has theirs ({election.proof.by})")


def _reached(session: Session, served: set[str]) -> dict[int, set[str]]:
    """Person → the kinds of their active contacts, as far as they are served."""
    ids = session.scalars(select(PersonRow.id)).all()
    found: dict[int, set[str]] = {}
    for part in parts(ids):
        for person, contacts in roster.contacts(session, part).items():
            if roads := {contact.kind for contact in contacts} & served:
                found[person] = roads
    return found


def _on_call(session: Session, election: Election, served: set[str]) -> Iterator[Check]:
    """Plays an alert of each kind in each region at each hour of the day, and looks whom it would page."""
    regions = list(session.scalars(select(StationRow.region).distinct().order_by(StationRow.region)))
    reached = _reached(session, served)
    nobody: dict[str, list[str]] = {}
    for moment in _turns(election.alerting):
        for region in regions:
            for severity, topic in _kinds_of_alerts(election):
                alert = AlertRow(severity=severity, topic=topic, region=region)
                planned = routing.chain(session, election, alert, _at(election, moment))
                if not any(
                    it.person_id in reached and (not it.road or it.road in reached[it.person_id]) for it in planned
                ):
                    told = nobody.setdefault(f"{region} from {moment:%H:%M}", [])
                    told.append(f"severity {severity}" + (f" ({topic})" if topic != "any" else ""))
    session.expunge_all()
    for where, what in nobody.items():
        yield wrong(
            "on call", f"nobody can be paged in {where} for {', '.join(what)}: look at alerts.yaml and staff.csv"
        )
    if not nobody:
        yield fine("on call", f"somebody can be paged in each of {len(regions)} regions at every hour")


def _turns(alerting: Alerting) -> list[time]:
    """The moments of a day at which the answer to “who is on call?” may change."""
    hours = [chain.hours for chain in alerting.chains if chain.hours]
    hours += [shift for shifts in alerting.shifts.values() for shift in shifts]
    return sorted({time(0), *(it.start for it in hours), *(it.end for it in hours)})


def _kinds_of_alerts(election: Election) -> list[tuple[int, str]]:
    """(severity, topic) that may be paged for: categories that have a chain of their own are looked at apart."""
    named = sorted({f"incident:{code}" for chain in election.alerting.chains for code in chain.categories})
    return [(severity, topic) for severity in election.alerting.answered() for topic in ("any", *named)]


def _at(election: Election, moment: time) -> datetime:
    day = min(form.day for form in election.checklist.forms)
    return (datetime.combine(day, moment, election.zone) + timedelta(seconds=1)).astimezone(UTC)


def _accounts(session: Session) -> Iterator[Check]:
    active = [account for account in accounts.listing(session) if not account.disabled]
    for role in ROLES_AT_WORK:
        count = sum(account.role == role for account in active)
        if not count:
            yield wrong("accounts", f"there is no {role}: hub account add NAME --role {role}")
        elif role == "admin" and count == 1:
            yield doubtful("accounts", "there is only one admin; who opens the door when this one sleeps?")
    if bare := [account.name for account in active if not account.enrolled]:
        yield doubtful(
            "accounts", f"{len(bare)} have no second factor yet: have them log in before the day: {_some(bare)}"
        )
    elif active:
        yield fine("accounts", f"{len(active)}, each with a second factor")


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:NAMED]) + (f" and {len(codes) - NAMED} more" if len(codes) > NAMED else "")
