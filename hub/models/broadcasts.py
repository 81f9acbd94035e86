"""Messages to many: what is to be said to whom, who approved it, and the frozen list of those it is for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class BroadcastRow(Base):
    """States: waiting (for a second person) → running ⇄ paused; or cancelled, from any of these, for good."""

    __tablename__ = "broadcast"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    audience: Mapped[dict[str, Any]]  # whom it is for: regions, roles, forms, languages
    texts: Mapped[dict[str, Any]]  # language → text
    written_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class RecipientRow(Base):
    """Somebody a broadcast was for when it was approved. `left_out`: why nothing could be sent, None where it was.

    What became of it is in the outbox rows of this broadcast and person.
    """

    __tablename__ = "broadcast_recipient"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcast.id"), primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    language: Mapped[str]  # of the text that it got
    channel: Mapped[str | None]
    segments: Mapped[int]  # SMS it takes; 0 by Telegram
    left_out: Mapped[str | None]  # blocked · opted_out · no_contact
