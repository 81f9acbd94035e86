"""The election: its definition, frame, sample and people. One database holds one election."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
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
    """A polling station of the frame; `sampled` marks the sample as it is observed, replacements included."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    stratum: Mapped[str]
    region: Mapped[str]
    district: Mapped[str]
    voters: Mapped[int]
    sampled: Mapped[bool] = mapped_column(index=True)

    __table_args__ = (Index("ix_station_region", "region", "id"),)


STAFF = text("role <> 'observer'")


class PersonRow(Base):
    """An observer, a member of a mobile team, or staff. Known by code; no name is kept."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(index=True)
    language: Mapped[str]
    region: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    prefers: Mapped[str] = mapped_column(default="")  # the gateway that answers leave by; "" is the message's own

    # Whom an alert may reach: few, however many observers there are.
    __table_args__ = (Index("ix_person_staff", "id", postgresql_where=STAFF, sqlite_where=STAFF),)


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
    linked_at: Mapped[datetime | None]  # by the person's own doing; the files know nothing of it


class AssignmentRow(Base):
    """Which station an observer is at, and from when until when. `filed`: it is what the files said last, even where
    a move ended it since: files that still say so are no reason to undo the move."""

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
    filed: Mapped[bool] = mapped_column(default=False)


class ReplacementRow(Base):
    """A drawn station that could not be observed, and the one of its stratum that stands in for it."""

    __tablename__ = "replacement"

    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), unique=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("station.id"), unique=True)
    reason: Mapped[str]
    at: Mapped[datetime]
    account_id: Mapped[int | None]


class UploadRow(Base):
    """A spreadsheet that somebody is looking at before it changes anything. Sealed: it may hold telephone numbers.
    `told`: their header → our column."""

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    kind: Mapped[str]  # checklist · stations · observers · staff · official
    name: Mapped[str]
    sealed: Mapped[bytes]
    told: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class InvitationRow(Base):
    """A one-time code that links a Telegram account to a person. Only its keyed hash is kept."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    account_id: Mapped[int | None]


class WrongCodeRow(Base):
    """A code that was none, and the account it came from: who guesses is stopped."""

    __tablename__ = "wrong_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    sender_digest: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(index=True)


class ProofRow(Base):
    """A code that proves a report to be its observer's. Only a sealed hash of it is kept; revoking deletes the row.

    `once`: it is good for one message, `used_by`. A PIN is good for all.
    """

    __tablename__ = "proof"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    sealed: Mapped[bytes]
    once: Mapped[bool]
    made_at: Mapped[datetime]
    used_by: Mapped[int | None]
