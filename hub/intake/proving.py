"""What is kept and not entered until somebody has called the observer on a number that was known before.

Results that are changed from a number that was not the observer's when they were first sent: whoever has talked an
operator into a new number, or linked an account, could overwrite a protocol with it. And, where the election asks for
codes, what came without a good one: whoever can write a number as the sender of an SMS does not have the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.checklist import proof
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import opening
from hub.election.definition import Election
from hub.intake import journal
from hub.intake.entries import put_together
from hub.intake.journal import Entry
from hub.models import ContactRow, JournalRow, SubmissionRow, WorkItemRow
from hub.reports import submissions
from hub.reports.stations import StationRecord
from hub.sample import proofs


def results(election: Election) -> frozenset[str]:
    """The forms whose figures are published as results: the protocol, and what shares of votes are estimated from."""
    refs = [ref for share in election.analysis.shares for ref in (share.total, *share.parts.values())]
    compared = election.analysis.reconciled_form
    return frozenset({ref.partition(".")[0] for ref in refs} | ({compared} if compared else set()))


CALLS = 5  # messages from one address that wait for a call each; of more there is one item for all

Lack = Literal["missing", "wrong"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that waits for its code, and whose it would be."""

    id: int
    text: str
    person_id: int


def waits_for_a_call(
    session: Session,
    election: Election,
    entry: Entry,
    record: StationRecord | None,
    person_id: int,
    answers: Mapping[str, str],
) -> bool:
    """Whether this changes a result that its observer sent before the address it comes from was theirs.

    What the desk writes has been called about already.
    """
    if record is None or record.form not in results(election) or entry.account_id is not None:
        return False
    own = record.by_observer.get(str(person_id), {})
    changed = [own[code][1] for code, value in answers.items() if code in own and own[code][0] != value]
    if not changed:
        return False
    linked = session.scalar(
        select(func.max(ContactRow.linked_at)).where(
            ContactRow.person_id == person_id, ContactRow.digest == entry.sender
        )
    )
    said = session.scalar(select(func.min(JournalRow.received_at)).where(JournalRow.id.in_(changed)))
    return linked is not None and said is not None and linked > said


def report_needs_code(
    session: Session, election: Election, entry: Entry, judgement: Judgement, said: Mapping[str, str], edits: list[int]
) -> bool:
    """Whether this says or takes back something on a form that the election wants a code for.

    `said`: what its observer has told there before; the same again needs none. `edits`: the versions before this one.
    """
    guarded = election.proof.forms
    if not guarded or entry.account_id is not None:
        return False
    if edits:
        return bool({judgement.form, *submissions.forms(session, edits)} & set(guarded))
    return judgement.form in guarded and any(said.get(code) != value for code, value in judgement.answers.items())


def incident_needs_code(election: Election, entry: Entry, severity: int) -> bool:
    return election.proof.incidents == "critical" and severity == 1 and entry.account_id is None


def lack(session: Session, hub: Hub, entry: Entry, person_id: int, now: datetime) -> Lack | None:
    """What this person's message lacks to be entered; None where it is proved. A code of a sheet is used up by that."""
    if "proved" in entry.context:
        return None
    sealed = entry.context.get("proof")
    # The code of a message in parts may stand in two of them.
    code = hub.vault.open(bytes.fromhex(sealed)).decode() if sealed else proof.code(entry.text)
    if not code:
        return "missing"
    good = proofs.redeem(session, hub.vault, person_id, code, sender=entry.sender, journal_id=entry.id, now=now)
    return None if good else "wrong"


def waiting(session: Session, sender: bytes) -> list[Kept]:
    """What came from this address and waits at the desk for want of a code, the first first."""
    return [
        Kept(id, detail.get("whole", text), person_id)
        for id, text, person_id, detail in _at_the_desk(session, sender)
        if "proof" in detail
    ]


def calls(session: Session, sender: bytes) -> int:
    """How many messages from this address wait for a call."""
    return sum("call_back" in detail for *_, detail in _at_the_desk(session, sender))


def _at_the_desk(session: Session, sender: bytes) -> Iterable[Any]:
    return session.execute(
        select(JournalRow.id, JournalRow.text, SubmissionRow.person_id, WorkItemRow.detail)
        .join(WorkItemRow, WorkItemRow.journal_id == JournalRow.id)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .where(JournalRow.sender_digest == sender, WorkItemRow.kind == "message", WorkItemRow.closed_at.is_(None))
        .order_by(JournalRow.id)
    )


def the_one(kept: Sequence[Kept]) -> Kept | None:
    """The message that a code by itself may prove: were there several, one of them might be forged."""
    return kept[-1] if len({(proof.without(it.text), it.person_id) for it in kept}) == 1 else None


def say_again(session: Session, hub: Hub, entry: Entry, kept: Kept) -> None:
    """Journals a kept message anew, now that `entry` has proved it; the next batch reads it as any other."""
    made_of = {"message": kept.id, "proved_by": entry.id}
    text = proof.without(kept.text)
    journal.store(session, [put_together(hub, entry, f"proof:{entry.id}", text, made_of, {"proved": entry.id})])


def close(session: Session, entry: Entry, now: datetime) -> None:
    """Nobody needs to be called about what said the same without a code."""
    said = proof.without(entry.text)
    causes = {f"message:{it.id}" for it in waiting(session, entry.sender) if proof.without(it.text) == said}
    opening.close_causes(session, causes, "came", now)
