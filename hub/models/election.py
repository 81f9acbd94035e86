"""The election: its definition, frame, sample and people. One database holds one election."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class ElectionRow(Base):
    """The one row: the configuration as it was loaded last."""

    __tablename__ = "election"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    definition: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]


class StationRow(Base):
    """A polling station of the frame; `sampled` marks the sample."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    stratum: Mapped[str]
    region: Mapped[str]
    district: Mapped[str]
    voters: Mapped[int]
    sampled: Mapped[bool] = mapped_column(index=True)


class PersonRow(Base):
    """An observer, a member of a mobile team, or staff. Known by code; no name is kept."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(index=True)
    language: Mapped[str]
    region: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)


class ContactRow(Base):
    """One way to reach a person. The address is sealed; `digest` is its keyed hash, `hint` its last three digits."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("person_id", "kind", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]  # phone · telegram
    digest: Mapped[bytes] = mapped_column(index=True)
    sealed: Mapped[bytes]
    hint: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")  # active · blocked · opted_out
    state_at: Mapped[datetime | None]


class AssignmentRow(Base):
    """Which station an observer is at, and from when until when."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_person_id", "person_id"),
        Index("ix_assignment_station_id", "station_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
