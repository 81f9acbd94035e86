"""An unknown sender becomes a person's: after a call-back the address is added, and what came from it is read anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hub.alerts import life
from hub.context import Hub
from hub.desk import deeds
from hub.intake import corrections, pipeline, undoing
from hub.intake.corrections import Gone
from hub.intake.entries import corrected
from hub.models import JournalRow, SubmissionRow, WorkItemRow
from hub.sample import links
from hub.sample.links import Linked, Taken


def identify(
    session: Session, hub: Hub, *, item_id: int, person_id: int, account_id: int, now: datetime
) -> Linked | Taken:
    """Whoever calls this has called the person back on a number that was known before.

    Every message of this sender that waits at the desk takes the usual path again, as an entry beside the original.
    It can be undone for a minute: the address goes, and all of them wait again. `Taken`: the person has another
    Telegram account, and nothing is changed. Raises `Gone`.
    """
    item = session.get(WorkItemRow, item_id)
    if item is None or item.journal_id is None or item.closed_at is not None:
        raise Gone
    entry = session.get_one(JournalRow, item.journal_id)
    linked = links.adopt(session, hub.vault, person_id, entry.channel, entry.sender_sealed, account_id, now)
    if isinstance(linked, Linked):
        first, waiting = deeds.before(item), _waiting(session, entry.sender_digest)
        beside = [deeds.before(it).told() for it in _items(session, entry.sender_digest) if it.id != item_id]
        again = [
            corrected(session, hub, original, original.text, account_id, f"sent by {linked.code}", now)
            for original in waiting
        ]
        reads = [corrections.preview(session, hub, original.id, original.text) for original in waiting]
        brought = [undoing.brought(session, each, read) for each, read in zip(again, reads, strict=True)]
        line = life.last_line(session)
        pipeline.settle(session, hub, again, now)
        added = {"person": person_id, "journal": entry.id}
        undoing.remember(session, hub, first, account_id, "named", brought, line, beside=beside, added=added)
    return linked


def _waiting(session: Session, sender: bytes) -> list[JournalRow]:
    """What came from this address and waits for a name, the first first; also what was kept unread in a flood."""
    statement = (
        select(JournalRow)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .outerjoin(WorkItemRow, and_(WorkItemRow.journal_id == JournalRow.id, WorkItemRow.closed_at.is_(None)))
        .where(JournalRow.sender_digest == sender, JournalRow.account_id.is_(None))
        .where(or_(WorkItemRow.kind == "unknown", and_(SubmissionRow.outcome == "ignored", JournalRow.kind == "text")))
        .order_by(JournalRow.id)
    )
    return list(session.scalars(statement).unique())


def _items(session: Session, sender: bytes) -> list[WorkItemRow]:
    """What is open at the desk of this address that waits for a name."""
    statement = (
        select(WorkItemRow)
        .join(JournalRow, JournalRow.id == WorkItemRow.journal_id)
        .where(WorkItemRow.kind == "unknown", WorkItemRow.closed_at.is_(None), JournalRow.sender_digest == sender)
    )
    return list(session.scalars(statement.order_by(WorkItemRow.id)))
