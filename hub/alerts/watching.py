"""What raises an alert though no single report does: a pattern of several, and that nothing comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
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
    seen = list(_sightings(session, pattern, now - timedelta(minutes=pattern.within)))
    for (region, district), found in rules.by_pattern(pattern, seen).items():
        key = f"{region}/{district}"
        ended = before.get(key)
        # What was answered for once is not raised again by the same reports.
        fresh = [sighting for sighting in found if ended is None or sighting.at > ended]
        if life.is_open(session, key, topic) or not rules.by_pattern(pattern, fresh):
            continue
        words = ", ".join(sorted({sighting.station for sighting in fresh}))
        escalation.sound(session, hub, Trigger(topic, pattern.severity), Place(key, region, district), now, words=words)


def _sightings(session: Session, pattern: Pattern, since: datetime) -> Iterable[Sighting]:
    categories = [topic.removeprefix("incident:") for topic in pattern.topics if topic.startswith("incident:")]
    incidents = session.execute(
        select(IncidentRow, StationRow)
        .join(StationRow, StationRow.id == IncidentRow.station_id)
        .where(IncidentRow.category.in_(categories), IncidentRow.reported_at > since)
    )
    for incident, station in incidents:
        topic = f"incident:{incident.category}"
        yield Sighting(topic, incident.severity, station.code, station.district, station.region, incident.reported_at)
    answers = [_answer(topic) for topic in pattern.topics if topic.startswith("answer:")]
    records = session.execute(
        select(StationRecordRow, StationRow)
        .join(StationRow, StationRow.id == StationRecordRow.station_id)
        .where(StationRecordRow.form.in_({form for form, _, _ in answers}), StationRecordRow.updated_at > since)
    )
    for record, station in records:
        for form, code, value in answers:
            if record.form == form and record.answers.get(code) == value:
                topic = f"answer:{form}.{code}={value}"
                yield Sighting(topic, 1, station.code, station.district, station.region, record.updated_at)


def _answer(topic: str) -> tuple[str, str, str]:
    reference, _, value = topic.removeprefix("answer:").partition("=")
    form, _, code = reference.partition(".")
    return form, code, value


def _missing(session: Session, hub: Hub, silence: Silence, now: datetime) -> None:
    """Stations without the form, or regions with too few of it, once all that came by then has been read."""
    form = hub.election.checklist.form(silence.form)
    due = datetime.combine(form.day, form.due, hub.election.zone) + timedelta(minutes=silence.after)
    if not due <= now < due + DAY or _unread(session, due):
        return
    reported = set(session.scalars(select(StationRecordRow.station_id).where(StationRecordRow.form == form.code)))
    stations = session.scalars(select(StationRow).where(StationRow.sampled).order_by(StationRow.id)).all()
    if silence.of == "station":
        silent = {
            str(each.id): Place(str(each.id), each.region, each.district, each.id)
            for each in stations
            if each.id not in reported
        }
    else:
        shares: dict[str, list[bool]] = defaultdict(list)
        for each in stations:
            shares[each.region].append(each.id in reported)
        silent = {
            region: Place(region, region) for region, came in shares.items() if sum(came) < silence.share * len(came)
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
