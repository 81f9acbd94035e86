"""The second factor: an authenticator app's codes, and recovery codes for the day the phone is lost.

A secret is pending from the moment its QR is shown until a code proves that it was scanned; until then the one before
holds.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.accounts import totp
from hub.models import AccountRow, RecoveryCodeRow
from hub.vault import Vault

Proof = Literal["app", "recovery"]

RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is taken for another; ten of these are 49 bits


def begin(session: Session, vault: Vault, account_id: int) -> bytes:
    """Makes a secret that waits to be confirmed, in place of any that waited, and returns it: to be shown once."""
    secret = totp.new_secret()
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(totp_pending=vault.seal(secret)))
    return secret


def confirm(session: Session, vault: Vault, account_id: int, typed: str, now: datetime) -> list[str] | None:
    """Turns the pending secret on if this is its code. Returns new recovery codes, the only time they are seen."""
    row = _locked(session, account_id)
    if row.totp_pending is None:
        return None
    step = totp.matching(vault.open(row.totp_pending), _plain(typed), now, after=0)
    if step is None:
        return None
    row.totp_secret, row.totp_pending, row.totp_step = row.totp_pending, None, step
    return _new_recovery_codes(session, vault, account_id)


def prove(session: Session, vault: Vault, account_id: int, typed: str, now: datetime) -> Proof | None:
    """What this code proves, if anything. Whatever proved something never proves it again."""
    row = _locked(session, account_id)
    if row.totp_secret is None:
        return None
    step = totp.matching(vault.open(row.totp_secret), _plain(typed), now, after=row.totp_step)
    if step is not None:
        row.totp_step = step
        return "app"
    spent = delete(RecoveryCodeRow).where(
        RecoveryCodeRow.account_id == account_id, RecoveryCodeRow.digest == _digest(vault, account_id, typed)
    )
    return "recovery" if session.scalars(spent.returning(RecoveryCodeRow.id)).all() else None


def has(session: Session, account_id: int) -> bool:
    found = select(AccountRow.id).where(AccountRow.id == account_id, AccountRow.totp_secret.is_not(None))
    return session.scalar(found) is not None


def recovery_codes_left(session: Session, account_id: int) -> int:
    count = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id)
    return session.scalar(count) or 0


def reset(session: Session, account_id: int) -> None:
    """As if there had never been one: a phone was lost together with the recovery codes."""
    nothing = {"totp_secret": None, "totp_pending": None, "totp_step": 0}
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(nothing))
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))


def _locked(session: Session, account_id: int) -> AccountRow:
    """One at a time, or the same code could be sent twice at once."""
    return session.scalars(select(AccountRow).where(AccountRow.id == account_id).with_for_update()).one()


def _new_recovery_codes(session: Session, vault: Vault, account_id: int) -> list[str]:
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCodeRow(account_id=account_id, digest=_digest(vault, account_id, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digest(vault: Vault, account_id: int, code: str) -> bytes:
    """Keyed with the hub's secret: who steals the database alone cannot try codes against it."""
    return vault.digest("recovery", f"{account_id}:{_plain(code).lower()}")


def _plain(typed: str) -> str:
    """Apps show `123 456`, and people type what they see."""
    return "".join(each for each in typed if each.isalnum())
