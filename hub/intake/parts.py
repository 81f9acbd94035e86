"""A long message whose parts came one by one, in any order: read as one when all of it is there.

A part that waits for others stays in the inbox. When its patience is at an end the message is `incomplete`: nothing
of it is read, for an answer may have been cut in two, and the sender is asked to send it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.intake import journal
from hub.intake.journal import Entry
from hub.models import JournalRow

PATIENCE = timedelta(minutes=2)  # of our own: a gateway has waited for the parts already
TOGETHER = timedelta(hours=6)  # parts further apart are of different messages: a phone counts from 0 to 255


@dataclass
class Whole:
    """A message in the making: the part's number → (journal id, text), of `total`."""

    total: int
    parts: dict[int, tuple[int, str]] = field(default_factory=dict)

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.total + 1) if number not in self.parts]

    @property
    def last(self) -> int:
        """The entry that came last: it speaks for the message."""
        return max(id for id, _ in self.parts.values())

    @property
    def text(self) -> str:
        return "".join(self.parts.get(number, (0, " […] "))[1] for number in range(1, self.total + 1))


def gather(session: Session, entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """What can be settled: whole messages as one entry, spent and incomplete parts as what they are.

    `now` is the real time. Kinds: the last part speaks for a whole message and has its text; `part` is another one of
    it; `incomplete` speaks for a message whose other parts never came. Entries that wait are left out, and put off.
    """
    if not any("part" in entry.context for entry in entries):
        return list(entries)
    ready = []
    for entry in entries:
        settled = (
            _placed(session, entry)
            if "part" in entry.context and entry.kind != "copy" and not entry.corrects
            else entry
        )
        if settled is None:
            journal.put_off(session, entry.id, entry.attempts + 1, now + PATIENCE)
        else:
            ready.append(settled)
    return ready


def assemble(parts: Iterable[tuple[int, int, int, str]]) -> list[Whole]:
    """Messages from parts of one reference, (journal id, number, total, text) in the order they came. Pure.

    A number that comes again with another text begins another message: references are used again.
    """
    wholes: list[Whole] = []
    for id, number, total, text in parts:
        fits = (it for it in wholes if it.total == total and it.parts.get(number, (id, text))[1] == text)
        whole = next(fits, None)
        if whole is None:
            whole = Whole(total)
            wholes.append(whole)
        whole.parts.setdefault(number, (id, text))
    return wholes


def _placed(session: Session, entry: Entry) -> Entry | None:
    whole = next((it for it in _wholes(session, entry) if _holds(it, entry)), None)
    if whole is None:
        return replace(entry, kind="part")  # a part that came twice
    if not whole.missing:
        return replace(entry, text=whole.text) if entry.id == whole.last else replace(entry, kind="part")
    if entry.attempts == 0:
        return None
    if entry.id != whole.last:
        return replace(entry, kind="part")
    lacking = ", ".join(map(str, whole.missing))
    return replace(entry, kind="incomplete", text=whole.text, context=entry.context | {"missing": lacking})


def _holds(whole: Whole, entry: Entry) -> bool:
    return any(id == entry.id for id, _ in whole.parts.values())


def _wholes(session: Session, entry: Entry) -> list[Whole]:
    """The messages of this entry's reference, from what this sender sent around it."""
    reference, _, total = entry.context["part"]
    rows = session.execute(
        select(JournalRow.id, JournalRow.context, JournalRow.text)
        .where(JournalRow.sender_digest == entry.sender, JournalRow.gateway == entry.gateway)
        .where(JournalRow.received_at > entry.received_at - TOGETHER, JournalRow.corrects.is_(None))
        .order_by(JournalRow.id)
    )
    parts = [(id, *context["part"], text) for id, context, text in rows if "part" in context]
    return assemble((id, number, of, text) for id, its, number, of, text in parts if (its, of) == (reference, total))
