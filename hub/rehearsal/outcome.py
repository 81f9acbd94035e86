"""What came of a played day, against what it should have been: nothing lost, nothing doubled, nothing different."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.alerts import rules
from hub.analysis import reconciliation, tables
from hub.authoring import results, sheets
from hub.context import Hub
from hub.database import reading
from hub.election.definition import Election
from hub.intake import journal
from hub.models import AlertRow, IncidentRow, JournalRow, OutboxRow, SubmissionRow, WorkItemRow
from hub.rehearsal.day import Recorded

TOLERANCE = 0.0001  # percentage points


@dataclass(frozen=True, slots=True)
class Progress:
    received: int
    unread: int
    outgoing: int
    unsent: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the summary."""

    what: str
    expected: str
    found: str
    sound: bool


def progress(hub: Hub) -> Progress:
    with reading(hub.engine) as session:
        received = _count(session, JournalRow)
        return Progress(received, journal.unread(session), _count(session, OutboxRow), outbox.unsent(session))


def compare(
    hub: Hub, messages: Sequence[Recorded], expected: Mapping[str, Any], outgoing: int, taken: int
) -> list[Line]:
    """The summary. `outgoing`: how many messages the hub wrote to go out; `taken`: how many the providers took."""
    with reading(hub.engine) as session:
        found = tables.findings(session, hub.election).as_json()
        wrong = _different(session, messages)
        incidents = sum(message.category is not None for message in messages)
        forms = Counter(message.form for message in messages)
        lines = [
            _exactly("messages received", len(messages), _count(session, JournalRow)),
            _exactly("read as they were meant", len(messages), len(messages) - wrong),
            _exactly("incidents", incidents, _count(session, IncidentRow)),
            _exactly("critical: an alert and a push", _critical(hub.election, messages), _alerts_paged(session)),
            _exactly("waiting at the desk", 0, _to_mend(session)),
            _exactly("replies and pushes delivered", outgoing, taken),
        ]
        lines += [_exactly(f"  of them {form}", count, _submitted(session, form)) for form, count in forms.items()]
    for name, wanted in expected.items():
        if name in found:
            same, of = _same_figures(wanted, found[name])
            lines.append(_exactly(f"figures of {name.replace('_', ' ')}", of, same))
    return lines


def take_official(session: Session, election: Election, path: Path, now: datetime) -> None:
    """Takes in the official results of the election's protocol form."""
    assert election.analysis.reconciled_form is not None
    read = results.read(session, election, sheets.read(path.name, path.read_bytes()), {})
    assert not read.complaints, read.complaints
    reconciliation.take_official(session, election.analysis.reconciled_form, read.results, now, file=path.name)


def _different(session: Session, messages: Sequence[Recorded]) -> int:
    """How many messages of the day have no submission, several, or one that says something else.

    Senders are sealed, so a message is found again by its text.
    """
    meant = Counter((message.text, message.form, _said(message.answers)) for message in messages)
    rows = session.execute(
        select(JournalRow.text, SubmissionRow.form, SubmissionRow.answers)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .where(SubmissionRow.outcome == "accepted")
    )
    made = Counter((text, form, _said(answers)) for text, form, answers in rows)
    return (meant - made).total()


def _said(answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(answers.items()))


def _critical(election: Election, messages: Sequence[Recorded]) -> int:
    """How many critical alerts the day should raise: one for each topic at a station."""
    checklist = election.checklist
    topics = set()
    for message in messages:
        if message.category is not None:
            category = checklist.category_by_code[message.category]
            triggers = rules.by_category(category, election.alerting)
        else:
            triggers = rules.by_answers(checklist.form(message.form), message.answers)
        topics |= {(message.station, trigger.topic) for trigger in triggers if trigger.severity == 1}
    return len(topics)


def _alerts_paged(session: Session) -> int:
    statement = (
        select(func.count(OutboxRow.alert_id.distinct()))
        .join(AlertRow, AlertRow.id == OutboxRow.alert_id)
        .where(AlertRow.severity == 1, or_(AlertRow.topic.like("incident:%"), AlertRow.topic.like("answer:%")))
    )
    return session.scalar(statement.where(OutboxRow.state.in_(("sent", "delivered")))) or 0


def _submitted(session: Session, form: str) -> int:
    statement = select(func.count()).select_from(SubmissionRow)
    return session.scalar(statement.where(SubmissionRow.form == form, SubmissionRow.outcome == "accepted")) or 0


def _same_figures(wanted: Any, found: Any) -> tuple[int, int]:
    """How many of the wanted figures were found, and how many there are."""
    if isinstance(wanted, dict):
        there = found if isinstance(found, dict) else {}
        parts = [_same_figures(value, there.get(key)) for key, value in wanted.items()]
        return sum(same for same, _ in parts), sum(of for _, of in parts)
    if isinstance(wanted, float) and isinstance(found, int | float):
        return int(abs(wanted - found) <= TOLERANCE), 1
    return int(wanted == found), 1


def _to_mend(session: Session) -> int:
    """Messages, rules and conflicts: what a day that was sent without a mistake has none of."""
    kinds = ("message", "unknown", "rule", "conflict")
    return session.scalar(select(func.count()).select_from(WorkItemRow).where(WorkItemRow.kind.in_(kinds))) or 0


def _exactly(what: str, expected: int, found: int) -> Line:
    return Line(what, f"{expected:,}", f"{found:,}", expected == found)


def _count(session: Session, table: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
