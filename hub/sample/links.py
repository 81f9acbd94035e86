"""A Telegram account becomes a person's. One account to a person: a second one is refused, never swapped silently."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub import audit
from hub.models import ContactRow, PersonRow
from hub.sample.roster import NotPossible
from hub.vault import Vault


@dataclass(frozen=True, slots=True)
class Linked:
    """Whose account it is now."""

    person_id: int
    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Nothing was linked: the person has another account already."""

    person_id: int
    code: str
    language: str


def owners(session: Session, phone: bytes) -> list[int]:
    """The ids of the active persons who have this phone (its digest)."""
    statement = (
        select(PersonRow.id)
        .join(ContactRow, ContactRow.person_id == PersonRow.id)
        .where(ContactRow.digest == phone, ContactRow.kind == "phone", PersonRow.active)
        .order_by(PersonRow.id)
    )
    return list(session.scalars(statement))


def unlink(
    session: Session,
    person: str,
    now: datetime,
    *,
    contact: int | None = None,
    account_id: int | None = None,
    address: str = "",
) -> int:
    """Cuts off every Telegram account that linked itself to a person, or the one `contact`, which may be a number that
    the desk added; how many. What the files say stays. `NotPossible`."""
    who = session.scalars(select(PersonRow).where(PersonRow.code == person).with_for_update()).one_or_none()
    if who is None:
        raise NotPossible(f"there is no person {person}", "person")
    which = ContactRow.kind == "telegram" if contact is None else ContactRow.id == contact
    own = (ContactRow.person_id == who.id, which, ContactRow.linked_at.is_not(None))
    cut = list(session.scalars(delete(ContactRow).where(*own).returning(ContactRow.hint)))
    audit.record(
        session,
        "unlink_telegram",
        now,
        account_id=account_id,
        subject=f"person {person}",
        address=address,
        before={"accounts": [f"…{hint}" for hint in cut]},
    )
    session.flush()
    return len(cut)


def adopt(
    session: Session, vault: Vault, person_id: int, channel: str, sealed: bytes, account_id: int, now: datetime
) -> Linked | Taken:
    """Adds an address that an operator found to be a person's; a phone beside those that are known. Audited by whoever
    asks for it; the files know nothing of it and do not take it away."""
    if channel == "telegram":
        return link(session, vault, person_id, sealed, f"account {account_id}", now)
    person = session.get_one(PersonRow, person_id)
    address = vault.open(sealed).decode()
    digest = vault.digest("phone", address)
    session.add(
        ContactRow(person_id=person_id, kind="phone", digest=digest, sealed=sealed, hint=address[-3:], linked_at=now)
    )
    session.flush()
    return Linked(person.id, person.code, person.language)


def forget(session: Session, person_id: int, digest: bytes) -> None:
    """Takes back what `adopt` added; what the files say stays. Audited by whoever asks for it."""
    own = (ContactRow.person_id == person_id, ContactRow.digest == digest, ContactRow.linked_at.is_not(None))
    session.execute(delete(ContactRow).where(*own))


def link(session: Session, vault: Vault, person_id: int, sealed: bytes, how: str, now: datetime) -> Linked | Taken:
    """Links the account whose sealed address this is. `how`: contact or code, for the audit."""
    # Two accounts that claim one person at once: the second waits here, and finds the first one's contact.
    person = session.scalars(select(PersonRow).where(PersonRow.id == person_id).with_for_update()).one()
    address = vault.open(sealed).decode()
    hint = address[-3:]
    other = select(ContactRow.id).where(ContactRow.person_id == person.id, ContactRow.kind == "telegram")
    taken = session.scalar(other.limit(1)) is not None
    if not taken:
        digest = vault.digest("telegram", address)
        session.add(
            ContactRow(person_id=person.id, kind="telegram", digest=digest, sealed=sealed, hint=hint, linked_at=now)
        )
    action = "link_refused" if taken else "link_telegram"
    audit.record(session, action, now, subject=f"person {person.code}", after={"how": how, "account": f"…{hint}"})
    session.flush()
    return (Taken if taken else Linked)(person.id, person.code, person.language)
