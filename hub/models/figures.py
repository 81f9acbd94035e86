"""What people ruled on values that figures rest on, and the tables that were released."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class RulingRow(Base):
    """What a person did that moves a figure and is no message. Added, never changed, so that it can be replayed.

    `kind`: decided (between observers) · verified · quarantined · cleared (neither any more). `position`: the
    journal's end then. `detail`: `among`, the values that a decision was between.
    """

    __tablename__ = "ruling"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    position: Mapped[int]
    account_id: Mapped[int | None]
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    form: Mapped[str]
    code: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_ruling_station_id", "station_id", "form"),
        Index("ix_ruling_position", "position"),
    )


class ReleaseRow(Base):
    """A set of tables that one person proposed and another signed; frozen as text. `number` comes with the signature.

    `position` and `ruling_id`: the last journal entry and the last ruling that it rests on. `basis`: the election's
    definition, the frame and the sample then. `digest`: SHA-256 (hex) of `tables`, in canonical JSON. `statement`:
    what was signed; `signature`: Ed25519 over it. `dropped_at`: a proposal that nobody will sign any more.
    """

    __tablename__ = "released"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None] = mapped_column(unique=True)
    position: Mapped[int]
    ruling_id: Mapped[int]
    basis: Mapped[str]
    tables: Mapped[str]
    digest: Mapped[str]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    statement: Mapped[str] = mapped_column(default="")
    signature: Mapped[bytes] = mapped_column(default=b"")
    dropped_at: Mapped[datetime | None]
