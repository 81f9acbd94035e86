"""Submissions: what was made of each message. Written once; the history of a report is its submissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import bulk
from hub.checklist.problems import Problem
from hub.models import StationRow, SubmissionRow


def row(
    journal_id: int,
    outcome: str,
    now: datetime,
    *,
    form: str | None = None,
    person_id: int | None = None,
    station_id: int | None = None,
    answers: dict[str, str] | None = None,
    problems: Sequence[Problem] = (),
    comment: str = "",
    terms: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "journal_id": journal_id,
        "outcome": outcome,
        "form": form,
        "person_id": person_id,
        "station_id": station_id,
        "answers": answers or {},
        "problems": [problem.as_dict() for problem in problems],
        "comment": comment,
        "settled_at": now,
        "terms": terms,
    }


def store(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    bulk.insert(session, SubmissionRow, rows)


def outcome(session: Session, journal_id: int) -> str | None:
    return session.scalar(select(SubmissionRow.outcome).where(SubmissionRow.journal_id == journal_id))


def stations(session: Session, journal_ids: Sequence[int]) -> set[str]:
    """The codes of the stations that these entries reported from."""
    if not journal_ids:
        return set()
    statement = select(StationRow.code).join(SubmissionRow, SubmissionRow.station_id == StationRow.id)
    return set(session.scalars(statement.where(SubmissionRow.journal_id.in_(journal_ids))))


def forms(session: Session, journal_ids: Sequence[int]) -> set[str]:
    """The codes of the forms that these entries reported on."""
    statement = select(SubmissionRow.form).where(SubmissionRow.journal_id.in_(journal_ids))
    return {form for form in session.scalars(statement) if form}


def first_like(session: Session, person_id: int, station_id: int, form: str, answers: dict[str, str]) -> int | None:
    """The first message in which this person said the same, if there is one."""
    statement = (
        select(SubmissionRow.journal_id, SubmissionRow.answers)
        .where(SubmissionRow.person_id == person_id, SubmissionRow.station_id == station_id, SubmissionRow.form == form)
        .where(SubmissionRow.outcome.in_(("accepted", "partial")))
        .order_by(SubmissionRow.journal_id)
    )
    return next((journal_id for journal_id, said in session.execute(statement) if said == answers), None)
