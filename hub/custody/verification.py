"""Proves the database against the chain, the chain against its signed heads, and the heads against what others hold.

What it cannot prove from the inside: that the end was not cut off together with its heads. Whoever holds an anchor
can, and its text is an argument here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from hub.custody import anchors, chain
from hub.custody.statements import BY_NAME, KINDS, Kind, Salts, Subject, opened, statement
from hub.custody.verifier import Checkpoint, checkpoint, genesis, head_text, linked
from hub.models import AuditRow, ChainRow, HeadRow, MediaBlobRow
from hub.vault import Vault

BATCH = 1_000
FRESH = timedelta(seconds=10)  # before the last head: what came then may not have been seen by the sealer yet
PURGED = "purge"  # the deed, in the audit
TITLES = {"journal": "journal entry", "media": "file", "ruling": "ruling", "audit": "audit entry"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken`: what does not hold, the first of it first; "" where all holds. `counts`: what was proved, by kind.
    `waiting`: rows newer than the last head, not linked yet. `destroyed`: entries a purge left no senders of."""

    broken: str
    counts: Counter[str] = field(default_factory=Counter)
    head: Checkpoint | None = None
    waiting: int = 0
    destroyed: int = 0


class Broken(Exception):
    """The first thing that does not hold."""


def verify(
    session: Session, vault: Vault, election: str, keys: Collection[bytes], against: Sequence[str] = ()
) -> Verdict:
    """Everything, in the chain's order. `keys`: public ones that heads may be signed with; `against`: checkpoints.

    Raises `ValueError` where a checkpoint cannot be read.
    """
    told = [checkpoint(text) for text in against]
    walk = _Walk(session, vault, election, keys, told + [anchors.told(row) for row in anchors.sent(session)])
    try:
        walk.links()
        walk.ends()
        waiting = sum(_unlinked(session, kind, walk.head) for kind in KINDS)
    except Broken as broken:
        return Verdict(str(broken), walk.counts, walk.head)
    return Verdict("", walk.counts, walk.head, waiting, walk.destroyed)


class _Walk:
    def __init__(
        self, session: Session, vault: Vault, election: str, keys: Collection[bytes], told: Sequence[Checkpoint]
    ) -> None:
        self._session = session
        self._vault = vault
        self._election = election
        self._keys = [Ed25519PublicKey.from_public_bytes(key) for key in keys]
        self._told = told
        purges = session.scalars(select(AuditRow.after).where(AuditRow.action == PURGED)).all()
        self._purged, self._texts = bool(purges), any(told.get("texts") for told in purges)
        self.counts: Counter[str] = Counter()
        self.destroyed = 0
        self.head: Checkpoint | None = None
        self.last = 0

    def links(self) -> None:
        link = genesis(self._election)
        while rows := self._next():
            found = self._found(rows)
            heads = self._heads(rows[0].seq, rows[-1].seq)
            for row in rows:
                about = f"{TITLES.get(row.kind, row.kind)} {row.row_id} (link {row.seq})"
                if row.seq != self.last + 1:
                    raise Broken(f"link {self.last + 1} is missing")
                link = linked(link, row.statement)
                if link != row.link:
                    raise Broken(f"{about}: the chain was changed here")
                self._holds(row, found.get((row.kind, row.row_id)), about)
                self._signed(row.seq, link, heads.get(row.seq))
                self.last = row.seq
                self.counts[row.kind] += 1

    def ends(self) -> None:
        """The last link is signed, and no head or checkpoint is beyond it."""
        beyond = self._session.scalar(select(func.max(HeadRow.seq))) or 0
        beyond = max([beyond, *(point.seq for point in self._told)])
        if beyond > self.last:
            raise Broken(f"a head was made at link {beyond}, and the chain ends at {self.last}: its end was cut off")
        if self.last > (self.head.seq if self.head else 0):
            raise Broken(f"the links after {self.head.seq if self.head else 0} are not signed")

    def _next(self) -> Sequence[ChainRow]:
        statement = select(ChainRow).where(ChainRow.seq > self.last).order_by(ChainRow.seq).limit(BATCH)
        self._session.expunge_all()  # a whole journal does not fit
        return self._session.scalars(statement).all()

    def _found(self, rows: Sequence[ChainRow]) -> dict[tuple[str, int], Row[Any]]:
        """The rows that are told about, by kind and id."""
        found = {}
        for name, of in groupby(sorted(rows, key=lambda row: row.kind), lambda row: row.kind):
            if kind := BY_NAME.get(name):
                ids = [row.row_id for row in of]
                for row in self._session.execute(select(kind.table).where(kind.table.c.id.in_(ids))):
                    found[name, row.id] = row
        return found

    def _heads(self, first: int, last: int) -> dict[int, HeadRow]:
        return {
            head.seq: head for head in self._session.scalars(select(HeadRow).where(HeadRow.seq.between(first, last)))
        }

    def _holds(self, link: ChainRow, row: Row[Any] | None, about: str) -> None:
        told = json.loads(link.statement)
        if row is None:
            raise Broken(f"{about} was deleted")
        try:
            subject = BY_NAME[link.kind].subject(row, self._vault)
            salts = Salts(link.salt or b"", opened(self._vault, link.salt_sealed or b""))
        except InvalidTag as error:
            raise Broken(f"{about} cannot be opened: it was changed, or this is not its key") from error
        if told.get("unreadable"):
            raise Broken(f"{about} could not be opened when it was linked")
        again = json.loads(statement(link.kind, link.row_id, subject, salts))
        gone = self._gone(link, subject, about)
        different = [name for name in told.keys() | again.keys() if told.get(name) != again.get(name)]
        if wrong := sorted(set(different) - gone):
            raise Broken(f"{about}: its {', '.join(wrong)} is not what was committed to")
        if link.kind == "journal":
            self._sender(row, about)
            self.destroyed += link.salt_sealed is None
        if link.kind == "media":
            self._file(row, about)

    def _gone(self, link: ChainRow, subject: Subject, about: str) -> set[str]:
        """What a purge destroyed: nothing can be said of it any more, except that it is not there."""
        said = set() if link.salt else set(subject.said)
        personal = set() if link.salt_sealed else set(subject.personal)
        if unaccounted := (set() if self._texts else said) | (set() if self._purged else personal):
            raise Broken(f"{about}: its {', '.join(sorted(unaccounted))} was destroyed, and no purge of it is recorded")
        return said | personal

    def _sender(self, row: Row[Any], about: str) -> None:
        """Who it is looked up under is who it came from."""
        address = opened(self._vault, row.sender_sealed).decode("utf-8", "replace")
        kind = "telegram" if row.channel == "telegram" else "phone"
        vaults = [self._vault] + ([self._vault.old] if self._vault.old else [])
        if row.sender_sealed and row.sender_digest not in [vault.digest(kind, address) for vault in vaults]:
            raise Broken(f"{about}: it is looked up under another sender")

    def _file(self, row: Row[Any], about: str) -> None:
        sealed = self._session.scalar(select(MediaBlobRow.sealed).where(MediaBlobRow.sha256 == row.sha256))
        if sealed is None:
            raise Broken(f"{about}: its bytes are missing")
        try:
            content = self._vault.open(sealed)
        except InvalidTag as error:
            if self._purged:  # and the key with it
                self.counts["unreadable"] += 1
                return
            raise Broken(f"{about}: its bytes cannot be opened") from error
        if hashlib.sha256(content).hexdigest() != row.sha256:
            raise Broken(f"{about}: its bytes were changed")
        self.counts["bytes"] += len(content)

    def _signed(self, seq: int, link: bytes, head: HeadRow | None) -> None:
        if head is not None:
            point = chain.checkpoint_of(head)
            self._check(point, link, "head")
            self.head = point
            self.counts["head"] += 1
        for point in self._told:
            if point.seq == seq:
                self._check(point, link, "checkpoint")
                self.counts["checkpoint"] += 1

    def _check(self, point: Checkpoint, link: bytes, kind: str) -> None:
        if not link.hex().startswith(point.link):
            raise Broken(f"{kind} {point.seq} has another link: the chain was written anew")
        text = head_text(self._election, point.seq, link, point.at)
        if (kind == "head" or point.signature) and not any(_verifies(key, text, point) for key in self._keys):
            raise Broken(f"{kind} {point.seq} is not signed with this hub's key")


def _verifies(key: Ed25519PublicKey, text: bytes, point: Checkpoint) -> bool:
    try:
        key.verify(bytes.fromhex(point.signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _unlinked(session: Session, kind: Kind, head: Checkpoint | None) -> int:
    """How many wait for the sealer. Raises `Broken` for one that was there before the last head and is in no link."""
    missing = chain.unlinked(kind).add_columns(kind.table.c[kind.at])
    signed = session.scalar(select(HeadRow.at).where(HeadRow.seq == head.seq)) if head else None
    waiting = 0
    for row_id, at in session.execute(missing):
        if signed and at and at < signed - FRESH:
            raise Broken(f"{TITLES[kind.name]} {row_id} is in no link of the chain: it was slipped in")
        waiting += 1
    return waiting
