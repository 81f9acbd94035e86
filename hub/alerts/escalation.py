"""From an alert to somebody who answers for it: each step of its chain at its time, once, whoever is asleep.

A chain is frozen when the alert starts, in the report's transaction, and what is due at once is done at once. The
rest is done by `tick`, which one process leads; the store keeps what is due, so any other can go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.alerts import life, news, pages, routing, steps
from hub.alerts.life import Place, Who
from hub.alerts.pages import Matter
from hub.alerts.rules import Trigger
from hub.alerts.steps import Planned
from hub.context import Hub
from hub.desk import opening
from hub.models import AlertRow, AlertStepRow, PersonRow
from hub.outbox import Draft
from hub.sample import roster
from hub.sample.roster import Contact

CHANNEL = {"telegram": "telegram", "phone": "sms"}
MINUTE = timedelta(minutes=1)


def sound(
    session: Session,
    hub: Hub,
    trigger: Trigger,
    place: Place,
    now: datetime,
    *,
    at: datetime | None = None,
    person_id: int | None = None,
    journal_id: int | None = None,
    words: str = "",
) -> int:
    """Raises an alert, or joins the one that is open, and pages where that is called for; its number."""
    alert = life.unraised(trigger.topic, place, trigger.severity, at or now, person_id=person_id, words=words)
    alert.chain = 1  # which begins with it
    # Asked before the first change, whether it is called for or not: from then on everybody else on SQLite waits.
    planned = routing.chain(session, hub.election, alert, now)
    number, how = life.raise_alert(session, alert, now, journal_id)
    if how == "new":
        _follow(session, hub, alert, planned, now)
    elif how == "graver":
        start(session, hub, number, now)
    return number


def start(session: Session, hub: Hub, alert_id: int, now: datetime) -> None:
    """Freezes a chain for an alert, in the place of one under way, and takes its first steps."""
    raised = (
        update(AlertRow)
        .where(AlertRow.id == alert_id)
        .values(chain=AlertRow.chain + 1, state="raised", acknowledged_at=None, acknowledged_by=None)
        .returning(AlertRow)
    )
    options = {"populate_existing": True, "synchronize_session": False}
    alert = session.scalars(raised, execution_options=options).one()
    if alert.chain > 1:
        steps.cancel(session, alert_id, now)
    _follow(session, hub, alert, routing.chain(session, hub.election, alert, now), now)


def _follow(session: Session, hub: Hub, alert: AlertRow, planned: Sequence[Planned], now: datetime) -> None:
    """Freezes the steps of a chain, and takes those that are due at once."""
    steps.freeze(session, alert.id, alert.chain, planned)
    if any(step.due_at <= now for step in planned):
        _advance(session, hub, alert, now)


def regrade(session: Session, hub: Hub, alert_id: int, severity: int, who: Who, now: datetime) -> bool:
    """Gives an open alert another severity; it is paged again where it has grown more severe. False: as it was."""
    before = session.scalar(select(AlertRow.severity).where(AlertRow.id == alert_id, AlertRow.state != "resolved"))
    if before is None or before == severity:
        return False
    if life.regrade(session, alert_id, severity, who, now):
        start(session, hub, alert_id, now)
    return True


def merge(session: Session, hub: Hub, alert_id: int, into: int, who: Who, now: datetime) -> bool:
    """One alert goes on as part of another, which is as severe as the more severe of them. False when it cannot."""
    severity = session.scalar(select(AlertRow.severity).where(AlertRow.id == alert_id))
    other = session.scalar(select(AlertRow.severity).where(AlertRow.id == into))
    if severity is None or other is None or not life.merge(session, alert_id, into, who, now):
        return False
    if severity < other:
        regrade(session, hub, into, severity, who, now)
    return True


def split(session: Session, hub: Hub, alert_id: int, numbers: Sequence[int], who: Who, now: datetime) -> int | None:
    """Parts these incidents from an open alert: the number of the new one, which is paged; None when it cannot."""
    number = life.split(session, alert_id, numbers, who, now)
    if number is not None:
        start(session, hub, number, now)
    return number


def tick(session: Session, hub: Hub, now: datetime) -> int:
    """Does what is due by `now`; how many alerts were moved on. Again at once where there were `steps.BATCH`."""
    alerts = steps.due_alerts(session, now)
    for alert in alerts:
        _advance(session, hub, alert, now)
    _send_digests(session, hub, now)
    return len(alerts)


def unreachable(session: Session, alert_id: int, person_id: int, now: datetime) -> None:
    """No road carries anything to somebody: the desk is told, and the next in the chain need not wait."""
    _tell_desk(session, f"unreachable:{person_id}", 1, {"person": person_id, "alert": alert_id}, now)
    life.note(session, alert_id, "unreachable", now, person_id=person_id)
    last = session.scalars(
        select(AlertStepRow)
        .where(AlertStepRow.alert_id == alert_id, AlertStepRow.kind == "page", AlertStepRow.outcome == "sent")
        .order_by(AlertStepRow.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return
    others = select(AlertStepRow.id).where(
        AlertStepRow.alert_id == alert_id,
        AlertStepRow.chain == last.chain,
        AlertStepRow.position == last.position,
        AlertStepRow.outcome.in_(("sent", "held", "digest")),
        AlertStepRow.person_id != person_id,
    )
    if last.person_id == person_id:
        last.outcome = "skipped"
    if session.scalar(others.limit(1)) is None and not steps.hasten(session, alert_id, last.chain, last.position, now):
        _tell_desk(session, f"alert:{alert_id}", 1, {"alert": alert_id}, now)


def as_text(session: Session, hub: Hub, alert_id: int, person_id: int) -> str:
    """A page as it goes by SMS, where the road it was written for fails."""
    alert, person = session.get_one(AlertRow, alert_id), session.get_one(PersonRow, person_id)
    return pages.text(hub.election, matter(session, alert), person.language)


def matter(session: Session, alert: AlertRow) -> Matter:
    """An alert as it is told, with the numbers of its station's earlier ones."""
    station = roster.station(session, alert.station_id) if alert.station_id else None
    earlier = (
        select(AlertRow.id)
        .where(AlertRow.station_id == alert.station_id, AlertRow.id < alert.id)
        .order_by(AlertRow.id.desc())
        .limit(5)
    )
    return Matter(
        number=alert.id,
        topic=alert.topic,
        severity=alert.severity,
        station=station.code if station else "",
        district=alert.district,
        region=alert.region,
        reporter=_code(session, alert.person_id),
        words=alert.words,
        at=alert.raised_at,
        earlier=tuple(session.scalars(earlier)) if station else (),
    )


def _advance(session: Session, hub: Hub, alert: AlertRow, now: datetime) -> None:
    """Everything that is due for one alert; a step that reached nobody makes the next one due."""
    while due := steps.due(session, alert.id, now):
        position = due[0].position
        step_pages = [step for step in due if step.kind == "page" and step.position == position]
        if step_pages and alert.state == "raised":
            _page(session, hub, alert, step_pages, now)
        else:
            for step in step_pages or due[:1]:
                step.outcome, step.done_at = _do(session, hub, alert, step, now), now
        session.flush()
        tried = {step.outcome for step in step_pages}
        if tried == {"skipped"} and not steps.hasten(session, alert.id, alert.chain, position, now):
            _tell_desk(session, f"alert:{alert.id}", 1, {"alert": alert.id}, now)


def _do(session: Session, hub: Hub, alert: AlertRow, step: AlertStepRow, now: datetime) -> str:
    match step.kind:
        case "news":
            news.tell(session, hub, alert, matter(session, alert))
            return "done"
        case "remind" if alert.state == "acknowledged" and step.person_id:
            return _remind(session, hub, alert, step, now)
        case "release" if life.release(session, alert.id, now):
            start(session, hub, alert.id, now)
            session.refresh(alert)
            news.tell(session, hub, alert, matter(session, alert))
            return "done"
    return "cancelled"


def _page(session: Session, hub: Hub, alert: AlertRow, told: Sequence[AlertStepRow], now: datetime) -> None:
    """Pages all of one position together: whoever else writes on SQLite waits meanwhile."""
    ids = {step.person_id for step in told if step.person_id is not None}
    people = {person.id: person for person in session.scalars(select(PersonRow).where(PersonRow.id.in_(ids)))}
    contacts = roster.contacts(session, ids)
    sent = steps.pages_since(session, ids, now - MINUTE)
    what = matter(session, alert)
    drafts = []
    for step in told:
        assert step.person_id is not None
        step.done_at = now
        person, contact = people.get(step.person_id), _on_road(contacts.get(step.person_id, []), step.road)
        if person is None or contact is None:
            step.outcome = "skipped"
            _tell_desk(session, f"unreachable:{step.person_id}", 1, {"person": step.person_id, "alert": alert.id}, now)
            life.note(session, alert.id, "unreachable", now, person_id=step.person_id)
        elif step.digest or sent[person.id] >= hub.election.alerting.quiet.pages:
            step.outcome = "held"
        else:
            step.outcome = "sent"
            sent[person.id] += 1
            drafts.append(_told(hub, person, contact, what, f"alert:{alert.id}:step:{step.id}"))
            kind = "paged" if step.position == 0 else "escalated"
            life.note(session, alert.id, kind, now, person_id=person.id, detail=CHANNEL[contact.kind])
    outbox.enqueue(session, drafts, hub.timer())


def _remind(session: Session, hub: Hub, alert: AlertRow, step: AlertStepRow, now: datetime) -> str:
    assert step.person_id is not None
    person, contact = session.get(PersonRow, step.person_id), _contact(session, step.person_id, "")
    if person is None or contact is None:
        return "skipped"
    told = _told(hub, person, contact, matter(session, alert), f"alert:{alert.id}:step:{step.id}", "acknowledged")
    outbox.enqueue(session, [told], hub.timer())
    life.note(session, alert.id, "reminded", now, person_id=person.id, detail=CHANNEL[contact.kind])
    return "sent"


def _told(hub: Hub, person: PersonRow, contact: Contact, what: Matter, dedup: str, state: str = "raised") -> Draft:
    election, language = hub.election, person.language
    telegram = contact.kind == "telegram"
    return Draft(
        kind="push",
        priority=outbox.CRITICAL if what.severity == 1 else outbox.PUSH,
        channel=CHANNEL[contact.kind],
        address_sealed=contact.sealed,
        text=pages.push(election, what, language) if telegram else pages.text(election, what, language),
        dedup=dedup,
        person_id=person.id,
        alert_id=what.number,
        buttons=pages.buttons(election, what, language, state) if telegram else (),
    )


def _send_digests(session: Session, hub: Hub, now: datetime) -> None:
    """What was held back for each person, together, once it has been gathered for a few seconds."""
    gathered = now - timedelta(seconds=hub.election.alerting.quiet.gather)
    waiting = select(AlertStepRow.person_id).where(AlertStepRow.outcome == "held", AlertStepRow.done_at <= gathered)
    for person_id in session.scalars(waiting.distinct()).all():
        assert person_id is not None
        rows = session.execute(
            select(AlertStepRow, AlertRow)
            .join(AlertRow, AlertRow.id == AlertStepRow.alert_id)
            .where(AlertStepRow.person_id == person_id, AlertStepRow.outcome == "held")
            .order_by(AlertRow.severity, AlertRow.id)
        ).all()
        for step, _ in rows:
            step.outcome = "digest"
        _digest(session, hub, person_id, [alert for _, alert in rows], f"digest:{rows[0][0].id}", now)


def _digest(session: Session, hub: Hub, person_id: int, alerts: list[AlertRow], dedup: str, now: datetime) -> None:
    person, contact = session.get(PersonRow, person_id), _contact(session, person_id, "")
    if person is None or contact is None:
        for alert in alerts:
            unreachable(session, alert.id, person_id, now)
        return
    matters = [matter(session, alert) for alert in {alert.id: alert for alert in alerts}.values()]
    text = pages.digest(hub.election, matters, person.language)
    draft = Draft(
        kind="push",
        priority=outbox.CRITICAL if matters[0].severity == 1 else outbox.PUSH,
        channel=CHANNEL[contact.kind],
        address_sealed=contact.sealed,
        text=text,
        dedup=dedup,
        person_id=person_id,
    )
    outbox.enqueue(session, [draft], hub.timer())
    for each in matters:
        life.note(session, each.number, "paged", now, person_id=person_id, detail="digest")


def _contact(session: Session, person_id: int, road: str) -> Contact | None:
    return _on_road(roster.contacts(session, [person_id]).get(person_id, []), road)


def _on_road(contacts: Sequence[Contact], road: str) -> Contact | None:
    """The contact on this road, or else on any."""
    return next((contact for contact in contacts if contact.kind == road), contacts[0] if contacts else None)


def _tell_desk(session: Session, cause: str, severity: int, detail: dict[str, int], now: datetime) -> None:
    kind = cause.partition(":")[0]
    opening.open_items(session, [opening.item(kind, cause, severity, now, detail=detail)])


def _code(session: Session, person_id: int | None) -> str:
    return (session.scalar(select(PersonRow.code).where(PersonRow.id == person_id)) or "") if person_id else ""
