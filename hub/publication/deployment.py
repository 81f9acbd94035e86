"""Who observed where: the sample by stratum, observers by region, the mobile teams' visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.analysis.evidence import Evidence
from hub.models import AssignmentRow, PersonRow, StationRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class Layer:
    """A stratum's stations: in the `frame`, `drawn`, and those of them from which anything came."""

    name: str
    frame: int
    drawn: int
    reported: int


@dataclass(frozen=True, slots=True)
class Posts:
    """A region: drawn stations that have an observer, their observers, and the mobile ones of the region."""

    region: str
    stations: int
    observers: int
    mobile: int


@dataclass(frozen=True, slots=True)
class Visits:
    """A region's stations from which mobile observers reported. `people`: how many of them did."""

    region: str
    people: int
    stations: int
    reports: int


def layers(base: Evidence) -> list[Layer]:
    """By stratum, in the frame's order."""
    heard = {station for records in base.records.values() for station in records}
    drawn: dict[str, list[int]] = defaultdict(list)
    for station in base.frame.drawn:
        drawn[station.stratum].append(station.id)
    return [
        Layer(name, size, len(drawn[name]), sum(id in heard for id in drawn[name]))
        for name, size in base.frame.sizes.items()
    ]


def posts(session: Session, base: Evidence, now: datetime) -> list[Posts]:
    """By region, in the frame's order; whoever was moved counts where they were at that moment."""
    there = (AssignmentRow.since.is_(None) | (AssignmentRow.since <= now)) & (
        AssignmentRow.until.is_(None) | (AssignmentRow.until > now)
    )
    people = (
        select(AssignmentRow.station_id, AssignmentRow.person_id)
        .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
        .where(PersonRow.role == "observer", PersonRow.active, there)
    )
    regions = {station.id: station.region for station in base.frame.drawn}
    stations: dict[str, set[int]] = defaultdict(set)
    observers: dict[str, set[int]] = defaultdict(set)
    for station, person in session.execute(people):
        if station in regions:
            stations[regions[station]].add(station)
            observers[regions[station]].add(person)
    mobile = (
        select(PersonRow.region, func.count())
        .where(PersonRow.role == "mobile", PersonRow.active)
        .group_by(PersonRow.region)
    )
    moving = {region: count for region, count in session.execute(mobile)}
    return [
        Posts(region, len(stations[region]), len(observers[region]), moving.get(region, 0))
        for region in _regions(session, stations.keys() | moving.keys())
    ]


def visits(session: Session, position: int) -> list[Visits]:
    """By region of the station, up to a position of the journal; regions that nobody went to are left out."""
    found = {row[0]: Visits(*row) for row in session.execute(_visits(position))}
    return [found[region] for region in _regions(session, found)]


def _visits(position: int) -> Select[str, int, int, int]:
    taken = SubmissionRow.outcome.in_(("accepted", "partial")) & (SubmissionRow.journal_id <= position)
    return (
        select(
            StationRow.region,
            func.count(PersonRow.id.distinct()),
            func.count(StationRow.id.distinct()),
            func.count(),
        )
        .select_from(SubmissionRow)
        .join(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .join(StationRow, StationRow.id == SubmissionRow.station_id)
        .where(PersonRow.role == "mobile", taken)
        .group_by(StationRow.region)
    )


def _regions(session: Session, those: Iterable[str]) -> list[str]:
    order = session.scalars(select(StationRow.region).group_by(StationRow.region).order_by(func.min(StationRow.id)))
    known, wanted = list(order), set(those)
    return [region for region in known if region in wanted] + sorted(wanted - set(known))
