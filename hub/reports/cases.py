"""Incidents as they are looked up: by place, category and what is known of them; each with what it is tied to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.models import IncidentRow, JournalRow, PersonRow, StationRecordRow, StationRow
from hub.reports import incidents

MOST = 200  # on one page


@dataclass(frozen=True, slots=True)
class Case:
    """One incident. `who` by code; `question`: a station's answer, `OPN.A`; `complaint`: number, where, result."""

    number: int
    category: str
    severity: int
    station_id: int
    station: str
    district: str
    region: str
    who: str
    words: str
    reported_at: datetime
    journal_id: int
    alert_id: int | None
    question: str
    verified: bool | None
    subject: str
    subject_name: str
    complaint: dict[str, Any]
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents; what is empty limits nothing. `published` and `verified`: yes or no; `verified` also open."""

    region: str = ""
    category: str = ""
    published: str = ""
    verified: str = ""


@dataclass(frozen=True, slots=True)
class Tied:
    """What an incident is tied to, or may be. `answers`: of its station, `OPN.A` → value; `neighbours`: the numbers of
    the station's other incidents; `text`: the message as it came."""

    answers: dict[str, str]
    related: list[int]
    neighbours: list[int]
    text: str


def find(session: Session, wanted: Wanted) -> list[Case]:
    """The newest first, at most `MOST`."""
    query = _query()
    if wanted.region:
        query = query.where(StationRow.region == wanted.region)
    if wanted.category:
        query = query.where(IncidentRow.category == wanted.category)
    if wanted.published:
        out = IncidentRow.published_at.is_not(None)
        query = query.where(out if wanted.published == "yes" else ~out)
    if wanted.verified:
        query = query.where(IncidentRow.verified.is_({"yes": True, "no": False}.get(wanted.verified)))
    rows = session.execute(query.order_by(IncidentRow.id.desc()).limit(MOST))
    return [_case(*row) for row in rows]


def everything(session: Session) -> list[Case]:
    """Every incident, the first first."""
    return [_case(*row) for row in session.execute(_query().order_by(IncidentRow.id))]


def one(session: Session, number: int) -> Case | None:
    row = session.execute(_query().where(IncidentRow.id == number)).one_or_none()
    return _case(*row) if row else None


def tied(session: Session, case: Case) -> Tied:
    records = session.scalars(select(StationRecordRow).where(StationRecordRow.station_id == case.station_id))
    answers = {
        f"{record.form}.{code}": str(value)
        for record in sorted(records, key=lambda it: it.form)
        for code, value in record.answers.items()
    }
    same_station = select(IncidentRow.id).where(
        IncidentRow.station_id == case.station_id, IncidentRow.id != case.number
    )
    return Tied(
        answers=answers,
        related=incidents.related(session, case.number),
        neighbours=list(session.scalars(same_station.order_by(IncidentRow.id))),
        text=session.scalar(select(JournalRow.text).where(JournalRow.id == case.journal_id)) or "",
    )


def _query() -> Select[IncidentRow, StationRow, str]:
    return (
        select(IncidentRow, StationRow, PersonRow.code)
        .join(StationRow, StationRow.id == IncidentRow.station_id)
        .join(PersonRow, PersonRow.id == IncidentRow.person_id)
    )


def _case(incident: IncidentRow, station: StationRow, who: str) -> Case:
    return Case(
        number=incident.id,
        category=incident.category,
        severity=incident.severity,
        station_id=station.id,
        station=station.code,
        district=station.district,
        region=station.region,
        who=who,
        words=incident.description,
        reported_at=incident.reported_at,
        journal_id=incident.journal_id,
        alert_id=incident.alert_id,
        question=incident.question,
        verified=incident.verified,
        subject=incident.subject,
        subject_name=incident.subject_name,
        complaint=incident.complaint,
        published_at=incident.published_at,
    )
