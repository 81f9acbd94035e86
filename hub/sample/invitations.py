"""One-time codes that link a Telegram account to a person: valid for ten minutes, good once, kept as a keyed hash.

Who guesses is stopped: five wrong codes from one account in ten minutes, or twenty from all together, and no code is
looked at for ten minutes, of that account or of anybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import audit
from hub.database import insert_into
from hub.models import CursorRow, InvitationRow, PersonRow, WrongCodeRow
from hub.sample.roster import NotPossible
from hub.vault import Vault

LIFE = timedelta(minutes=10)
DIGITS = 8  # digits only: they are on every keyboard
WINDOW = timedelta(minutes=10)
OF_ONE, OF_ALL = 5, 20  # wrong codes in a window


@dataclass(frozen=True, slots=True)
class Invitation:
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """`locked`: the code was not looked at. `begins`: whose lock this wrong code has brought about."""

    locked: bool
    begins: Literal["", "account", "everybody"] = ""


def invite(
    session: Session,
    vault: Vault,
    person: str,
    now: datetime,
    *,
    account_id: int | None = None,
    address: str = "",
) -> Invitation:
    """A new code for a person; an earlier one ends. It is told once and can never be read again. `NotPossible`."""
    who = session.scalars(select(PersonRow).where(PersonRow.code == person, PersonRow.active)).one_or_none()
    if who is None:
        raise NotPossible(f"there is no active person {person}", "person")
    earlier = (InvitationRow.person_id == who.id, InvitationRow.used_at.is_(None), InvitationRow.expires_at > now)
    session.execute(update(InvitationRow).where(*earlier).values(expires_at=now))
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    while session.scalar(select(InvitationRow.id).where(InvitationRow.digest == _digest(vault, code))) is not None:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    expires_at = now + LIFE
    digest = _digest(vault, code)
    session.add(
        InvitationRow(person_id=who.id, digest=digest, made_at=now, expires_at=expires_at, account_id=account_id)
    )
    audit.record(session, "invite", now, account_id=account_id, subject=f"person {person}", address=address)
    session.flush()
    return Invitation(code, expires_at)


def redeem(session: Session, vault: Vault, code: str, sender: bytes, at: datetime) -> int | Refusal:
    """The id of the person whose code this is, which is used up by that; `at` is when it was sent."""
    _one_at_a_time(session)
    of_all = _wrong_codes(session, at)
    of_one = [moment for who, moment in of_all if who == sender]
    if locked(of_one, OF_ONE, at) or locked([moment for _, moment in of_all], OF_ALL, at):
        return Refusal(locked=True)
    person_id: int | None = session.scalar(
        update(InvitationRow)
        .where(InvitationRow.digest == _digest(vault, code), InvitationRow.used_at.is_(None))
        .where(InvitationRow.expires_at > at)
        .values(used_at=at)
        .returning(InvitationRow.person_id)
    )
    if person_id is not None:
        return person_id
    session.add(WrongCodeRow(sender_digest=sender, at=at))
    session.flush()
    if locked([*of_one, at], OF_ONE, at):
        return Refusal(locked=False, begins="account")
    return Refusal(locked=False, begins="everybody" if locked([*(it for _, it in of_all), at], OF_ALL, at) else "")


def locked(wrong: Sequence[datetime], limit: int, at: datetime) -> bool:
    """Whether `limit` of these moments (in order) fell into one window less than a window ago."""
    return any(
        last - first <= WINDOW and last <= at < last + WINDOW
        for first, last in zip(wrong, wrong[limit - 1 :], strict=False)
    )


def _one_at_a_time(session: Session) -> None:
    """Until the transaction ends nobody else tries a code: else many at once would all be the first."""
    row = insert_into(session, CursorRow).values(name="codes", position=0, holder="")
    unchanged = {"position": row.excluded.position}
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_=unchanged))


def _wrong_codes(session: Session, at: datetime) -> list[tuple[bytes, datetime]]:
    rows = session.execute(
        select(WrongCodeRow.sender_digest, WrongCodeRow.at)
        .where(WrongCodeRow.at > at - 2 * WINDOW)
        .order_by(WrongCodeRow.at, WrongCodeRow.id)
    )
    return [(bytes(sender), moment) for sender, moment in rows]


def _digest(vault: Vault, code: str) -> bytes:
    return vault.digest("code", code)
