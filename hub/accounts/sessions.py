"""Log-ins that last: a random token in the browser, its digest in the store. Deleting the row ends the log-in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.accounts import accounts
from hub.accounts.accounts import Account
from hub.models import AccountRow, LoginSessionRow

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=14)  # an election day's shift, and no more
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A log-in that holds. `csrf` must come with every request that changes something."""

    id: int
    account: Account
    csrf: str
    created_at: datetime
    seen_at: datetime
    address: str

    def stale(self, now: datetime) -> bool:
        """Whether `touch` is due; not at every request, each touch is a write."""
        return now - self.seen_at >= _TOUCH_EVERY


def begin(session: Session, account_id: int, address: str, now: datetime) -> str:
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
        )
    )
    return token


def find(session: Session, token: str, now: datetime) -> LoginSession | None:
    """The log-in of this token, or None: unknown, ended, idle too long, too old, or its account disabled."""
    row = session.scalars(select(LoginSessionRow).where(LoginSessionRow.token_digest == _digest(token))).one_or_none()
    if row is None or now - row.seen_at > IDLE or now - row.created_at > LONGEST:
        return None
    account = accounts.find(session, row.account_id)
    if account is None or account.disabled:
        return None
    return LoginSession(row.id, account, row.csrf, row.created_at, row.seen_at, row.address)


def touch(session: Session, session_id: int, now: datetime) -> None:
    session.execute(update(LoginSessionRow).where(LoginSessionRow.id == session_id).values(seen_at=now))


def end(session: Session, session_id: int) -> None:
    session.execute(delete(LoginSessionRow).where(LoginSessionRow.id == session_id))


def revoke(session: Session, account_id: int) -> int:
    """Ends every log-in of an account; returns how many."""
    ended = session.scalars(
        delete(LoginSessionRow).where(LoginSessionRow.account_id == account_id).returning(LoginSessionRow.id)
    )
    return len(ended.all())


def live(session: Session, now: datetime) -> dict[int, list[datetime]]:
    """Account → when each of its log-ins that still hold was seen last, newest first."""
    rows = session.execute(
        select(LoginSessionRow.account_id, LoginSessionRow.seen_at)
        .join(AccountRow, AccountRow.id == LoginSessionRow.account_id)
        .where(LoginSessionRow.seen_at > now - IDLE, LoginSessionRow.created_at > now - LONGEST)
        .order_by(LoginSessionRow.seen_at.desc())
    )
    seen: dict[int, list[datetime]] = {}
    for account_id, seen_at in rows:
        seen.setdefault(account_id, []).append(seen_at)
    return seen


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
