"""Releases: what was published, frozen, proposed by one person and signed by another, and computed again at any time.

A release holds its tables as text, the position of the journal that they were computed from, and the election's
definition, frame and sample of that hour: messages, corrections and replacements that come later change nothing of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hub import audit
from hub.analysis import evidence, tables
from hub.analysis.evidence import Evidence
from hub.election.definition import Election
from hub.models import AccountRow, ReleaseRow
from hub.reports import history, rulings
from hub.vault import Vault


class NotPossible(Exception):
    """`reason`: nothing (no figure satisfies its rule) · same_person · gone (signed, dropped, or none such) ·
    different (the stored tables are not what the journal gives)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Released:
    """`number` is None while nobody has signed. `keys`: the tables, turnouts and ballots that it holds."""

    id: int
    number: int | None
    position: int
    digest: str
    proposed_by: str
    proposed_at: datetime
    signed_by: str
    signed_at: datetime | None
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A release computed again. `different`: paths of the figures that are not what was released; `signed`: whether
    the signature is this hub's and over these tables."""

    number: int
    position: int
    different: tuple[str, ...]
    signed: bool

    @property
    def sound(self) -> bool:
        return self.signed and not self.different


@dataclass(frozen=True, slots=True)
class Basis:
    """What a release rests on: the election's definition and the evidence of that hour."""

    number: int
    election: Election
    evidence: Evidence
    position: int
    at: datetime


def propose(session: Session, election: Election, *, account_id: int, now: datetime, address: str = "") -> int:
    """Freezes all figures that satisfy their release rule, as far as the journal has been read; the proposal's id.

    Raises `NotPossible`.
    """
    frame = evidence.read_frame(session)
    position, last = history.settled_until(session), rulings.end(session)
    frozen = _computed(evidence.replayed(session, election, frame, position, last), election)
    if frozen is None:
        raise NotPossible("nothing")
    row = ReleaseRow(
        number=None,
        position=position,
        ruling_id=last,
        basis=_canonical({"definition": election.model_dump(mode="json"), "frame": evidence.frame_as_json(frame)}),
        tables=frozen,
        digest=_digest(frozen),
        proposed_at=now,
        proposed_by=account_id,
        signed_at=None,
        signed_by=None,
        dropped_at=None,
    )
    session.add(row)
    session.flush()
    _note(session, "propose_release", row, account_id, now, address)
    return row.id


def sign(session: Session, vault: Vault, release_id: int, *, account_id: int, now: datetime, address: str = "") -> int:
    """The second person's signature, under tables that were computed again just now; the release's number.

    Raises `NotPossible`.
    """
    row = _waiting(session, release_id)
    if row.proposed_by == account_id:
        raise NotPossible("same_person")
    if _digest(row.tables) != row.digest or _again(session, row) != row.tables:
        raise NotPossible("different")
    row.number = (session.scalar(select(func.max(ReleaseRow.number))) or 0) + 1
    row.signed_at, row.signed_by = now, account_id
    row.statement = _statement(session, row)
    row.signature = vault.sign(row.statement.encode())
    session.flush()
    _note(session, "sign_release", row, account_id, now, address)
    return row.number


def drop(session: Session, release_id: int, *, account_id: int, now: datetime, address: str = "") -> None:
    """A proposal that shall not be signed. What is signed stays. Raises `NotPossible`."""
    row = _waiting(session, release_id)
    row.dropped_at = now
    _note(session, "drop_release", row, account_id, now, address)


def listing(session: Session) -> list[Released]:
    """Every release and every open proposal, the newest first."""
    proposer, signer = aliased(AccountRow), aliased(AccountRow)
    rows = session.execute(
        select(ReleaseRow, proposer.name, signer.name)
        .join(proposer, proposer.id == ReleaseRow.proposed_by)
        .outerjoin(signer, signer.id == ReleaseRow.signed_by)
        .where(ReleaseRow.dropped_at.is_(None))
        .order_by(ReleaseRow.id.desc())
    )
    return [_released(row, proposed, signed or "") for row, proposed, signed in rows]


def frozen(session: Session, number: int) -> dict[str, Any]:
    """A release as it is handed out: its tables, its statement and signature (hex). Raises `KeyError`."""
    row = _numbered(session, number)
    return {
        "tables": json.loads(row.tables),
        "statement": json.loads(row.statement),
        "signature": row.signature.hex(),
    }


def basis(session: Session, number: int) -> Basis:
    """From what a release was computed. Raises `KeyError`."""
    row = _numbered(session, number)
    return Basis(number, *_basis(session, row), row.position, row.proposed_at)


def check(session: Session, vault: Vault, number: int) -> Check:
    """Computes a release again from the journal and compares every figure to the digit. Raises `KeyError`."""
    row = _numbered(session, number)
    again = json.loads(_again(session, row) or "{}")
    different = tuple(_different(json.loads(row.tables), again))
    return Check(number, row.position, different, _genuine(row, vault))


def _computed(base: Evidence, election: Election) -> str | None:
    """The figures that may be released, in canonical JSON; None where there is none."""
    found = tables.compute(base, election).releasable()
    return _canonical(found.as_json()) if found.keys() else None


def _again(session: Session, row: ReleaseRow) -> str | None:
    election, base = _basis(session, row)
    return _computed(base, election)


def _basis(session: Session, row: ReleaseRow) -> tuple[Election, Evidence]:
    told = json.loads(row.basis)
    election, frame = Election.model_validate(told["definition"]), evidence.frame_from_json(told["frame"])
    return election, evidence.replayed(session, election, frame, row.position, row.ruling_id)


def _waiting(session: Session, release_id: int) -> ReleaseRow:
    statement = select(ReleaseRow).where(ReleaseRow.id == release_id).with_for_update()
    row = session.scalars(statement).one_or_none()
    if row is None or row.number is not None or row.dropped_at is not None:
        raise NotPossible("gone")
    return row


def _numbered(session: Session, number: int) -> ReleaseRow:
    row = session.scalars(select(ReleaseRow).where(ReleaseRow.number == number)).one_or_none()
    if row is None:
        raise KeyError(number)
    return row


def _statement(session: Session, row: ReleaseRow) -> str:
    """What the two have signed: who, when, which tables, computed from where."""
    assert row.signed_at is not None
    return _canonical(
        {
            "release": row.number,
            "position": row.position,
            "ruling": row.ruling_id,
            "tables": row.digest,
            "basis": _digest(row.basis),
            "proposed_by": session.get_one(AccountRow, row.proposed_by).name,
            "proposed_at": row.proposed_at.isoformat(),
            "signed_by": session.get_one(AccountRow, row.signed_by).name,
            "signed_at": row.signed_at.isoformat(),
        }
    )


def _genuine(row: ReleaseRow, vault: Vault) -> bool:
    told = json.loads(row.statement)
    try:
        Ed25519PublicKey.from_public_bytes(vault.public_key).verify(row.signature, row.statement.encode())
    except InvalidSignature:
        return False
    return bool(told["tables"] == _digest(row.tables) and told["basis"] == _digest(row.basis))


def _different(released: Any, again: Any, path: str = "") -> Iterator[str]:
    if isinstance(released, dict) and isinstance(again, dict):
        for key in sorted(released.keys() | again.keys()):
            yield from _different(released.get(key), again.get(key), f"{path}/{key}")
    elif released != again:
        yield path


def _released(row: ReleaseRow, proposed: str, signed: str) -> Released:
    told = json.loads(row.tables)
    ballots = [key for key in told if key not in ("tables", "turnout", "replaced")]
    keys = (*told["tables"], *told["turnout"], *ballots)
    return Released(
        row.id, row.number, row.position, row.digest, proposed, row.proposed_at, signed, row.signed_at, keys
    )


def _note(session: Session, action: str, row: ReleaseRow, account_id: int, now: datetime, address: str) -> None:
    told = {"position": row.position, "digest": row.digest, "number": row.number}
    audit.record(session, action, now, account_id=account_id, subject=f"release {row.id}", address=address, after=told)


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
