"""What burns and who has it: alerts with their reports and their timeline, for reading only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hub.election.alerting import Alerting
from hub.models import AccountRow, AlertEventRow, AlertRow, AlertStepRow, IncidentRow, PersonRow, StationRow

RESOLVED = 100  # cards of alerts that are over, at once


@dataclass(frozen=True, slots=True)
class Event:
    """One step in an alert's life. `who`: a person's code or an account's name, "" for the hub itself."""

    at: datetime
    kind: str
    who: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """An incident behind an alert, by its number."""

    number: int
    who: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the chain for one person. `outcome`: "" while it is still to come; else as in `AlertStepRow`."""

    due_at: datetime
    who: str
    road: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Another alert, to compare with or to merge into."""

    id: int
    topic: str
    station: str
    state: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything about one alert. `reporter`: whom to call, a person's id. `earlier`: of the station, newest first;
    `others`: those of its region that are open."""

    card: Card
    reporter: int | None
    reports: tuple[Report, ...]
    chain: tuple[Page, ...]
    earlier: tuple[Beside, ...]
    others: tuple[Beside, ...]
    merged_into: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """An alert. `topic`: `incident:01`, or `answer:OPN.A=2`. `reports`: (who by code, when, words), oldest first."""

    id: int
    topic: str
    severity: int
    state: str  # raised · acknowledged · resolved
    outcome: str  # of a resolved one: resolved · false · merged
    verified_at: datetime | None
    station: str
    district: str
    region: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    resolved_by: str
    reporters: tuple[str, ...]
    words: tuple[str, ...]
    timeline: tuple[Event, ...]


def cards(session: Session, *, region: str = "", state: str = "", limit: int = RESOLVED) -> list[Card]:
    """The unanswered first, then the answered, the oldest of each first; then the resolved, newest first.

    `region` "" is all of them. `limit`: of the resolved. `state` raised, acknowledged or resolved; "" is all.
    """
    rank = {"raised": 0, "acknowledged": 1, "resolved": 2}
    query = select(AlertRow, StationRow.code).outerjoin(StationRow, StationRow.id == AlertRow.station_id)
    if region:
        query = query.where(AlertRow.region == region)
    if state:
        query = query.where(AlertRow.state == state)
    still_open = list(session.execute(query.where(AlertRow.state != "resolved").order_by(AlertRow.raised_at)))
    resolved = list(
        session.execute(query.where(AlertRow.state == "resolved").order_by(AlertRow.resolved_at.desc()).limit(limit))
    )
    still_open.sort(key=lambda found: rank[found[0].state])
    return _cards(session, [(alert, station or "") for alert, station in still_open + resolved])


def whole(session: Session, alert_id: int) -> Whole | None:
    """One alert with its reports, its chain and the alerts beside it; None if there is no such alert."""
    query = select(AlertRow, StationRow.code).outerjoin(StationRow, StationRow.id == AlertRow.station_id)
    found = session.execute(query.where(AlertRow.id == alert_id)).one_or_none()
    if found is None:
        return None
    alert = found[0]
    same_station = (AlertRow.station_id == alert.station_id, AlertRow.station_id.is_not(None), AlertRow.id < alert_id)
    still_open = (AlertRow.region == alert.region, AlertRow.state != "resolved", AlertRow.id != alert_id)
    return Whole(
        card=_cards(session, [(alert, found[1] or "")])[0],
        reporter=alert.person_id,
        reports=_incidents(session, alert_id),
        chain=_chain(session, alert),
        earlier=_beside(session, *same_station),
        others=_beside(session, *still_open),
        merged_into=alert.merged_into,
    )


def count(session: Session, alerting: Alerting, *, region: str = "", states: tuple[str, ...] = ("raised",)) -> int:
    """How many alerts are in these states; by default those that nobody has acknowledged, the number at the bell.

    Only those that somebody must answer for: not what is noted for a list alone."""
    to_answer = or_(AlertRow.severity.in_(alerting.answered()), AlertRow.topic.startswith("hub:"))
    query = select(func.count()).select_from(AlertRow).where(AlertRow.state.in_(states), to_answer)
    if region:
        query = query.where(AlertRow.region == region)
    return session.scalar(query) or 0


def region_of(session: Session, alert_id: int) -> str | None:
    """The region that an alert is about, "" where it is none; None if there is no such alert."""
    return session.scalar(select(AlertRow.region).where(AlertRow.id == alert_id))


def regions(session: Session) -> list[str]:
    """The regions that have had alerts."""
    found = select(AlertRow.region).where(AlertRow.region != "").distinct()
    return list(session.scalars(found.order_by(AlertRow.region)))


def _incidents(session: Session, alert_id: int) -> tuple[Report, ...]:
    rows = session.execute(
        select(IncidentRow.id, PersonRow.code, IncidentRow.reported_at, IncidentRow.description)
        .join(PersonRow, PersonRow.id == IncidentRow.person_id)
        .where(IncidentRow.alert_id == alert_id)
        .order_by(IncidentRow.id)
    )
    return tuple(Report(*row) for row in rows)


def _chain(session: Session, alert: AlertRow) -> tuple[Page, ...]:
    """The pages of the chain that was started last."""
    rows = session.execute(
        select(AlertStepRow.due_at, PersonRow.code, AlertStepRow.road, AlertStepRow.outcome)
        .join(PersonRow, PersonRow.id == AlertStepRow.person_id)
        .where(AlertStepRow.alert_id == alert.id, AlertStepRow.kind == "page", AlertStepRow.chain == alert.chain)
        .order_by(AlertStepRow.position, AlertStepRow.due_at, AlertStepRow.id)
    )
    return tuple(Page(*row) for row in rows)


def _beside(session: Session, *conditions: ColumnElement[bool]) -> tuple[Beside, ...]:
    rows = session.execute(
        select(AlertRow.id, AlertRow.topic, func.coalesce(StationRow.code, ""), AlertRow.state, AlertRow.raised_at)
        .outerjoin(StationRow, StationRow.id == AlertRow.station_id)
        .where(*conditions)
        .order_by(AlertRow.id.desc())
        .limit(50)
    )
    return tuple(Beside(*row) for row in rows)


def _cards(session: Session, found: list[tuple[AlertRow, str]]) -> list[Card]:
    ids = [alert.id for alert, _ in found]
    timelines, answered = _timelines(session, ids)
    reporters, words = _reports(session, ids)
    return [
        Card(
            id=alert.id,
            topic=alert.topic,
            severity=alert.severity,
            state=alert.state,
            outcome=alert.outcome,
            verified_at=alert.verified_at,
            station=station,
            district=alert.district,
            region=alert.region,
            raised_at=alert.raised_at,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=answered.get((alert.id, "acknowledged"), ""),
            resolved_at=alert.resolved_at,
            resolved_by=answered.get((alert.id, alert.outcome or "resolved"), ""),
            reporters=tuple(reporters.get(alert.id, ())),
            words=tuple(words.get(alert.id, ())),
            timeline=tuple(timelines.get(alert.id, ())),
        )
        for alert, station in found
    ]


def _timelines(session: Session, ids: list[int]) -> tuple[dict[int, list[Event]], dict[tuple[int, str], str]]:
    """Each alert's events, and who did the last of each kind."""
    timelines: dict[int, list[Event]] = {}
    who_did: dict[tuple[int, str], str] = {}
    rows = session.execute(
        select(AlertEventRow, PersonRow.code, AccountRow.name)
        .outerjoin(PersonRow, PersonRow.id == AlertEventRow.person_id)
        .outerjoin(AccountRow, AccountRow.id == AlertEventRow.account_id)
        .where(AlertEventRow.alert_id.in_(ids))
        .order_by(AlertEventRow.id)
    )
    for event, person, account in rows:
        who = person or account or ""
        timelines.setdefault(event.alert_id, []).append(Event(event.at, event.kind, who, event.detail))
        who_did[event.alert_id, event.kind] = who
    return timelines, who_did


def _reports(session: Session, ids: list[int]) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Each alert's reporters by code, and their words; from incidents, and from the reports its events name."""
    reporters: dict[int, list[str]] = {}
    words: dict[int, list[str]] = {}
    rows = session.execute(
        select(AlertRow.id, PersonRow.code, IncidentRow.description)
        .join(IncidentRow, IncidentRow.alert_id == AlertRow.id)
        .join(PersonRow, PersonRow.id == IncidentRow.person_id)
        .where(AlertRow.id.in_(ids))
        .order_by(IncidentRow.id)
    )
    for alert_id, code, description in rows:
        _once(reporters.setdefault(alert_id, []), code)
        _once(words.setdefault(alert_id, []), description)
    raised = session.execute(
        select(AlertEventRow.alert_id, PersonRow.code)
        .join(PersonRow, PersonRow.id == AlertEventRow.person_id)
        .where(AlertEventRow.alert_id.in_(ids), AlertEventRow.kind.in_(("raised", "repeated")))
        .order_by(AlertEventRow.id)
    )
    for alert_id, code in raised:
        _once(reporters.setdefault(alert_id, []), code)
    return reporters, words


def _once(listed: list[str], value: str) -> None:
    if value and value not in listed:
        listed.append(value)
