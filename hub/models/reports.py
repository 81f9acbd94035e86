"""What the hub made of the messages: submissions, the stations' merged records, incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class SubmissionRow(Base):
    """What was made of one journal entry. Written once, when the entry is settled.

    `outcome`: accepted · partial · rejected · duplicate · command · media · error. `answers` are those stored
    (code → value).
    `problems` as `Problem.as_dict`. `terms`, where they are not the usual ones: `voices`, how many observers had to
    say the same; `edits`, the earlier messages that it takes the place of; `place`, before which later one a recovered
    message stands.
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
    terms: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Index("ix_submission_station_id", "station_id", "form"),
        Index("ix_submission_person_id", "person_id"),
    )


class StationRecordRow(Base):
    """One form of one station: what its observers say together.

    `by_observer`: person id (as text) → code → [value, journal id]. `answers`: what agrees or was decided.
    `conflicts`: codes on which observers differ and nobody has decided yet; not in `answers`. A code that is in neither
    waits for the second observer. `decided`: code → value, among which values, account, reason, at.
    `flags`: names of violated rules.
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
    updated_at: Mapped[datetime] = mapped_column(index=True)


class IncidentRow(Base):
    """One message, one incident; `id` is the number that its sender is told.

    `subject`: party · candidate · official · unknown; `question`: an answer of the same station, `OPN.A`.
    `complaint`: number, where, result. Published are those with a `published_at`.
    """

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    category: Mapped[str]
    severity: Mapped[int]
    description: Mapped[str]
    reported_at: Mapped[datetime] = mapped_column(index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    question: Mapped[str] = mapped_column(default="")
    verified: Mapped[bool | None]  # None: nobody has looked
    subject: Mapped[str] = mapped_column(default="unknown")
    subject_name: Mapped[str] = mapped_column(default="")
    complaint: Mapped[dict[str, Any]] = mapped_column(default=dict)
    published_at: Mapped[datetime | None]


class IncidentLinkRow(Base):
    """Two incidents that belong together; `incident_id` is the smaller number."""

    __tablename__ = "incident_link"

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True, autoincrement=False)
    other_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True, autoincrement=False)


class AlertRow(Base):
    """Something critical that a person must answer for. One open alert for a topic at a place.

    `topic`: `incident:01`, `answer:OPN.A=2`, `rule:PRT.sum`, `pattern:name`, `silence:name`, `hub:worker`, `sos`.
    `state`: raised · acknowledged · resolved; `outcome` of a resolved one: resolved · false · merged.
    `region` and `district` are the station's, or the place's where there is none; `words` those of the first report.
    """

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    region: Mapped[str] = mapped_column(default="")
    district: Mapped[str] = mapped_column(default="")
    severity: Mapped[int]
    state: Mapped[str]
    # "place:topic" while it is open, empty afterwards: its uniqueness is what makes one alert of many reports.
    open_key: Mapped[str | None] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # who reported it first
    words: Mapped[str] = mapped_column(default="")
    chain: Mapped[int] = mapped_column(default=0)  # how many times it has started to escalate
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    verified_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(default="")
    merged_into: Mapped[int | None]

    __table_args__ = (Index("ix_alert_state", "state", "raised_at"), Index("ix_alert_topic", "topic", "place"))


class AlertStepRow(Base):
    """One thing to be done about an alert at a moment, frozen when its chain starts. Undone while `done_at` is empty.

    `kind`: page · remind · release · news. `position` orders the pages of one `chain`; `road`: telegram · phone, or ""
    for whichever the person has. `outcome`: sent · held (for the digest) · digest · skipped · cancelled · done.
    """

    __tablename__ = "alert_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    kind: Mapped[str]
    chain: Mapped[int]
    position: Mapped[int]
    due_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    road: Mapped[str] = mapped_column(default="")
    digest: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        Index("ix_alert_step_due", "done_at", "due_at"),
        Index("ix_alert_step_alert_id", "alert_id", "person_id"),
        Index("ix_alert_step_person_id", "person_id", "outcome", "done_at"),
    )


class AlertEventRow(Base):
    """The life of an alert: raised, repeated, paged, acknowledged, verified, resolved; each with who, when and how."""

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
