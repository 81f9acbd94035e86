"""Incidents: one message, one incident, with a number that its sender is told; and what is published of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from hub.database import insert_into
from hub.models import IncidentLinkRow, IncidentRow, StationRow

Subject = Literal["party", "candidate", "official", "unknown"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

# The same words again so soon are one incident, sent twice; later they may be a new one, and two calls are cheap.
SAME_WITHIN = timedelta(minutes=30)


def record(
    session: Session,
    *,
    journal_id: int,
    person_id: int,
    station_id: int,
    category: str,
    severity: int,
    description: str,
    reported_at: datetime,
) -> int:
    """Stores an incident; its number."""
    return session.execute(
        insert(IncidentRow).returning(IncidentRow.id),
        {
            "journal_id": journal_id,
            "person_id": person_id,
            "station_id": station_id,
            "category": category,
            "severity": severity,
            "description": description,
            "reported_at": reported_at,
        },
    ).scalar_one()


def same(
    session: Session, person_id: int, station_id: int, category: str, description: str, reported_at: datetime
) -> IncidentRow | None:
    """The incident that this message repeats word for word, if there is one that nobody refuted."""
    statement = (
        select(IncidentRow)
        .where(IncidentRow.station_id == station_id, IncidentRow.person_id == person_id)
        .where(IncidentRow.category == category, IncidentRow.description == description)
        .where(IncidentRow.reported_at > reported_at - SAME_WITHIN, IncidentRow.verified.is_not(False))
        .order_by(IncidentRow.id)
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def of_message(session: Session, journal_id: int) -> list[int]:
    """The numbers of the incidents that an entry reported."""
    return list(session.scalars(select(IncidentRow.id).where(IncidentRow.journal_id == journal_id)))


def link(session: Session, number: int, alert_id: int) -> None:
    """Ties an incident to the alert it raised or joined."""
    session.execute(update(IncidentRow).where(IncidentRow.id == number).values(alert_id=alert_id))


def of_alert(session: Session, alert_id: int, numbers: Sequence[int]) -> list[IncidentRow]:
    """Those of these incidents that belong to an alert, the first first."""
    found = select(IncidentRow).where(IncidentRow.alert_id == alert_id, IncidentRow.id.in_(numbers))
    return list(session.scalars(found.order_by(IncidentRow.id)))


def move(session: Session, to: int, alert_id: int, numbers: Sequence[int] | None = None) -> None:
    """Ties an alert's incidents, or these of them, to another alert."""
    moved = update(IncidentRow).where(IncidentRow.alert_id == alert_id)
    session.execute((moved if numbers is None else moved.where(IncidentRow.id.in_(numbers))).values(alert_id=to))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was filed about an incident: its number, with whom, and what came of it."""

    number: str
    where: str
    result: str = ""


def verify(session: Session, number: int, sound: bool | None) -> None:
    """Somebody looked: it is so, or it is not; None takes that back."""
    _set(session, number, verified=sound)


def about(session: Session, number: int, subject: Subject, name: str = "") -> None:
    """Who is said to have done it."""
    _set(session, number, subject=subject, subject_name=name)


def answers(session: Session, number: int, question: str) -> None:
    """Ties an incident to a checklist answer of its station, `OPN.A`; "" unties it."""
    _set(session, number, question=question)


def complain(session: Session, number: int, complaint: Complaint) -> None:
    """Notes the complaint that was filed, or what came of it."""
    _set(session, number, complaint=asdict(complaint))


def publish(session: Session, numbers: Sequence[int], now: datetime) -> None:
    """From now on these stand in the public tables; what was published before keeps its time."""
    fresh = update(IncidentRow).where(IncidentRow.id.in_(numbers), IncidentRow.published_at.is_(None))
    session.execute(fresh.values(published_at=now))


def withdraw(session: Session, numbers: Sequence[int]) -> None:
    session.execute(update(IncidentRow).where(IncidentRow.id.in_(numbers)).values(published_at=None))


def relate(session: Session, number: int, other: int) -> None:
    """Two incidents belong together; saying so twice, or the other way round, changes nothing."""
    if number == other:
        return
    pair = {"incident_id": min(number, other), "other_id": max(number, other)}
    session.execute(insert_into(session, IncidentLinkRow).values(**pair).on_conflict_do_nothing())


def unrelate(session: Session, number: int, other: int) -> None:
    pair = (IncidentLinkRow.incident_id == min(number, other), IncidentLinkRow.other_id == max(number, other))
    session.execute(delete(IncidentLinkRow).where(*pair))


def related(session: Session, number: int) -> list[int]:
    """The incidents that belong with this one."""
    forth = select(IncidentLinkRow.other_id).where(IncidentLinkRow.incident_id == number)
    back = select(IncidentLinkRow.incident_id).where(IncidentLinkRow.other_id == number)
    return sorted(session.scalars(forth.union(back)))


@dataclass(frozen=True, slots=True)
class Tables:
    """How many published incidents: by category code, by region, by subject, and by category within each region."""

    total: int
    by_category: dict[str, int]
    by_region: dict[str, int]
    by_subject: dict[str, int]
    by_region_and_category: dict[tuple[str, str], int]


def published(session: Session, *conditions: ColumnElement[bool]) -> Tables:
    """The public tables; `conditions` on `IncidentRow` narrow them: a day, those that were verified."""
    rows = session.execute(
        select(StationRow.region, IncidentRow.category, IncidentRow.subject, func.count())
        .join(StationRow, StationRow.id == IncidentRow.station_id)
        .where(IncidentRow.published_at.is_not(None), *conditions)
        .group_by(StationRow.region, IncidentRow.category, IncidentRow.subject)
        .order_by(StationRow.region, IncidentRow.category, IncidentRow.subject)
    ).all()
    categories: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    subjects: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    for region, category, subject, count in rows:
        categories[category] += count
        regions[region] += count
        subjects[subject] += count
        cells[region, category] += count
    return Tables(categories.total(), dict(categories), dict(regions), dict(subjects), dict(cells))


def _set(session: Session, number: int, **values: object) -> None:
    session.execute(update(IncidentRow).where(IncidentRow.id == number).values(**values))
