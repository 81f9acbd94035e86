"""Spreadsheets uploaded to a running hub: kept while somebody looks at what they would change, then taken or forgotten.

The loaded election is written out as a directory, changed there as `hub import` would, and loaded again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from hub.authoring import directory, loaded, plan, registers, sheets, xlsform
from hub.authoring.plan import SCRATCH, Plan, Upload
from hub.authoring.registers import Kind
from hub.authoring.sheets import Complaint
from hub.election import configuration, placing
from hub.election.configuration import Configuration, ConfigurationError
from hub.models import UploadRow
from hub.sample import importer
from hub.sample.importer import Changes
from hub.vault import Vault

KINDS: tuple[str, ...] = ("checklist", *get_args(Kind))
OFFICIAL = "official"  # results, which are no file of the election
_KEPT = timedelta(hours=1)


class Differs(Exception):
    """What would change is not what was shown; look again."""


@dataclass(frozen=True, slots=True)
class Kept:
    id: int
    kind: str
    name: str
    data: bytes
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """`after`: the whole election with the file in it; None where it cannot be taken."""

    plan: Plan
    after: Configuration | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`plan`: how the file was understood; `changes`: what it would change in the database, None where it cannot be
    taken, for the reasons in `complaints`. `restart`: the running processes hold what would change."""

    plan: Plan
    changes: Changes | None
    complaints: tuple[Complaint, ...]

    @property
    def restart(self) -> bool:
        return (
            any(table.table == "election" and table.changed for table in self.changes.tables) if self.changes else False
        )

    @property
    def seal(self) -> str:
        """Stands for what was shown."""
        return hashlib.sha256(f"{self.plan}\n{self.changes!r}".encode()).hexdigest()


def keep(
    session: Session,
    vault: Vault,
    account_id: int,
    kind: str,
    name: str,
    data: bytes,
    told: Mapping[str, str],
    now: datetime,
) -> int:
    """Keeps a file for an hour, sealed. `kind` is one of KINDS or OFFICIAL, `told`: their header → our column."""
    session.execute(delete(UploadRow).where(UploadRow.at < now - _KEPT))
    row = UploadRow(account_id=account_id, kind=kind, name=name, sealed=vault.seal(data), told=dict(told), at=now)
    session.add(row)
    session.flush()
    return row.id


def find(
    session: Session, vault: Vault, upload_id: int, account_id: int, kinds: Collection[str] = KINDS
) -> Kept | None:
    """One's own upload of one of these kinds; nobody sees another's."""
    row = session.get(UploadRow, upload_id)
    if row is None or row.account_id != account_id or row.kind not in kinds:
        return None
    return Kept(row.id, row.kind, row.name, vault.open(row.sealed), row.told)


def name_columns(session: Session, upload_id: int, told: Mapping[str, str]) -> None:
    """Says anew which of their headers is which column of ours."""
    session.execute(update(UploadRow).where(UploadRow.id == upload_id).values(told=dict(told)))


def prepare(session: Session, vault: Vault, kept: Kept) -> Prepared:
    """Works out what the file would make of the election. Seconds for a large frame: not for a transaction that
    writes."""
    with tempfile.TemporaryDirectory(prefix="hub-upload-", dir=SCRATCH) as scratch:
        here = Path(scratch)
        placing.place(here, directory.written(loaded.configuration(session, vault)))
        planned = plan.plan(here, _understood(here, kept))
        if planned.complaints:
            return Prepared(planned, None)
        plan.carry_out(here, planned)
        return Prepared(planned, configuration.load(here))


def preview(session: Session, vault: Vault, prepared: Prepared) -> Preview:
    """What the database would become. Changes nothing."""
    if prepared.after is None:
        return Preview(prepared.plan, None, prepared.plan.complaints)
    try:
        return Preview(prepared.plan, importer.plan(session, prepared.after, vault), ())
    except ConfigurationError as error:
        return Preview(prepared.plan, None, _complaints(error))


def take(session: Session, vault: Vault, prepared: Prepared, seal: str, now: datetime) -> Changes:
    """Takes the whole file in the caller's transaction. Raises `Differs` where the preview with this seal would not be
    the one of now: then the caller's transaction must not be kept."""
    if prepared.after is None:
        raise Differs
    try:
        changes = importer.load(session, prepared.after, vault, now)
    except ConfigurationError as error:
        raise Differs from error
    if Preview(prepared.plan, changes, ()).seal != seal:
        raise Differs
    return changes


def forget(session: Session, upload_id: int) -> None:
    session.execute(delete(UploadRow).where(UploadRow.id == upload_id))


def _understood(here: Path, kept: Kept) -> Upload:
    workbook = sheets.read(kept.name, kept.data)
    if kept.kind == "checklist":
        return xlsform.read(here, workbook)
    return registers.read(here, next(kind for kind in get_args(Kind) if kind == kept.kind), workbook, kept.told)


def _complaints(error: ConfigurationError) -> tuple[Complaint, ...]:
    wrong = (finding for finding in error.findings if finding.severity == "error")
    return tuple(Complaint(finding.place, finding.message, finding.fix) for finding in wrong)
