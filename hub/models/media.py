"""The files that messages name: what each belongs to and what became of it, and the bytes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class MediaRow(Base):
    """One file of one message; `place` counts from 0. Written when the message is settled.

    `kind`: photo · document · audio · video · location. `state`: waiting → kept · refused · lost; or held, until
    somebody asks for it. `tied_by`: what says that it belongs to this station, form or incident: caption · album ·
    report (one that came close to it) · due (the form that was) · sender · "". `type` and `size` are the bytes' own.
    """

    __tablename__ = "media"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"))
    place: Mapped[int]
    gateway: Mapped[str]
    reference: Mapped[str]
    kind: Mapped[str]
    announced_type: Mapped[str]
    announced_size: Mapped[int]
    album: Mapped[str]
    received_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    form: Mapped[str]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"), index=True)
    tied_by: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    attempts: Mapped[int]
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
    type: Mapped[str]
    size: Mapped[int]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("journal_id", "place"),
        Index("ix_media_due", "state", "not_before"),
        Index("ix_media_person_id", "person_id", "received_at"),
        Index("ix_media_station_id", "station_id", "form"),
    )


class MediaBlobRow(Base):
    """The bytes of a file as they came, sealed, by their SHA-256 in hexadecimal; and the picture we made of them."""

    __tablename__ = "media_blob"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    preview_sealed: Mapped[bytes | None]
