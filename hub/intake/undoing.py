"""Undo for a minute: an operator takes back what was stored, closed or asked.

The journal only grows: taking a correction back is an entry of its own, which says again what the message said before.
The reply or question was held back for that minute and never goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import Hub
from hub.desk import deeds, opening, queue
from hub.desk.deeds import Deed
from hub.intake import journal, troubles
from hub.intake.entries import corrected
from hub.models import JournalRow, StationRecordRow, SubmissionRow
from hub.reports import incidents, submissions
from hub.reports.stations import StationRecords
from hub.sample import roster


class TooLate(Exception):
    """The minute is over, it was undone before, or somebody else has the item by now."""


def brought(
    session: Session, entry_id: int, station_id: int | None, form: str | None, person_id: int
) -> dict[str, Any]:
    """What `undo` must know of a correction, before it is settled: where it goes, and what its observer says there."""
    row = session.get(StationRecordRow, (station_id, form)) if station_id and form else None
    said = row.by_observer.get(str(person_id)) if row else None
    return {"entry": entry_id, "station": station_id, "form": form, "person": person_id, "said": said}


def undo(session: Session, hub: Hub, deed_id: int, account_id: int, now: datetime) -> Deed:
    """Makes it what it was: the record, the item, what waits to go out. `now`: the election's. Raises `TooLate`."""
    timer = hub.timer()
    deed = deeds.take_back(session, deed_id, account_id, timer)
    if deed is None:
        raise TooLate
    question = deed.detail.get("question")
    if question and not outbox.withdraw(session, timer, dedup=question):
        raise TooLate
    if not queue.reopen(session, deed.before, account_id, timer):
        raise TooLate
    if number := deed.detail.get("incident"):
        incidents.verify(session, number, None)
    for correction in deed.detail.get("corrections", ()):
        outbox.withdraw(session, timer, answering=correction["entry"])
        _restore(session, hub, correction, now)
        _say_again(session, hub, correction["entry"], account_id, now)
    return deed


def _restore(session: Session, hub: Hub, correction: Mapping[str, Any], now: datetime) -> None:
    """The station's record without the correction, with every rule and conflict judged again."""
    if not correction["station"] or not correction["form"]:
        return
    station = roster.station(session, correction["station"])
    form = hub.election.checklist.by_code.get(correction["form"])
    if station is None or form is None:
        return
    records = StationRecords(session, [station.id])
    if records.get(station.id, form.code) is None:
        return
    observers = roster.observers(session, [station.id], now).get(station.id, set())
    must_agree = observers if form.observers == "agree" else None
    record = records.open(station.id, form.code, now)
    record.restore(correction["person"], correction["entry"], correction["said"], now, must_agree)
    troubles.flag(records, hub.election.checklist, station, form.code, now)
    items = troubles.follow(session, records, hub.election.checklist, {station.id: station}, now)
    records.save()
    opening.open_items(session, items)


def _say_again(session: Session, hub: Hub, entry_id: int, account_id: int, now: datetime) -> None:
    """An entry that says what the message said before the correction, with what was made of that."""
    undone = session.get_one(JournalRow, entry_id)
    assert undone.corrects is not None
    statement = (
        select(JournalRow.text, SubmissionRow)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .where(or_(JournalRow.id == undone.corrects, JournalRow.corrects == undone.corrects), JournalRow.id < entry_id)
        .order_by(JournalRow.id.desc())
        .limit(1)
    )
    text, was = session.execute(statement).one()
    original = session.get_one(JournalRow, undone.corrects)
    entry = corrected(session, hub, original, text, account_id, "", now, kind="undo")
    terms = {"undoes": entry_id}  # whoever builds the records anew leaves both entries out
    again = submissions.row(entry.id, was.outcome, now, form=was.form, person_id=was.person_id, terms=terms)
    again |= {"station_id": was.station_id, "answers": was.answers, "problems": was.problems, "comment": was.comment}
    submissions.store(session, [again])
    journal.settled(session, [entry.id])
