"""A day that leaves something of every kind in the chain, and somebody who verifies it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import audit
from hub.accounts import accounts
from hub.context import Hub
from hub.custody import chain, keys, verification
from hub.custody.verification import Verdict
from hub.custody.verifier import Checkpoint
from hub.database import reading, writing
from hub.media.fetching import Fetching
from hub.models import StationRow
from hub.reports import rulings
from tests.journeys.town import Town

A1, A2, STRANGER, TELEGRAM = "+237670000001", "+237670000002", "+237699887766", 8100004
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Archive:
    town: Town
    key: Ed25519PrivateKey

    @property
    def hub(self) -> Hub:
        return self.town.hub

    def seal(self) -> int:
        return chain.seal_all(self.hub, self.key)

    def head(self) -> Checkpoint:
        with reading(self.hub.engine) as session:
            head = chain.newest(session)
        assert head is not None
        return head

    def verify(self, session: Session, *against: str, keys: Sequence[bytes] = ()) -> Verdict:
        known = keys or [self.public]
        return verification.verify(session, self.hub.vault, self.hub.election.key, known, against)

    def verdict(self, *against: str) -> Verdict:
        with reading(self.hub.engine) as session:
            return self.verify(session, *against)

    @property
    def public(self) -> bytes:
        return keys.public(self.key)


async def fill(archive: Archive) -> Archive:
    """Entries 1 to 4, a photo, a ruling; each then linked, in that order, and what the audit has of it."""
    town = archive.town
    await town.sms(A1, "SET 10001 H0715 M13 A1")
    await town.telegram(TELEGRAM, "SET 20001 H 7:40 M2 A1 # queue outside")
    await town.sms(STRANGER, "my number is +237699887766, call me")
    await town.sms(A2, "SET 10001 H0715 M14 A1")
    await _photo(town)
    await town.work()
    with writing(town.hub.engine) as session:
        accounts.create(session, "anna", "operator", "en", password="a long password")
        station = session.scalars(select(StationRow.id).where(StationRow.code == "10001")).one()
        why, among = "called both", {"M": ["13", "14"]}
        rulings.record(
            session, "decided", station, "SET", {"M": "13"}, account_id=1, reason=why, now=town.clock[0], among=among
        )
        audit.record(session, "reveal", town.clock[0], account_id=1, subject="A1", address="10.0.0.7")
    archive.seal()
    return archive


async def _photo(town: Town) -> None:
    chat = {"id": TELEGRAM, "type": "private"}
    town.bot_api.files["picture"] = PIXEL
    sizes = [{"file_id": "picture", "width": 1, "height": 1}]
    await town.update({"message": {"message_id": 7, "date": 0, "chat": chat, "from": {"id": TELEGRAM}, "photo": sizes}})
    await town.work()
    await Fetching(town.hub, town.gateways.all()).round()
