"""Results that somebody wants to change from a number that was not the observer's when they were first sent.

Whoever has talked an operator into a new number, or linked an account, could overwrite a protocol with it. So such a
change is kept and not entered: the desk calls the observer on a number that was known before, and stores it then.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.election.definition import Election
from hub.intake.journal import Entry
from hub.models import ContactRow, JournalRow
from hub.reports.stations import StationRecord


def results(election: Election) -> frozenset[str]:
    """The forms whose figures are published as results: the protocol, and what shares of votes are estimated from."""
    refs = [ref for share in election.analysis.shares for ref in (share.total, *share.parts.values())]
    compared = election.analysis.reconciled_form
    return frozenset({ref.partition(".")[0] for ref in refs} | ({compared} if compared else set()))


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
