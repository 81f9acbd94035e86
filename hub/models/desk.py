"""The desk's work items, and the people who log in: accounts, sessions, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class WorkItemRow(Base):
    """Something that needs a person. `open_key` is unique while it is open: one item for one cause.

    `kind`: message · unknown (its sender is) · rule · conflict · late · incident · registration · undeliverable ·
    unreachable. `severity`: 1 critical first. A claim holds until `claimed_until`.
    """

    __tablename__ = "work_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    open_key: Mapped[str | None] = mapped_column(unique=True)
    journal_id: Mapped[int | None]
    station_id: Mapped[int | None]
    form: Mapped[str | None]
    severity: Mapped[int]
    detail: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    claimed_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    resolution: Mapped[str | None]  # corrected · unusable · decided · settled · verified · refuted · came
    postponed_until: Mapped[datetime | None]  # real time, like the claim
    postponed_after: Mapped[int | None]  # the journal's end then: what the sender texts later ends the wait
    escalated_at: Mapped[datetime | None]  # the supervisor is asked
    note: Mapped[str | None]  # why it was postponed, handed over or escalated last

    __table_args__ = (
        Index("ix_work_item_queue", "closed_at", "severity", "opened_at"),
        Index("ix_work_item_journal_id", "journal_id"),
    )


class DeedRow(Base):
    """What somebody did with an item and may take back until `until` (real time). `detail`: what it takes to do so."""

    __tablename__ = "deed"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]  # saved · unusable · settled · asked
    until: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_deed_account_id", "account_id", "until"),)


class CallRow(Base):
    """A call to an observer about a form that is late. `outcome`: no_answer · off · will_send · read."""

    __tablename__ = "call"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    form: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[str]

    __table_args__ = (Index("ix_call_station_id", "station_id", "form"),)


class AccountRow(Base):
    """Somebody who may log in to the console."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]  # operator · supervisor · coordinator · lawyer · head_office · analyst · admin
    region: Mapped[str] = mapped_column(default="")
    language: Mapped[str]
    password_hash: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    disabled_at: Mapped[datetime | None]
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    must_change: Mapped[bool] = mapped_column(default=False)  # the password was made by somebody else
    totp_secret: Mapped[bytes | None]  # sealed; None until a second factor is set up
    totp_pending: Mapped[bytes | None]  # sealed; its QR was shown, no code of it has come yet
    totp_step: Mapped[int] = mapped_column(default=0)  # of the last code that was taken: none works twice


class RecoveryCodeRow(Base):
    """A code that replaces a lost phone once. Only a keyed digest is stored; using it deletes the row."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    digest: Mapped[bytes]


class LoginSessionRow(Base):
    """A login. Only a digest of its token is stored; deleting the row ends it."""

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str]
    device: Mapped[str] = mapped_column(default="")
    proved: Mapped[bool] = mapped_column(default=False)  # the second factor was given


class AuditRow(Base):
    """Who did what, when, from where; before and after. A trigger refuses to change or delete a row."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    account_id: Mapped[int | None]
    action: Mapped[str]
    subject: Mapped[str]
    address: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_audit_account_id", "account_id", "id"),
        Index("ix_audit_action", "action", "subject"),
    )
