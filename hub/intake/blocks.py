"""Strangers by blocks of numbers: whoever floods the hub has many numbers, and these are neighbours.

The first messages of a block in an hour are heard as any stranger's. Of the rest the desk gets one item and nobody an
answer; the journal keeps them all. Registered senders are never counted, and so never silenced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from hub import tally
from hub.context import Hub
from hub.intake.journal import Entry

WINDOW = timedelta(hours=1)


class Blocks:
    """How many strangers of each block have written of late, with those of this batch."""

    def __init__(self, session: Session, hub: Hub, strangers: Iterable[Entry], now: datetime) -> None:
        self._session, self._hub, self._now = session, hub, now
        self._blocks = {entry.id: self._block(entry) for entry in strangers}
        before = tally.read(session, set(self._blocks.values()), now)
        self._counts = Counter({block: told.count for block, told in before.items()})
        self._heard: Counter[bytes] = Counter()

    def hear(self, entry: Entry) -> Literal["heard", "first of too many", "one of too many"]:
        """Counts a stranger's message; what becomes of it."""
        block = self._blocks[entry.id]
        self._counts[block] += 1
        self._heard[block] += 1
        over = self._counts[block] - self._hub.settings.strangers_per_block
        return "heard" if over <= 0 else "first of too many" if over == 1 else "one of too many"

    def cause(self, entry: Entry) -> str:
        """Of the desk's item about this stranger's block."""
        return f"block:{self._blocks[entry.id].hex()}"

    def save(self) -> None:
        if self._heard:
            tally.add(self._session, self._heard, WINDOW, self._now)

    def _block(self, entry: Entry) -> bytes:
        """Numbers, or ids of accounts, that differ in their last digits alone."""
        address = self._hub.vault.open(entry.sender_sealed).decode("utf-8", "replace")
        return self._hub.vault.digest("block", address[: -self._hub.settings.block_digits])
