"""A message goes back to its sender with a question, and its item waits until an answer comes or time is up."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy.orm import Session

from hub import outbox
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import deeds, queue
from hub.intake import answering, journal
from hub.intake.corrections import Gone
from hub.models import WorkItemRow
from hub.replies import problem_text, say
from hub.sample import roster

WAIT = timedelta(minutes=15)


def proposed(hub: Hub, read: Judgement) -> str:
    """The question in the sender's language, as the election words what is wrong; "" where nothing is."""
    language = read.person.language if read.person else hub.election.default_language
    form = hub.election.checklist.by_code.get(read.form or "")
    wrong = [problem_text(hub.election, problem, language, form) for problem in read.problems]
    return say(hub.election, "question_from_desk", language, question="\n".join(wrong)) if wrong else ""


def ask(session: Session, hub: Hub, *, item_id: int, text: str, account_id: int) -> None:
    """Sends the question by the road the message came, a minute later, and postpones the item. Raises `Gone`."""
    item = session.get(WorkItemRow, item_id)
    entry = journal.entry(session, item.journal_id) if item and item.journal_id and item.closed_at is None else None
    if item is None or entry is None:
        raise Gone
    sent = entry.sender, entry.received_at
    person = next(iter(roster.senders(session, [sent]).get(sent, [])), None)
    once = f"question:{secrets.token_hex(16)}"  # by which an undo finds it
    person_id = person.id if person else None
    draft = answering.draft(hub.vault, entry, text, kind="question", person_id=person_id, dedup=once, over_button=False)
    deeds.remember(session, deeds.before(item), account_id, "asked", hub.timer(), {"question": once})
    outbox.enqueue(session, [draft], hub.timer())
    queue.postpone(session, item_id, account_id, hub.timer() + WAIT, text)
