"""Reads what waits in the inbox: one transaction a batch, and a message that fails is rolled back alone.

Each entry is read (grammar), attributed (roster), checked (validation), and becomes a submission, station records,
incidents, alerts, replies and pushes, all in the transaction that settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from hub.context import Hub
from hub.database import writing
from hub.intake import journal, parts
from hub.intake.journal import ATTEMPTS, Entry
from hub.intake.settlement import Settlement
from hub.reports.stations import Lock

log = structlog.get_logger()


def settle_batch(hub: Hub, limit: int, *, spare: bool = False) -> int | None:
    """Settles up to `limit` waiting entries; how many it took on. Any number of workers may run it at once: each
    passes by the entries and the stations that another holds. One that is `spare` leaves them to another that is at
    work and keeps up, which is None: two small batches cost more than one."""
    entries: list[Entry] = []
    try:
        with writing(hub.engine) as session:
            if not journal.takes_turn(session) and spare and not journal.waits_for_more(session, limit * 3 // 2):
                return None
            entries = journal.waiting(session, hub.timer(), limit)
            if not entries:
                return 0
            settlement = settle(session, hub, entries, hub.clock(), lock="pass")
            return len(entries) - len(settlement.deferred)
    except Exception as error:
        if not entries:
            raise
        log.warning("pipeline.batch_failed", entries=len(entries), error=type(error).__name__)
        for entry in entries:
            _settle_alone(hub, entry)
    return len(entries)


def _settle(hub: Hub, entry: Entry) -> None:
    with writing(hub.engine) as session:
        if journal.claim(session, [entry.id]):
            settle(session, hub, [entry], hub.clock(), lock="pass")


def _settle_alone(hub: Hub, entry: Entry) -> None:
    try:
        _settle(hub, entry)
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
    lock: Lock = "wait",
) -> Settlement:
    """Settles entries that are ours, in the caller's transaction."""
    copies = journal.copies(session, entries)
    unlike = [replace(entry, kind="copy") if entry.id in copies else entry for entry in entries]
    ready = parts.gather(session, unlike, hub.timer())
    settlement = Settlement(session, hub, ready, now, lock)
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
