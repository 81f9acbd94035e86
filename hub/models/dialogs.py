"""Guided checklists that are not sent yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class DialogRow(Base):
    """Where a person stands in one form of one station. Deleted when the report is sent.

    `id` is the journal entry that began it, so that no later dialog has the same; `touched` the last entry that it
    took: of several dialogs the one touched last is asked.
    """

    __tablename__ = "dialog"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[dict[str, Any]]  # as `hub.dialog.dialog.Dialog`
    touched: Mapped[int]
    asked_at: Mapped[datetime]

    __table_args__ = (Index("ix_dialog_person_id", "person_id"),)
