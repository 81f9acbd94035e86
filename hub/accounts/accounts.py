"""Who may log in: names, roles, passwords.

A log-in is `attempt` (counted first), `verify` (slow, no session), `holds`; then `attempt_code` where there is a second
factor. Only `admit`, at the end, forgets the failures: giving the password again does not forget wrong codes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from pwdlib import PasswordHash
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from hub.accounts import passwords
from hub.models import AccountRow

AccountRole = Literal["operator", "supervisor", "coordinator", "lawyer", "head_office", "analyst", "admin"]
ROLES: tuple[AccountRole, ...] = get_args(AccountRole)

FREE_FAILURES = 4
LONGEST_LOCK = timedelta(minutes=1)  # a longer one would let a stranger keep an operator out all day
LONGEST_CODE_LOCK = timedelta(minutes=15)  # who guesses codes knows the password already, and is no stranger

_hasher = PasswordHash.recommended()
_nobody = _hasher.hash(secrets.token_urlsafe(16))  # so that an unknown name costs as much time as a known one


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. `region`: the only one a coordinator or a lawyer sees; "" where all are.

    `enrolled`: has a second factor. `must_change`: the password was made by somebody else.
    """

    id: int
    name: str
    role: AccountRole
    region: str
    language: str
    person_id: int | None = None
    disabled: bool = False
    enrolled: bool = False
    must_change: bool = False


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
    """Makes an account and returns its password; one that is made here must be changed at the first log-in.

    Raises `AccountRefused`.
    """
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role; roles are {', '.join(ROLES)}")
    if role == "coordinator" and not region:
        raise AccountRefused("a coordinator sees one region: name it")
    if session.scalar(select(AccountRow.id).where(AccountRow.name == name)) is not None:
        raise AccountRefused(f"there is already an account {name!r}")
    made = secrets.token_urlsafe(12)
    if password is not None:
        refuse_weak(password, name)
    session.add(
        AccountRow(
            name=name,
            role=role,
            region=region,
            language=language,
            password_hash=_hasher.hash(password or made),
            person_id=person_id,
            must_change=password is None,
        )
    )
    session.flush()
    return password or made


def refuse_weak(password: str, name: str) -> None:
    """Raises `AccountRefused` for a password that is short or that everybody chooses."""
    match passwords.weakness(password, name):
        case "short":
            raise AccountRefused(f"the password is too short: take at least {passwords.LENGTH} characters")
        case "easy":
            raise AccountRefused("the password is easy to guess: take four words that do not belong together")


def hashed(password: str) -> str:
    """Some 150 ms of argon2, outside any transaction."""
    return _hasher.hash(password)


def set_password(session: Session, account_id: int, password_hash: str) -> None:
    """One that its owner chose."""
    values = {"password_hash": password_hash, "must_change": False}
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(values))


def new_password(session: Session, account_id: int) -> str:
    """Makes a password for somebody who lost theirs; it must be changed at the next log-in."""
    made = secrets.token_urlsafe(12)
    values = {"password_hash": _hasher.hash(made), "must_change": True, "failed_logins": 0, "locked_until": None}
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(values))
    return made


def attempt(session: Session, name: str, now: datetime) -> Attempt | Locked:
    """Counts a log-in as failed before its password is looked at, so that parallel guesses are counted too."""
    row = session.scalars(select(AccountRow).where(AccountRow.name == name).with_for_update()).one_or_none()
    if row is None or row.disabled_at is not None:
        return Attempt(None, _nobody)
    if row.locked_until is not None and row.locked_until > now:
        return Locked(row.locked_until)
    _count(row, now, LONGEST_LOCK)
    return Attempt(row.id, row.password_hash)


def verify(attempted: Attempt, password: str) -> bool:
    """Some 150 ms of argon2, outside any transaction: the store must not wait for it."""
    return _hasher.verify(password, attempted.password_hash) and attempted.account_id is not None


def holds(session: Session, account_id: int) -> None:
    """The password was right: that attempt was no failure, the ones before it stay counted."""
    values = {"failed_logins": AccountRow.failed_logins - 1, "locked_until": None}
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(values))


def attempt_code(session: Session, account_id: int, now: datetime) -> Locked | None:
    """Counts a second factor's code as wrong before it is looked at."""
    row = session.scalars(select(AccountRow).where(AccountRow.id == account_id).with_for_update()).one()
    if row.locked_until is not None and row.locked_until > now:
        return Locked(row.locked_until)
    _count(row, now, LONGEST_CODE_LOCK)
    return None


def admit(session: Session, account_id: int) -> Account:
    """Forgets the failures of somebody who proved to be who they say."""
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(failed_logins=0, locked_until=None))
    return account(session.get_one(AccountRow, account_id, populate_existing=True))


def find(session: Session, account_id: int) -> Account | None:
    row = session.get(AccountRow, account_id)
    return account(row) if row else None


def named(session: Session, name: str) -> Account | None:
    row = session.scalars(select(AccountRow).where(AccountRow.name == name)).one_or_none()
    return account(row) if row else None


def listing(session: Session, *which: ColumnElement[bool]) -> list[Account]:
    rows = select(AccountRow).where(*which).order_by(AccountRow.role, AccountRow.name)
    return [account(row) for row in session.scalars(rows)]


def at_the_desk(session: Session) -> list[Account]:
    """Who may be given work: operators and supervisors."""
    return listing(session, AccountRow.role.in_(("operator", "supervisor")), AccountRow.disabled_at.is_(None))


def set_language(session: Session, account_id: int, language: str) -> None:
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(language=language))


def disable(session: Session, account_id: int, now: datetime | None) -> None:
    """Nobody logs in under this name any more, until it is None again; what was done under it stays in the audit."""
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(disabled_at=now))


def _count(row: AccountRow, now: datetime, longest: timedelta) -> None:
    row.failed_logins += 1
    excess = row.failed_logins - FREE_FAILURES
    row.locked_until = now + min(timedelta(seconds=2 ** min(excess, 10)), longest) if excess > 0 else None


def account(row: AccountRow) -> Account:
    role: AccountRole = row.role  # type: ignore[assignment]  # `create` let no other in
    return Account(
        row.id,
        row.name,
        role,
        row.region,
        row.language,
        row.person_id,
        disabled=row.disabled_at is not None,
        enrolled=row.totp_secret is not None,
        must_change=row.must_change,
    )
