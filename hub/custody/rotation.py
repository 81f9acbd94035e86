"""Another secret key: what the old one sealed is sealed with the new one, and looked up under its digests.

What is committed to in the chain is the content, never its ciphertext: the journal says the same afterwards, and the
chain holds. It can be ended at any moment and begun again: what is done already is passed by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from bots.telegram import decode_update
from hub import audit, leadership
from hub.context import Hub
from hub.database import reading, writing
from hub.election.phones import address_of
from hub.intake import journal
from hub.intake.spool import Spool
from hub.models import (
    AccountRow,
    Base,
    ChainRow,
    ContactRow,
    InboxRow,
    InvitationRow,
    JournalRow,
    MediaBlobRow,
    OutboxRow,
    ProofRow,
    RecoveryCodeRow,
    ReleaseRow,
    UploadRow,
    WrongCodeRow,
)
from hub.vault import Vault

BATCH = 500
SEALED: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (OutboxRow, ("address_sealed",)),
    (UploadRow, ("sealed",)),
    (AccountRow, ("totp_secret", "totp_pending")),
    (ChainRow, ("salt_sealed",)),
    (MediaBlobRow, ("sealed", "preview_sealed")),
    (ProofRow, ("sealed",)),
)


class NotPossible(Exception):
    """Keys cannot be changed now; the message says what comes first."""


def rotate(hub: Hub, address: str = "") -> Iterator[str]:
    """Says what is done, step by step. After the first the hub may run again. Raises `NotPossible`."""
    vault = hub.vault
    if vault.old is None:
        raise NotPossible("set HUB_SECRET_KEY to the new key and HUB_SECRET_KEY_OLD to the one before")
    if Spool(hub.settings.spool_dir, vault.old).waiting():
        raise NotPossible(
            "messages wait in the spool under the old key: let a worker with that key bring them in first"
        )
    with writing(hub.engine) as session:
        people = _people(session, vault, hub.election.country)
        after = {"old": vault.old.fingerprint, "new": vault.fingerprint, "contacts": people}
        audit.record(session, "rotate_key", hub.clock(), subject="key", address=address, after=after)
        leadership.beat(session, f"key {vault.fingerprint}", hub.timer())
    yield f"{people} contacts are sealed with the new key; serve and work may run with both keys"
    yield f"{_journal(hub)} messages"
    for table, columns in SEALED:
        yield f"{_table(hub, table, columns)} rows of {table.__tablename__}"


def _people(session: Session, vault: Vault, country: str) -> int:
    """Whom messages come from and go to, at once: nobody shall be a stranger in between."""
    count = 0
    for contact in session.scalars(select(ContactRow)):
        if sealed := vault.resealed(contact.sealed):
            contact.sealed, contact.digest = sealed, vault.digest(contact.kind, vault.open(sealed).decode())
            count += 1
    for row in session.scalars(select(JournalRow).join(InboxRow, InboxRow.journal_id == JournalRow.id)):
        for name, value in _again(row, vault, country).items():
            setattr(row, name, value)
    # Only their digests are known, and nobody knows of what: they are made anew.
    session.execute(delete(InvitationRow).where(InvitationRow.used_at.is_(None)))
    for table in (WrongCodeRow, RecoveryCodeRow):
        session.execute(delete(table))
    for release in session.scalars(select(ReleaseRow).where(ReleaseRow.signed_at.is_not(None))):
        if vault.old and release.signature == vault.old.sign(release.statement.encode()):
            release.signature = vault.sign(release.statement.encode())
    return count


def _journal(hub: Hub) -> int:
    table = JournalRow.__table__
    assert isinstance(table, Table)
    count = 0
    for rows in _batches(hub, table):
        changes = [
            {"key": row.id, **changed} for row in rows if (changed := _again(row, hub.vault, hub.election.country))
        ]
        _write(hub, table, changes)
        count += len(changes)
    return count


def _again(row: Row[Any] | JournalRow, vault: Vault, country: str) -> dict[str, Any]:
    """The columns of a message that another key makes others; none where it is done."""
    sender, raw = vault.resealed(row.sender_sealed), vault.resealed(row.raw_sealed)
    if sender is None and raw is None:
        return {}
    sender, raw = sender or row.sender_sealed, raw or row.raw_sealed
    kind = "telegram" if row.channel == "telegram" else "phone"
    digest = vault.digest(kind, vault.open(sender).decode("utf-8", "replace")) if sender else b""
    context = _context(row.context, vault, raw, country)
    return {"sender_sealed": sender, "raw_sealed": raw, "sender_digest": digest, "context": context}


def _context(context: Mapping[str, Any], vault: Vault, raw: bytes, country: str) -> dict[str, Any]:
    told = dict(context)
    for name in journal.SEALED & told.keys():
        if sealed := vault.resealed(bytes.fromhex(told[name])):
            told[name] = sealed.hex()
    if "contact" in told and raw:  # the number that somebody shared is in the payload alone
        told["contact"] = vault.digest(*address_of("sms", decode_update(vault.open(raw)).text, country)).hex()
    return told


def _table(hub: Hub, of: type[Base], columns: tuple[str, ...]) -> int:
    table = of.__table__
    assert isinstance(table, Table)
    count = 0
    for rows in _batches(hub, table):
        changes = [
            {"key": row[0], **{name: again[name] or row._mapping[name] for name in columns}}
            for row in rows
            if any((again := {name: hub.vault.resealed(row._mapping[name] or b"") for name in columns}).values())
        ]
        _write(hub, table, changes)
        count += len(changes)
    return count


def _batches(hub: Hub, table: Table) -> Iterator[list[Row[Any]]]:
    """In the order of the key; files few at a time, for they are large."""
    [key] = table.primary_key.columns
    limit = 20 if table.name == MediaBlobRow.__tablename__ else BATCH
    last = None
    while True:
        statement = select(key, *[column for column in table.c if column is not key]).order_by(key).limit(limit)
        with reading(hub.engine) as session:
            rows = list(session.execute(statement if last is None else statement.where(key > last)))
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _write(hub: Hub, table: Table, changes: list[dict[str, Any]]) -> None:
    if changes:
        [key] = table.primary_key.columns
        with writing(hub.engine) as session:
            session.connection().execute(update(table).where(key == bindparam("key")), changes)
