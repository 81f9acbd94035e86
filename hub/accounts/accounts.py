"""Who may log in: names, roles, passwords. A log-in is attempt (counted first), verify (slow, no session), admit."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from pwdlib import PasswordHash
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.models import AccountRow

AccountRole = Literal["operator", "supervisor", "coordinator", "head_office", "admin"]
ROLES: tuple[AccountRole, ...] = get_args(AccountRole)

PASSWORD_LENGTH = 10
FREE_FAILURES = 4
LONGEST_LOCK = timedelta(minutes=1)  # a longer one would let a stranger keep an operator out all day
# Whoever types one of these, with anything around it, has not chosen a password.
COMMON = (
    "password",
    "passw0rd",
    "qwerty",
    "йцукен",
    "пароль",
    "сырсөз",
    "letmein",
    "welcome",
    "12345",
    "admin",
    "observer",
)

_hasher = PasswordHash.recommended()
_nobody = _hasher.hash(secrets.token_urlsafe(16))  # so that an unknown name costs as much time as a known one


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. `region`: the only one a coordinator sees; "" where all are."""

    id: int
    name: str
    role: AccountRole
    region: str
    language: str
    person_id: int | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that has been counted and may now be verified. `account_id` is None for an unknown name."""

    account_id: int | None
    password_hash: str


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many failures: nobody gets in under this name before `until`."""

    until: datetime


class AccountRefused(ValueError):
    """An account cannot be made so; the message tells why and what to do."""


def create(
    session: Session,
    name: str,
    role: str,
    language: str,
    region: str = "",
    password: str | None = None,
    person_id: int | None = None,
) -> str:
    """Makes an account and returns its password, a generated one if none is given. Raises `AccountRefused`."""
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role; roles are {', '.join(ROLES)}")
    if role == "coordinator" and not region:
        raise AccountRefused("a coordinator sees one region: name it")
    if session.scalar(select(AccountRow.id).where(AccountRow.name == name)) is not None:
        raise AccountRefused(f"there is already an account {name!r}")
    password = password or secrets.token_urlsafe(12)
    refuse_weak(password, name)
    session.add(
        AccountRow(
            name=name,
            role=role,
            region=region,
            language=language,
            password_hash=_hasher.hash(password),
            person_id=person_id,
        )
    )
    session.flush()
    return password


def refuse_weak(password: str, name: str) -> None:
    """Raises `AccountRefused` for a password that is short, common, of few letters, or holds the account's name."""
    folded = password.casefold()
    if len(password) < PASSWORD_LENGTH:
        raise AccountRefused(f"the password is too short: take at least {PASSWORD_LENGTH} characters")
    if len(set(folded)) < 5 or any(word in folded for word in COMMON) or name.casefold() in folded:
        raise AccountRefused("the password is easy to guess: take four words that do not belong together")


def attempt(session: Session, name: str, now: datetime) -> Attempt | Locked:
    """Counts a log-in as failed before its password is looked at, so that parallel guesses are counted too."""
    row = session.scalars(select(AccountRow).where(AccountRow.name == name).with_for_update()).one_or_none()
    if row is None or row.disabled_at is not None:
        return Attempt(None, _nobody)
    if row.locked_until is not None and row.locked_until > now:
        return Locked(row.locked_until)
    row.failed_logins += 1
    excess = row.failed_logins - FREE_FAILURES
    row.locked_until = now + min(timedelta(seconds=2 ** min(excess, 10)), LONGEST_LOCK) if excess > 0 else None
    return Attempt(row.id, row.password_hash)


def verify(attempted: Attempt, password: str) -> bool:
    """Some 150 ms of argon2, outside any transaction: the store must not wait for it."""
    return _hasher.verify(password, attempted.password_hash) and attempted.account_id is not None


def admit(session: Session, account_id: int) -> Account:
    """Forgets the failures of somebody who proved to be who they say."""
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(failed_logins=0, locked_until=None))
    return _account(session.get_one(AccountRow, account_id, populate_existing=True))


def find(session: Session, account_id: int) -> Account | None:
    row = session.get(AccountRow, account_id)
    return _account(row) if row else None


def listing(session: Session) -> list[Account]:
    return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.role, AccountRow.name))]


def at_the_desk(session: Session) -> list[Account]:
    """Who may be given work: operators and supervisors."""
    return [it for it in listing(session) if it.role in ("operator", "supervisor") and not it.disabled]


def set_language(session: Session, account_id: int, language: str) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(language=language))


def disable(session: Session, account_id: int, now: datetime) -> None:
    """Nobody logs in under this name any more; what was done under it stays in the audit."""
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(disabled_at=now))


def _account(row: AccountRow) -> Account:
    role: AccountRole = row.role  # type: ignore[assignment]  # `create` let no other in
    return Account(row.id, row.name, role, row.region, row.language, row.person_id, row.disabled_at is not None)
