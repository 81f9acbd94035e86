"""Codes by which observers prove that a report is theirs: a PIN for all of them, or a sheet of codes, each good once.

Only a hash of each is kept, sealed, so that whoever has the database without the key learns nothing, and another key
can take it over. Who guesses is stopped: after some wrong codes from one address none is looked at for an hour.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from hub import audit, tally
from hub.models import PersonRow, ProofRow
from hub.sample.roster import NotPossible
from hub.vault import Vault

DIGITS = 6  # digits only: they are on every keyboard
LINES = 20  # codes on a sheet: twice what an observer is likely to report
WRONG, WINDOW = 5, timedelta(hours=1)  # wrong codes from one address
FIELD = ("observer", "mobile")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A person's codes in the clear, to be printed; they can never be read again."""

    person: str
    codes: tuple[str, ...]


def issue(
    session: Session,
    vault: Vault,
    by: Literal["pin", "sheet"],
    persons: Collection[str],
    now: datetime,
    *,
    address: str = "",
) -> list[Sheet]:
    """New codes for these people, whose earlier ones end; for all in the field who have none where nobody is named.

    Raises `NotPossible` for a code that nobody active has.
    """
    people = _named(session, persons) if persons else _without(session)
    for id, _ in people if persons else ():
        _end(session, id)
    return [_issue(session, vault, by, id, code, now, address) for id, code in people]


def revoke(session: Session, person: str, now: datetime, *, address: str = "") -> int:
    """Ends a person's codes; how many there were. Raises `NotPossible`."""
    [(person_id, _)] = _named(session, [person])
    ended = _end(session, person_id)
    audit.record(session, "codes_revoked", now, subject=f"person {person}", address=address, before={"codes": ended})
    return ended


def lacking(session: Session) -> list[str]:
    """The codes of the people in the field who could not prove anything."""
    return [code for _, code in _without(session)]


def redeem(
    session: Session, vault: Vault, person_id: int, code: str, *, sender: bytes, journal_id: int, now: datetime
) -> bool:
    """Whether this is a code of theirs that is still good; one of a sheet is used up by this message."""
    guesses = vault.digest("wrong proof", sender.hex())
    lately = tally.read(session, [guesses], now).get(guesses)
    if lately and lately.count >= WRONG:
        return False
    if _take(session, vault, person_id, code, journal_id):
        return True
    tally.add(session, {guesses: 1}, WINDOW, now)
    return False


def _take(session: Session, vault: Vault, person_id: int, code: str, journal_id: int) -> bool:
    sought, found = _hash(person_id, code), None
    rows = select(ProofRow.id, ProofRow.sealed, ProofRow.once).where(
        ProofRow.person_id == person_id, ProofRow.used_by.is_(None)
    )
    for id, sealed, once in session.execute(rows).all():  # each is compared, so that the time tells nothing
        if hmac.compare_digest(vault.open(sealed), sought):
            found = id, once
    if found is None:
        return False
    id, once = found
    if not once:
        return True
    used = update(ProofRow).where(ProofRow.id == id, ProofRow.used_by.is_(None)).values(used_by=journal_id)
    taken = session.execute(used)
    assert isinstance(taken, CursorResult)
    return taken.rowcount == 1  # or another message of the same moment has it


def _issue(
    session: Session,
    vault: Vault,
    by: Literal["pin", "sheet"],
    person_id: int,
    person: str,
    now: datetime,
    address: str,
) -> Sheet:
    codes = _codes(1 if by == "pin" else LINES)
    rows = [
        {"person_id": person_id, "sealed": vault.seal(_hash(person_id, code)), "once": by == "sheet", "made_at": now}
        for code in codes
    ]
    session.execute(insert(ProofRow), rows)
    after = {"by": by, "codes": len(codes)}
    audit.record(session, "codes_issued", now, subject=f"person {person}", address=address, after=after)
    return Sheet(person, codes)


def _end(session: Session, person_id: int) -> int:
    ended = session.execute(delete(ProofRow).where(ProofRow.person_id == person_id))
    assert isinstance(ended, CursorResult)
    return ended.rowcount


def _codes(count: int) -> tuple[str, ...]:
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
    return tuple(codes)


def _hash(person_id: int, code: str) -> bytes:
    """Fast, for a slow one of six digits is tried out as well: what hides it is the seal."""
    return hashlib.sha256(f"{person_id}:{code}".encode()).digest()


def _named(session: Session, persons: Collection[str]) -> list[tuple[int, str]]:
    found = {
        code: id
        for id, code in session.execute(
            select(PersonRow.id, PersonRow.code).where(PersonRow.active, PersonRow.code.in_(persons))
        )
    }
    for person in persons:
        if person not in found:
            raise NotPossible(f"there is no active person {person}")
    return [(found[person], person) for person in dict.fromkeys(persons)]


def _without(session: Session) -> list[tuple[int, str]]:
    """Who is in the field and has no code."""
    has = select(ProofRow.id).where(ProofRow.person_id == PersonRow.id).exists()
    people = select(PersonRow.id, PersonRow.code).where(PersonRow.active, PersonRow.role.in_(FIELD), ~has)
    return [(id, code) for id, code in session.execute(people.order_by(PersonRow.code))]
