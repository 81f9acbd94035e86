"""What the hub made of the messages: submissions, the stations' merged records, incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class SubmissionRow(Base):
    """What was made of one journal entry. Written once, when the entry is settled.

    `outcome`: accepted · partial · rejected · duplicate · command · error. `answers` are those stored (code → value),
    `problems` as `Problem.as_dict`.
    """

    __tablename__ = "submission"

    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    form: Mapped[str | None]
    person_id: Mapped[int | None]
    station_id: Mapped[int | None]
    answers: Mapped[dict[str, Any]]
    problems: Mapped[list[Any]]
    comment: Mapped[str]
    settled_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_submission_station_id", "station_id", "form"),
        Index("ix_submission_person_id", "person_id"),
    )


class StationRecordRow(Base):
    """One form of one station: what its observers say together.

    `by_observer`: person id (as text) → code → [value, journal id]. `answers`: what agrees or was decided.
    `conflicts`: codes on which observers differ and nobody has decided yet; not in `answers`.
    `decided`: code → value, set by a person. `flags`: names of violated rules.
    """

    __tablename__ = "station_record"

    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, Any]]
    by_observer: Mapped[dict[str, Any]]
    conflicts: Mapped[list[str]]
    decided: Mapped[dict[str, Any]]
    flags: Mapped[list[str]]
    quarantined: Mapped[bool] = mapped_column(default=False)
    first_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class IncidentRow(Base):
    """One message, one incident; `id` is the number that its sender is told."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    category: Mapped[str]
    severity: Mapped[int]
    description: Mapped[str]
    reported_at: Mapped[datetime]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))


class AlertRow(Base):
    """Something critical that a person must answer for. One open alert for a topic at a station.

    `topic`: `incident:01`, or `answer:OPN.A=2`. `state`: raised · acknowledged · resolved.
    """

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    severity: Mapped[int]
    state: Mapped[str]
    # "station:topic" while it is open, empty afterwards: its uniqueness is what makes one alert of many reports.
    open_key: Mapped[str | None] = mapped_column(unique=True)
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    __table_args__ = (Index("ix_alert_state", "state", "raised_at"),)


class AlertEventRow(Base):
    """The life of an alert: raised, repeated, paged, acknowledged, resolved; each with who, when and how."""

    __tablename__ = "alert_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    person_id: Mapped[int | None]
    journal_id: Mapped[int | None]
    account_id: Mapped[int | None]
    detail: Mapped[str] = mapped_column(default="")


class OfficialRow(Base):
    """What the commission published for one form of one station: code → value."""

    __tablename__ = "official"

    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, Any]]
