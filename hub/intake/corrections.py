"""An operator's correction: a journal entry of its own that takes the same path as any message. The original stays."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bots.wire import storable
from hub.checklist import grammar, validation
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import opening
from hub.intake import journal, pipeline
from hub.models import JournalRow, WorkItemRow
from hub.reports.stations import StationRecords
from hub.sample import roster


class Gone(Exception):
    """The work item is closed, or no message is behind it."""


def preview(session: Session, hub: Hub, journal_id: int, text: str) -> Judgement:
    """What the hub would make of `text` from this message's sender. Stores nothing. Spans point into `text`."""
    original = session.get_one(JournalRow, journal_id)
    reading = grammar.read(storable(text), hub.election.checklist)
    sent = original.sender_digest, original.received_at
    senders = roster.senders(session, [sent]).get(sent, [])
    codes = {code for person in senders for code in person.stations} | {getattr(reading, "station", None) or ""}
    stations = roster.stations(session, codes)
    records = StationRecords(session, {station.id for station in stations.values()}, lock=False)
    return validation.judge(
        reading,
        senders=senders,
        stations=stations,
        records=records.answers,
        checklist=hub.election.checklist,
        now=original.received_at,
    )


def save(
    session: Session, hub: Hub, *, item_id: int, text: str, account_id: int, reason: str, now: datetime
) -> Judgement | None:
    """Journals the corrected text beside its original and settles it in this transaction.

    The work item closes when nothing is left for the desk. None where the text turned out to be a command.
    Raises `Gone` where the item is closed or holds no message.
    """
    original = _original(session, item_id)
    values = {
        "dedup": journal.dedup("desk", "desk", secrets.token_hex(16)),
        "gateway": original.gateway,
        "channel": original.channel,
        "kind": "text",
        "provider_id": f"desk:{item_id}",
        "sender_digest": original.sender_digest,
        "sender_sealed": original.sender_sealed,
        "text": storable(text),
        "context": {key: value for key, value in original.context.items() if key != "button"},
        "raw_sealed": hub.vault.seal(json.dumps({"text": text, "account": account_id, "reason": reason}).encode()),
        "sent_at": None,
        "received_at": now,
        "corrects": original.id,
        "account_id": account_id,
        "reason": storable(reason),
    }
    [entry_id] = journal.store(session, [values])
    entry = journal.entry(session, entry_id)
    assert entry is not None
    # It speaks for its original: of that hour, and of the station where its sender was then.
    entry = replace(entry, received_at=original.received_at)
    settlement = pipeline.settle(session, hub, [entry], now)
    return settlement.judgements.get(entry_id)


def close_unusable(session: Session, *, item_id: int, account_id: int, reason: str, now: datetime) -> None:
    """Closes a message that says nothing usable. It stays in the journal. Raises `Gone`."""
    item = _open_item(session, item_id)
    item.detail = {**item.detail, "reason": reason}
    session.flush()
    assert item.open_key is not None
    opening.close_cause(session, item.open_key, "unusable", now, account_id)


def _original(session: Session, item_id: int) -> JournalRow:
    item = _open_item(session, item_id)
    original = session.get(JournalRow, item.journal_id) if item.journal_id else None
    if original is None:
        raise Gone
    return original


def _open_item(session: Session, item_id: int) -> WorkItemRow:
    statement = select(WorkItemRow).where(WorkItemRow.id == item_id, WorkItemRow.closed_at.is_(None))
    item = session.scalars(statement.with_for_update()).one_or_none()
    if item is None:
        raise Gone
    return item
