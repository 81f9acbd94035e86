"""The journal of what came in, the inbox of what is still to be read, and the outbox of what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class JournalRow(Base):
    """One message as it came. Never deleted, and what is committed to in the chain never changes: another key changes
    ciphertexts and digests, and after the election `hub purge` empties what tells who people are.

    `dedup` is a digest of (channel, provider's id) and unique; in partitions `SeenRow` sees to that. The sender and the
    raw payload are sealed.
    A correction is an entry of its own: `corrects` names the original, `account_id` who wrote it.
    """

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    dedup: Mapped[bytes] = mapped_column(unique=True)
    gateway: Mapped[str]
    channel: Mapped[str]
    kind: Mapped[str]
    provider_id: Mapped[str]
    sender_digest: Mapped[bytes]
    sender_sealed: Mapped[bytes]
    text: Mapped[str]
    context: Mapped[dict[str, Any]]  # chat, button, recipient: what an answer needs
    raw_sealed: Mapped[bytes]
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    corrects: Mapped[int | None]
    account_id: Mapped[int | None]
    reason: Mapped[str | None]

    __table_args__ = (Index("ix_journal_sender_digest", "sender_digest", "id"),)


class SeenRow(Base):
    """The `dedup` of every message, where the journal is partitioned: partitions cannot keep it unique together."""

    __tablename__ = "seen"

    dedup: Mapped[bytes] = mapped_column(primary_key=True)


class InboxRow(Base):
    """A journal entry that nobody has read yet. Written with the entry, deleted when it is settled."""

    __tablename__ = "inbox"

    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), primary_key=True, autoincrement=False)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    error: Mapped[str | None]


def _known(name: str, *columns: str) -> Index:
    """An index of the rows that have a value: most have none, and shall cost nothing."""
    there = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, postgresql_where=there, sqlite_where=there)


class OutboxRow(Base):
    """One message to one address. States: pending → sending → sent → delivered, or failed, unknown, withdrawn.

    `dedup` makes a message that must go once go once, in partitions with `OnceRow`; `lease_until` guards one in flight.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # reply · push · nudge · question · broadcast
    priority: Mapped[int]  # 0 critical push · 1 push · 5 reply · 9 bulk · 10 broadcast
    dedup: Mapped[str | None] = mapped_column(unique=True)
    person_id: Mapped[int | None]
    journal_id: Mapped[int | None]  # the message this answers
    alert_id: Mapped[int | None]
    broadcast_id: Mapped[int | None]  # goes only while that is running
    gateway: Mapped[str]  # the road it should take; "" leaves it to the contact's roads
    channel: Mapped[str]
    address_sealed: Mapped[bytes]
    text: Mapped[str]
    extra: Mapped[dict[str, Any]]  # buttons, answers_button
    state: Mapped[str]
    attempts: Mapped[int]
    unsure: Mapped[int]  # attempts of which nobody knows whether they arrived
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outbox_due", "state", "priority", "not_before"),
        _known("ix_outbox_provider_id", "provider_id"),
        Index("ix_outbox_journal_id", "journal_id"),
        _known("ix_outbox_alert_id", "alert_id"),
        _known("ix_outbox_broadcast_id", "broadcast_id", "person_id"),
    )


class OnceRow(Base):
    """The `dedup` of every message that goes once, where the outbox is partitioned."""

    __tablename__ = "once"

    dedup: Mapped[str] = mapped_column(primary_key=True)


class CursorRow(Base):
    """How far a reader has come (Telegram's update offset), and who leads it until when."""

    __tablename__ = "cursor"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")
    held_until: Mapped[datetime | None]


class TallyRow(Base):
    """How often something happened in a window that ends at `until`. What it was is a keyed digest."""

    __tablename__ = "tally"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)
