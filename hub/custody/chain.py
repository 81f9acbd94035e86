"""The chain grows: one process, the sealer, links what is there and not linked yet, and signs where it has come to.

Many processes append to the journal at once, so it cannot be chained as it is written: that would queue them up. What
is committed later with a smaller id is linked later.
"""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from hub import bulk, leadership
from hub.context import Hub
from hub.custody import anchors, keys
from hub.custody.statements import KINDS, Kind, Subject, new_salts, statement
from hub.custody.verifier import Checkpoint, genesis, head_text, linked
from hub.database import reading, writing
from hub.models import ChainRow, HeadRow, InboxRow
from hub.vault import Vault

TICK = 1.0  # seconds between looks
CROWD = 50  # messages that wait at once in a burst
BATCH, FEW = 500, 100  # rows of each kind that are linked together: as a rule, and in a burst
LEAD = timedelta(seconds=10)
LATE = 5_000  # ids: how far behind the newest a transaction that was slow to commit is looked for
SWEEP = 300  # ticks between looks at everything
log = structlog.get_logger()


class Sealer:
    """Rounds of one process. Only the one that leads does anything."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._holder = f"{socket.gethostname()}:{os.getpid()}:sealer"
        self._rounds = 0
        self._limit = BATCH

    async def round(self) -> int:
        full = await asyncio.to_thread(self.take) >= self._limit
        # In a burst messages are read first, and the chain catches up afterwards.
        burst = full and await asyncio.to_thread(self._in_a_burst)
        self._limit = FEW if burst else BATCH
        await asyncio.sleep(TICK / 4 if full and not burst else TICK)
        return 1

    def _in_a_burst(self) -> bool:
        with reading(self._hub.engine) as session:
            return session.scalar(select(InboxRow.journal_id).offset(CROWD).limit(1)) is not None

    def take(self) -> int:
        """Links what waits, and anchors where that is due; how many were linked."""
        everything = self._rounds % SWEEP == 0
        self._rounds += 1
        with reading(self._hub.engine) as session:
            waits = any(session.scalar(_waiting(session, kind, everything).limit(1)) for kind in KINDS)
            waits = waits or anchors.due(session, self._hub, self._hub.timer())
        if not waits:
            return 0
        with writing(self._hub.engine) as session:
            if not leadership.lead(session, "sealer", self._holder, self._hub.timer(), LEAD):
                return 0
        file = self._hub.settings.evidence_key
        made, key = keys.made(file), keys.opened(file)
        if made:
            log.warning("custody.key_made", public_key=keys.public(key).hex())
        count = seal(self._hub, key, everything=everything, limit=self._limit)
        with writing(self._hub.engine) as session:
            if anchors.due(session, self._hub, self._hub.timer()) and (head := newest(session)):
                anchors.send(session, self._hub, head, self._hub.timer())
        return count


def seal(hub: Hub, key: Ed25519PrivateKey, *, everything: bool = True, limit: int = BATCH) -> int:
    """Links up to `limit` rows of each kind and signs the new head; how many. For whoever leads."""
    with reading(hub.engine) as session:
        seq, link = end(session, hub.election.key)
        rows = []
        for kind in KINDS:
            for row in session.execute(_rows(session, kind, everything).limit(limit)).all():
                seq += 1
                rows.append(_next(kind, row, seq, link, hub.vault))
                link = rows[-1]["link"]
    if rows:
        head = _head(hub.election.key, seq, link, key, hub.clock())
        with writing(hub.engine) as session:
            with bulk.gathered(session) as insert_all:
                bulk.insert(session, ChainRow, rows)
                bulk.insert(session, HeadRow, [head])
            insert_all()
    return len(rows)


def seal_all(hub: Hub, key: Ed25519PrivateKey) -> int:
    count = 0
    while sealed := seal(hub, key):
        count += sealed
    return count


def end(session: Session, election: str) -> tuple[int, bytes]:
    """The number and the link of the chain's last."""
    last = session.execute(select(ChainRow.seq, ChainRow.link).order_by(ChainRow.seq.desc()).limit(1)).one_or_none()
    return (last.seq, last.link) if last else (0, genesis(election))


def newest(session: Session) -> Checkpoint | None:
    head = session.scalars(select(HeadRow).order_by(HeadRow.seq.desc()).limit(1)).one_or_none()
    return checkpoint_of(head) if head else None


def checkpoint_of(head: HeadRow) -> Checkpoint:
    return Checkpoint(head.seq, head.link.hex(), stamp(head.at), head.signature.hex())


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unlinked(kind: Kind) -> Select[Any]:
    """All rows of a kind that are in no link, oldest first."""
    table = kind.table
    mine = and_(ChainRow.kind == kind.name, ChainRow.row_id == table.c.id)
    return select(table.c.id).outerjoin(ChainRow, mine).where(kind.ready, ChainRow.seq.is_(None)).order_by(table.c.id)


def _waiting(session: Session, kind: Kind, everything: bool) -> Select[Any]:
    statement = unlinked(kind)
    if everything or kind.name == "media":  # files are kept out of order
        return statement
    last = session.scalar(select(func.max(ChainRow.row_id)).where(ChainRow.kind == kind.name)) or 0
    # So many that there are BATCH among them which are in no link, and no look goes through all that waits in a burst.
    table = kind.table
    ready = select(table.c.id).where(kind.ready, table.c.id > last - LATE)
    next_ones = ready.order_by(table.c.id).limit(LATE + BATCH).subquery()
    return statement.join(next_ones, next_ones.c.id == table.c.id)


def _rows(session: Session, kind: Kind, everything: bool) -> Select[Any]:
    return _waiting(session, kind, everything).with_only_columns(*kind.table.c, maintain_column_froms=True)


def _next(kind: Kind, row: Row[Any], seq: int, before: bytes, vault: Vault) -> dict[str, Any]:
    salts = new_salts()
    try:
        subject = kind.subject(row, vault)
    except InvalidTag:  # somebody's doing: it is said, and what comes after it is linked all the same
        subject = Subject({"unreadable": True})
    told = statement(kind.name, row.id, subject, salts)
    return {
        "seq": seq,
        "kind": kind.name,
        "row_id": row.id,
        "statement": told,
        "salt": salts.said if subject.said else None,
        "salt_sealed": vault.seal(salts.personal) if subject.personal else None,
        "link": linked(before, told),
    }


def _head(election: str, seq: int, link: bytes, key: Ed25519PrivateKey, now: datetime) -> dict[str, Any]:
    signature = key.sign(head_text(election, seq, link, stamp(now)))
    return {"seq": seq, "at": now, "link": link, "signature": signature}
