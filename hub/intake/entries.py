"""Journal entries that the desk writes in an observer's name, and that the hub writes of what a sender said in several
messages. They wait in the inbox until they are settled."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bots.wire import storable
from hub.checklist import proof
from hub.context import Hub
from hub.intake import journal
from hub.intake.journal import Entry
from hub.models import JournalRow


def put_together(
    hub: Hub, entry: Entry, provider_id: str, text: str, made_of: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, Any]:
    """The row of what a sender has said, `entry` being the last of it; unique by `provider_id`."""
    raw = json.dumps(made_of, ensure_ascii=False)
    way = {name: entry.context[name] for name in ("chat", "recipient", "line") if name in entry.context}
    return {
        "dedup": journal.dedup(entry.channel, entry.gateway, provider_id),
        "gateway": entry.gateway,
        "channel": entry.channel,
        "kind": "text",
        "provider_id": provider_id,
        "sender_digest": entry.sender,
        "sender_sealed": entry.sender_sealed,
        "text": text,
        "context": {**way, **context},
        "raw_sealed": hub.vault.seal(raw.encode()),
        "sent_at": None,
        "received_at": entry.received_at,
        "corrects": None,
        "account_id": None,
        "reason": None,
    }


def corrected(
    session: Session,
    hub: Hub,
    original: JournalRow,
    text: str,
    account_id: int,
    reason: str,
    now: datetime,
    *,
    kind: str = "text",
) -> Entry:
    """What a message should have said, beside it."""
    origin = {
        "kind": kind,
        "gateway": original.gateway,
        "channel": original.channel,
        "sender_digest": original.sender_digest,
        "sender_sealed": original.sender_sealed,
        "context": {key: value for key, value in original.context.items() if key != "button"},
        "corrects": original.id,
    }
    # It speaks for its original: of that hour, and of the station where its sender was then.
    return replace(journaled(session, hub, origin, text, account_id, reason, now), received_at=original.received_at)


def journaled(
    session: Session, hub: Hub, origin: Mapping[str, Any], text: str, account_id: int, reason: str, now: datetime
) -> Entry:
    """An entry of the desk's own; `origin` holds what tells whom it speaks for."""
    told = {"text": text, "account": account_id, "reason": reason}
    key = secrets.token_hex(16)
    values = {
        "dedup": journal.dedup("desk", "desk", key),
        "gateway": "desk",
        "kind": "text",
        "provider_id": f"desk:{key}",
        "text": storable(proof.masked(text)),  # whoever called may have typed the code, too
        "raw_sealed": hub.vault.seal(json.dumps(told).encode()),
        "sent_at": None,
        "received_at": now,
        "account_id": account_id,
        "reason": storable(reason),
        **origin,
    }
    [entry_id] = journal.store(session, [values])
    entry = journal.entry(session, entry_id)
    assert entry is not None
    return entry
