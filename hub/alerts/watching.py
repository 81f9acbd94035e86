"""What raises an alert though no single report does: a pattern of several, and that nothing comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Executable, and_, func, literal, select
from sqlalchemy.orm import Session

from hub.alerts import escalation, life, rules
from hub.alerts.life import HUB, Place
from hub.alerts.rules import Sighting, Trigger
from hub.context import Hub
from hub.election.alerting import Pattern, Silence
from hub.models import AlertRow, InboxRow, IncidentRow, JournalRow, StationRecordRow, StationRow

DAY = timedelta(days=1)  # after which nobody waits for a form any more
CAME = "came"  # how an alert over a silence ends by itself


def watch(session: Session, hub: Hub, now: datetime) -> None:
    """Raises what patterns and silences ask for by `now`, and ends silences that are over."""
    for pattern in hub.election.alerting.patterns:
        _pattern(session, hub, pattern, now)
    for silence in hub.election.alerting.silence:
        match silence.of:
            case "station" | "region":
                _missing(session, hub, silence, now)
            case "channel":
                _channel(session, hub, silence, now)


def _pattern(session: Session, hub: Hub, pattern: Pattern, now: datetime) -> None:
    topic = f"pattern:{pattern.name}"
    ends = select(AlertRow.place, func.max(AlertRow.resolved_at)).where(AlertRow.topic == topic)
    before = {place: ended for place, ended in session.execute(ends.group_by(AlertRow.place))}
    seen = list(_sightings(session, hub, pattern, now - timedelta(minutes=pattern.within)))
    for (region, district), found in rules.by_pattern(pattern, seen).items():
        key = f"{region}/{district}"
        ended = before.get(key)
        # What was answered for once is not raised again by the same reports.
        fresh = [sighting for sighting in found if ended is None or sighting.at > ended]
        if life.is_open(session, key, topic) or not rules.by_pattern(pattern, fresh):
            continue
        words = ", ".join(sorted({sighting.station for sighting in fresh}))
        escalation.sound(session, hub, Trigger(topic, pattern.severity), Place(key, region, district), now, words=words)


def _sightings(session: Session, hub: Hub, pattern: Pattern, since: datetime) -> Iterable[Sighting]:
    for topic in pattern.topics:
        kind, _, subject = topic.partition(":")
        seen = _incidents(subject, since) if kind == "incident" else _answers(hub, topic, subject, since)
        for severity, station, district, region, at in session.execute(seen):
            yield Sighting(topic, severity, station, district, region, at)


def _incidents(category: str, since: datetime) -> Executable:
    return (
        select(IncidentRow.severity, *_PLACE, IncidentRow.reported_at)
        .join(StationRow, StationRow.id == IncidentRow.station_id)
        .where(IncidentRow.category == category, IncidentRow.reported_at > since)
    )


def _answers(hub: Hub, topic: str, subject: str, since: datetime) -> Executable:
    """The stations whose records say so. What is critical has raised an alert there, and is found by it: a country's
    records of an hour are too many to be looked through."""
    reference, _, value = subject.partition("=")
    form, _, code = reference.partition(".")
    found = (
        select(literal(1), *_PLACE, StationRecordRow.updated_at)
        .join(StationRow, StationRow.id == StationRecordRow.station_id)
        .where(StationRecordRow.form == form, StationRecordRow.updated_at > since)
        .where(StationRecordRow.answers[code].as_string() == value)
    )
    if value in hub.election.checklist.form(form).by_code[code].critical:
        found = found.where(StationRecordRow.station_id.in_(select(AlertRow.station_id).where(AlertRow.topic == topic)))
    return found


_PLACE = StationRow.code, StationRow.district, StationRow.region


def _missing(session: Session, hub: Hub, silence: Silence, now: datetime) -> None:
    """Stations without the form, or regions with too few of it, once all that came by then has been read."""
    form = hub.election.checklist.form(silence.form)
    due = datetime.combine(form.day, form.due, hub.election.zone) + timedelta(minutes=silence.after)
    if not due <= now < due + DAY or _unread(session, due):
        return
    here = and_(StationRecordRow.station_id == StationRow.id, StationRecordRow.form == form.code)
    if silence.of == "station":
        stations = select(StationRow.id, StationRow.region, StationRow.district).outerjoin(StationRecordRow, here)
        stations = stations.where(StationRow.sampled, StationRecordRow.station_id.is_(None)).order_by(StationRow.id)
        silent = {str(id): Place(str(id), region, district, id) for id, region, district in session.execute(stations)}
    else:
        shares = select(StationRow.region, func.count(), func.count(StationRecordRow.station_id))
        shares = shares.outerjoin(StationRecordRow, here).where(StationRow.sampled).group_by(StationRow.region)
        silent = {
            region: Place(region, region)
            for region, drawn, came in session.execute(shares)
            if came < silence.share * drawn
        }
    _follow(session, hub, silence, silent, now)


def _channel(session: Session, hub: Hub, silence: Silence, now: datetime) -> None:
    assert silence.since is not None
    assert silence.until is not None
    since, until = (each.replace(tzinfo=hub.election.zone) for each in (silence.since, silence.until))
    if not since <= now < until:
        _follow(session, hub, silence, {}, now)
        return
    last = session.scalar(
        select(JournalRow.received_at)
        .where(JournalRow.channel == silence.channel)
        .order_by(JournalRow.id.desc())
        .limit(1)
    )
    quiet = now - max(last or since, since) >= timedelta(minutes=silence.after)
    _follow(session, hub, silence, {silence.channel: Place(silence.channel)} if quiet else {}, now)


def _follow(session: Session, hub: Hub, silence: Silence, silent: dict[str, Place], now: datetime) -> None:
    """Raises what is silent and was not before; ends what is no longer. Somebody's answer to one is not undone."""
    topic = f"silence:{silence.name}"
    rows = session.scalars(select(AlertRow).where(AlertRow.topic == topic)).all()
    still_open = {row.place: row.id for row in rows if row.state != "resolved"}
    # A channel may fall silent again; a form that is missing was answered for once.
    answered = {row.place for row in rows} if silence.of != "channel" else set()
    for key, place in silent.items():
        if key not in still_open and key not in answered:
            escalation.sound(session, hub, Trigger(topic, silence.severity), place, now)
    for key, number in still_open.items():
        if key not in silent:
            life.resolve(session, number, HUB, now, CAME)


def _unread(session: Session, before: datetime) -> bool:
    """Does anything wait that came before a moment? Then nobody can say yet that nothing came."""
    statement = (
        select(InboxRow.journal_id)
        .join(JournalRow, JournalRow.id == InboxRow.journal_id)
        .where(JournalRow.received_at <= before)
    )
    return session.scalar(statement.limit(1)) is not None
