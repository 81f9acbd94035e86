"""Log-ins that last: a random token in the browser, its digest in the store. Deleting the row ends the log-in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from hub.accounts import accounts
from hub.accounts.accounts import Account
from hub.models import AccountRow, LoginSessionRow

HALFWAY = timedelta(minutes=15)  # from the password to the second factor's code
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a log-in holds without a request, and how long at the most."""

    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=14)  # an election day's shift, and no more


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A log-in that holds. `csrf` must come with every request that changes something.

    `proved`: the second factor was given. `device`: what the browser calls itself, "" for something unknown.
    """

    id: int
    account: Account
    csrf: str
    created_at: datetime
    seen_at: datetime
    address: str
    device: str = ""
    proved: bool = False

    def stale(self, now: datetime) -> bool:
        """Whether `touch` is due; not at every request, each touch is a write."""
        return now - self.seen_at >= _TOUCH_EVERY


def begin(
    session: Session, account_id: int, address: str, now: datetime, *, device: str = "", proved: bool = False
) -> str:
    """Returns the token for the browser: 32 random bytes, URL-safe."""
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSessionRow(
            token_digest=_digest(token),
            account_id=account_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            seen_at=now,
            address=address,
            device=device,
            proved=proved,
        )
    )
    return token


def find(session: Session, token: str, now: datetime, limits: Limits) -> LoginSession | None:
    """The log-in of this token, or None: unknown, ended, idle too long, too old, or its account disabled."""
    found = _holding(session, now, limits, _OF_TOKEN, token=_digest(token))
    return found[0] if found else None


def of(session: Session, account_id: int, now: datetime, limits: Limits) -> list[LoginSession]:
    """The log-ins of an account that hold, the one seen last first."""
    return _holding(session, now, limits, _HOLDING.where(LoginSessionRow.account_id == account_id))


def live(session: Session, now: datetime, limits: Limits) -> dict[int, list[datetime]]:
    """Account → when each of its log-ins that still hold was seen last, newest first."""
    seen: dict[int, list[datetime]] = {}
    for login in _holding(session, now, limits, _HOLDING):
        seen.setdefault(login.account.id, []).append(login.seen_at)
    return seen


def touch(session: Session, session_id: int, now: datetime) -> None:
    session.execute(update(LoginSessionRow).where(LoginSessionRow.id == session_id).values(seen_at=now))


def prove(session: Session, session_id: int) -> None:
    """The second factor was given in this log-in."""
    session.execute(update(LoginSessionRow).where(LoginSessionRow.id == session_id).values(proved=True))


def end(session: Session, session_id: int) -> None:
    session.execute(delete(LoginSessionRow).where(LoginSessionRow.id == session_id))


def end_one(session: Session, account_id: int, session_id: int) -> bool:
    """Ends a log-in if it is this account's; False where there is none such."""
    return bool(_end(session, LoginSessionRow.account_id == account_id, LoginSessionRow.id == session_id))


def revoke(session: Session, account_id: int, *, but: int = 0) -> int:
    """Ends every log-in of an account, except one if it is named; returns how many."""
    return _end(session, LoginSessionRow.account_id == account_id, LoginSessionRow.id != but)


# Built once: every request of the console asks.
_HOLDING = (
    select(LoginSessionRow, AccountRow)
    .join(AccountRow, AccountRow.id == LoginSessionRow.account_id)
    .where(LoginSessionRow.seen_at >= bindparam("idle"), LoginSessionRow.created_at >= bindparam("longest"))
    .where(AccountRow.disabled_at.is_(None))
    .order_by(LoginSessionRow.seen_at.desc())
)
_OF_TOKEN = _HOLDING.where(LoginSessionRow.token_digest == bindparam("token"))


def _holding(
    session: Session, now: datetime, limits: Limits, which: Select[LoginSessionRow, AccountRow], **named: bytes
) -> list[LoginSession]:
    rows = session.execute(which, {"idle": now - limits.idle, "longest": now - limits.longest, **named})
    found = [(row, accounts.account(owner)) for row, owner in rows]
    return [
        LoginSession(row.id, account, row.csrf, row.created_at, row.seen_at, row.address, row.device, proved=row.proved)
        for row, account in found
        if not (_halfway(row, account) and now - row.created_at > HALFWAY)
    ]


def _halfway(row: LoginSessionRow, account: Account) -> bool:
    return account.enrolled and not row.proved


def _end(session: Session, *which: ColumnElement[bool]) -> int:
    return len(session.scalars(delete(LoginSessionRow).where(*which).returning(LoginSessionRow.id)).all())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
