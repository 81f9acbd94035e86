"""Who observed where: the sample by stratum, observers by region, the mobile teams' visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

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


def posts(session: Session) -> list[Posts]:
    """By region, in the frame's order; whoever was moved counts where they are now."""
    still = (PersonRow.role == "observer") & PersonRow.active & AssignmentRow.until.is_(None) & StationRow.sampled
    watched = (
        select(
            StationRow.region,
            func.count(StationRow.id.distinct()),
            func.count(PersonRow.id.distinct()),
        )
        .join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
        .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
        .where(still)
        .group_by(StationRow.region)
    )
    mobile = (
        select(PersonRow.region, func.count())
        .where(PersonRow.role == "mobile", PersonRow.active)
        .group_by(PersonRow.region)
    )
    by_region = {region: (stations, people) for region, stations, people in session.execute(watched)}
    moving = {region: count for region, count in session.execute(mobile)}
    return [
        Posts(region, *by_region.get(region, (0, 0)), moving.get(region, 0))
        for region in _regions(session, by_region.keys() | moving.keys())
    ]


def visits(session: Session) -> list[Visits]:
    """By region of the station; regions that nobody went to are left out."""
    found = {row[0]: Visits(*row) for row in session.execute(_visits())}
    return [found[region] for region in _regions(session, found)]


def _visits() -> Select[str, int, int, int]:
    taken = SubmissionRow.outcome.in_(("accepted", "partial"))
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
