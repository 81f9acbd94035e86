"""What may be spent on replies: a loop with a machine at the other end must not burn the credit.

What comes by Telegram and is answered there costs nothing and is left alone. Everything is counted by the journal's
time, per sender.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from hub.checklist.people import Person
from hub.context import Hub
from hub.database import parts
from hub.intake.journal import Entry
from hub.models import JournalRow, OutboxRow
from hub.prepared import Prepared
from hub.sample import roster
from hub.sample.roster import Sent

# send it · say `instead` · silence, and the desk looks at it · no reply, and nothing to look at
Verdict = Literal["send", "instead", "quiet", "never"]

SAME = 2  # identical replies to one sender in an hour; the next one is worded otherwise
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_TELEPHONE = re.compile(r"\+[1-9]\d{6,14}")  # anything else is a short code or a name, which no person answers from


class Budget:
    """The replies that a batch's senders got of late, and those that the batch gives them."""

    def __init__(
        self,
        session: Session,
        hub: Hub,
        entries: Sequence[Entry],
        people: Mapping[Sent, Sequence[Person]],
        now: datetime,
    ) -> None:
        self._hub = hub
        self._known = {sender for sender, _ in people}
        paying = [entry for entry in entries if _may_cost(entry, people.get((entry.sender, entry.received_at), ()))]
        senders = {entry.sender for entry in paying}
        since = min((entry.received_at for entry in paying), default=now) - DAY
        self._told: dict[bytes, list[tuple[datetime, str]]] = defaultdict(list)
        for sender, text, at in _replies(session, senders, since) if paying else ():
            self._told[sender].append((at, text))
        self._opted_out = roster.opted_out(session, senders) if paying else set()
        limit = hub.settings.replies_per_day
        self._left = limit - _replies_of_a_day(session, hub.timer()) if limit and paying else None
        own = [number.strip() for number in f"{hub.settings.own_numbers},{hub.settings.twilio_from}".split(",")]
        self._own = {hub.vault.digest("phone", number) for number in own if number}

    def opt(self, sender: bytes, *, out: bool) -> None:
        """Whoever says STOP or START in the middle of a batch is taken at their word from there on."""
        (self._opted_out.add if out else self._opted_out.discard)(sender)

    def verdict(self, entry: Entry, channel: str, text: str, instead: Callable[[], str]) -> Verdict:
        """What becomes of one reply that would leave by `channel`; what is to be sent counts at once. `instead` words
        it otherwise."""
        if entry.channel == channel == "telegram":
            return "send"
        if entry.sender in self._opted_out or self._is_automatic(entry):
            return "never"
        told, most = self._told[entry.sender], self._hub.settings.replies_per_number
        if self._left == 0 or (len(told) >= most and _since(told, entry.received_at - DAY) >= most):
            return "quiet"
        verdict: Verdict = "send"
        if self._lately(entry, text) >= SAME:
            text = instead()
            verdict = "quiet" if self._lately(entry, text) else "instead"
        if verdict != "quiet":
            told.append((entry.received_at, text))
            self._left = self._left - 1 if self._left else self._left
        return verdict

    def _lately(self, entry: Entry, text: str) -> int:
        return _since([it for it in self._told[entry.sender] if it[1] == text], entry.received_at - HOUR)

    def _is_automatic(self, entry: Entry) -> bool:
        if entry.channel == "telegram":
            return False
        if entry.sender in self._known:  # what is registered is a telephone
            return entry.sender in self._own
        sender = self._hub.vault.open(entry.sender_sealed).decode()
        ours = entry.sender in self._own or sender == entry.context.get("recipient")
        return ours or not _TELEPHONE.fullmatch(sender)


def _may_cost(entry: Entry, people: Sequence[Person]) -> bool:
    """By SMS, or from somebody whom answers reach by SMS, wherever they write."""
    return entry.channel != "telegram" or any(person.prefers not in ("", "telegram") for person in people)


def _since(told: Sequence[tuple[datetime, str]], moment: datetime) -> int:
    return sum(at > moment for at, _ in told)


def _replies(session: Session, senders: set[bytes], since: datetime) -> list[tuple[bytes, str, datetime]]:
    return [row for part in parts(senders) for row in _REPLIES.rows(session, senders=part, since=since)]


# The senders' messages first, as OFFSET 0 makes it: a planner that knows little of a growing outbox would compare each
# reply with each sender.
_THEIRS = (
    select(JournalRow.id, JournalRow.sender_digest, JournalRow.received_at)
    .where(JournalRow.sender_digest.in_(bindparam("senders", expanding=True)))
    .where(JournalRow.received_at > bindparam("since"))
    .offset(0)
    .subquery()
)
_REPLIES = Prepared(
    select(_THEIRS.c.sender_digest, OutboxRow.text, _THEIRS.c.received_at)
    .join(OutboxRow, OutboxRow.journal_id == _THEIRS.c.id)
    .where(OutboxRow.kind == "reply", OutboxRow.channel != "telegram")
)


def _replies_of_a_day(session: Session, now: datetime) -> int:
    paid = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == "reply", OutboxRow.channel != "telegram")
    return session.scalar(paid.where(OutboxRow.created_at > now - DAY)) or 0
