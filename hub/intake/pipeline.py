"""Reads what waits in the inbox: one transaction a batch, and a message that fails is rolled back alone.

Each entry is read (grammar), attributed (roster), checked (validation), and becomes a submission, station records,
incidents, alerts, replies and pushes, all in the transaction that settles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import structlog
from sqlalchemy.orm import Session

from hub.checklist import grammar
from hub.checklist.reading import Reading
from hub.context import Hub
from hub.database import reading, writing
from hub.intake import journal, parts
from hub.intake.journal import ATTEMPTS, Entry
from hub.intake.settlement import Settlement, holds_words
from hub.reports.stations import Lock

log = structlog.get_logger()


def settle_batch(hub: Hub, limit: int) -> int:
    """Settles up to `limit` waiting entries; how many it took on. Any number of workers may run it at once: each
    passes by the entries and the stations that another holds."""
    with reading(hub.engine) as session:
        entries = journal.waiting(session, hub.timer(), limit)
    if not entries:
        return 0
    try:
        return _settle(hub, entries)
    except Exception as error:
        log.warning("pipeline.batch_failed", entries=len(entries), error=type(error).__name__)
        for entry in entries:
            _settle_alone(hub, entry)
    return len(entries)


def _settle(hub: Hub, entries: Sequence[Entry]) -> int:
    # Read outside of the transaction, which keeps other writers waiting.
    read = {entry.text: grammar.read(entry.text, hub.election.checklist) for entry in entries if holds_words(entry)}
    with writing(hub.engine) as session:
        ours = journal.claim(session, [entry.id for entry in entries])
        mine = [entry for entry in entries if entry.id in ours]
        settlement = settle(session, hub, mine, hub.clock(), read, lock="pass")
    return len(mine) - len(settlement.deferred)


def _settle_alone(hub: Hub, entry: Entry) -> None:
    try:
        _settle(hub, [entry])
    except Exception as error:
        attempts = entry.attempts + 1
        log.exception("pipeline.entry_failed", entry=entry.id, attempts=attempts)
        with writing(hub.engine) as session:
            if journal.claim(session, [entry.id]):
                if attempts < ATTEMPTS:
                    journal.postpone(session, entry.id, attempts, type(error).__name__, hub.timer())
                else:
                    give_up(session, hub, entry, hub.clock())


def settle(
    session: Session,
    hub: Hub,
    entries: Sequence[Entry],
    now: datetime,
    read: Mapping[str, Reading] = MappingProxyType({}),
    lock: Lock = "wait",
) -> Settlement:
    """Settles entries that are ours, in the caller's transaction. `read`: text → reading, where that is known."""
    copies = journal.copies(session, entries)
    unlike = [replace(entry, kind="copy") if entry.id in copies else entry for entry in entries]
    ready = parts.gather(session, unlike, hub.timer())
    settlement = Settlement(session, hub, ready, now, read, lock)
    for entry in settlement.in_turn(ready):
        settlement.take(entry)
    settlement.write()
    journal.settled(session, [entry.id for entry in ready if entry.id not in settlement.deferred])
    return settlement


def give_up(session: Session, hub: Hub, entry: Entry, now: datetime) -> None:
    """An entry on which our own code fails goes to the desk, with what it says and no guess at what it means."""
    settlement = Settlement(session, hub, [], now)
    settlement.dead_letter(entry)
    settlement.write()
    journal.settled(session, [entry.id])
