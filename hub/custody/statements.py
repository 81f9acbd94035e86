"""What the chain commits to: a statement about each row, in canonical JSON.

What is harmless stands in clear. What people said (`text`, `reason`) stands as a salted digest, so that the words can
be destroyed without breaking the chain. Who said it and the provider's raw payload have a salt that is itself sealed:
all telephone numbers of a country are hashed in minutes, so a digest whose salt anybody can read is a number in clear.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Table, true
from sqlalchemy.sql.elements import ColumnElement

from hub.custody.verifier import committed
from hub.intake import journal
from hub.models import AuditRow, JournalRow, MediaRow, RulingRow
from hub.models.base import Base
from hub.vault import Vault

SALT = 16  # bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """One row, as it is committed to: what stands in clear, what is hidden, and what is hidden because of people."""

    clear: dict[str, Any]
    said: Mapping[str, bytes] = field(default_factory=dict)
    personal: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A table whose rows are chained: which of them, what is committed to, and which column tells when."""

    name: str
    of: type[Base]
    subject: Callable[[Row[Any], Vault], Subject]
    ready: ColumnElement[bool]
    at: str = "at"

    @property
    def table(self) -> Table:
        table = self.of.__table__
        assert isinstance(table, Table)
        return table


@dataclass(frozen=True, slots=True)
class Salts:
    said: bytes
    personal: bytes


def new_salts() -> Salts:
    salts = os.urandom(2 * SALT)
    return Salts(salts[:SALT], salts[SALT:])


def statement(kind: str, row_id: int, subject: Subject, salts: Salts) -> str:
    hidden = {name: committed(salts.said, name, content) for name, content in subject.said.items()}
    personal = {name: committed(salts.personal, name, content) for name, content in subject.personal.items()}
    return canonical({"what": kind, "id": row_id} | subject.clear | hidden | personal)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _message(row: Row[Any], vault: Vault) -> Subject:
    clear = {
        "at": row.received_at.isoformat(),
        "sent": row.sent_at.isoformat() if row.sent_at else None,
        "channel": row.channel,
        "gateway": row.gateway,
        "kind": row.kind,
        "corrects": row.corrects,
        "account": row.account_id,
    }
    personal = {
        "sender": opened(vault, row.sender_sealed),
        "raw": opened(vault, row.raw_sealed),
        "origin": canonical([row.provider_id, _context(row.context, vault)]).encode(),
    }
    return Subject(clear, {"text": row.text.encode(), "reason": (row.reason or "").encode()}, personal)


def _context(context: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """Without what another key would change: a lookup digest is left out, a place and a code are opened."""
    told = {name: value for name, value in context.items() if name != "contact"}
    for name in journal.SEALED & told.keys():
        told[name] = vault.open(bytes.fromhex(told[name])).decode()
    return told


def opened(vault: Vault, sealed: bytes) -> bytes:
    """Raises `cryptography.exceptions.InvalidTag`. What was destroyed is empty."""
    return vault.open(sealed) if sealed else b""


def _file(row: Row[Any], _vault: Vault) -> Subject:
    return Subject(
        {"journal": row.journal_id, "place": row.place, "sha256": row.sha256, "type": row.type, "size": row.size}
    )


def _ruling(row: Row[Any], _vault: Vault) -> Subject:
    names = ("position", "account_id", "station_id", "form", "code", "kind", "value")
    clear = {"at": row.at.isoformat()} | {name: getattr(row, name) for name in names}
    return Subject(clear, {"reason": row.reason.encode(), "detail": canonical(row.detail).encode()})


def _deed(row: Row[Any], _vault: Vault) -> Subject:
    told = canonical([row.subject, row.address, row.before, row.after])
    return Subject({"at": row.at.isoformat(), "account": row.account_id, "action": row.action}, {"told": told.encode()})


KINDS = (
    Kind("journal", JournalRow, _message, true(), "received_at"),
    Kind("media", MediaRow, _file, MediaRow.state == "kept", "settled_at"),
    Kind("ruling", RulingRow, _ruling, true()),
    Kind("audit", AuditRow, _deed, true()),
)
BY_NAME = {kind.name: kind for kind in KINDS}
