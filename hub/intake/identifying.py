"""An unknown sender becomes a person's: after a call-back the address is added, and what came from it is read anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hub.context import Hub
from hub.intake import pipeline
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
    `Taken`: the person has another Telegram account, and nothing is changed. Raises `Gone`.
    """
    item = session.get(WorkItemRow, item_id)
    entry = session.get(JournalRow, item.journal_id) if item and item.journal_id and item.closed_at is None else None
    if entry is None:
        raise Gone
    linked = links.adopt(session, hub.vault, person_id, entry.channel, entry.sender_sealed, account_id, now)
    if isinstance(linked, Linked):
        again = [
            corrected(session, hub, original, original.text, account_id, f"sent by {linked.code}", now)
            for original in _waiting(session, entry.sender_digest)
        ]
        pipeline.settle(session, hub, again, now)
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
