"""Undo for a minute: an operator takes back what was stored, closed or asked.

The journal only grows: taking a correction back is an entry of its own, which says again what the message said before.
The reply or question was held back for that minute and never goes out. Who was alerted meanwhile is not called off: the
alert's timeline says that its report was taken back, and its people close it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.alerts import life
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import deeds, opening, queue
from hub.desk.deeds import Before, Deed
from hub.intake import journal, troubles
from hub.intake.entries import corrected
from hub.intake.journal import Entry
from hub.models import JournalRow, StationRecordRow, SubmissionRow
from hub.reports import incidents, submissions
from hub.reports.stations import StationRecords
from hub.sample import links, roster


class TooLate(Exception):
    """The minute is over, it was undone before, or somebody else has the item by now."""


def brought(session: Session, entry: Entry, read: Judgement) -> dict[str, Any]:
    """What `undo` must know of a correction, before it is settled: where it goes, and what its observer says there.

    One that stores nothing has nothing in a record to take back.
    """
    station_id = read.station.id if read.station else None
    person_id = read.person.id if read.person else 0
    row = session.get(StationRecordRow, (station_id, read.form)) if station_id and read.form else None
    said = row.by_observer.get(str(person_id)) if row else None
    told = {"entry": entry.id, "origin": entry.origin, "station": station_id, "form": read.form}
    return told | {"person": person_id, "said": said}


def remember(
    session: Session,
    hub: Hub,
    before: Before,
    account_id: int,
    kind: str,
    corrections: Sequence[Mapping[str, Any]],
    line: int,
    **more: Any,
) -> None:
    """Makes settled `corrections` one deed. `line`: the newest in the alerts' timelines before they were settled."""
    alerts = life.sounded_by(session, [it["origin"] for it in corrections], line)
    told = {"corrections": [*corrections], "alerts": alerts, **more}
    deeds.remember(session, before, account_id, kind, hub.timer(), told)


def undo(session: Session, hub: Hub, deed_id: int, account_id: int, now: datetime) -> Deed:
    """Makes it what it was: the record, the item, what waits to go out. `now`: the election's. Raises `TooLate`."""
    timer = hub.timer()
    deed = deeds.take_back(session, deed_id, account_id, timer)
    if deed is None:
        raise TooLate
    question = deed.detail.get("question")
    if question and not outbox.withdraw(session, timer, dedup=question):
        raise TooLate
    if not all(queue.reopen(session, each, account_id, timer) for each in (deed.before, *_beside(deed))):
        raise TooLate
    for each in _beside(deed):
        queue.release(session, each.item_id, account_id)
    if number := deed.detail.get("incident"):
        incidents.verify(session, number, None)
    for correction in deed.detail.get("corrections", ()):
        outbox.withdraw(session, timer, answering=correction["entry"])
        _restore(session, hub, correction, now)
        _unreport(session, correction["entry"], account_id, now)
        _say_again(session, hub, correction["entry"], account_id, now)
    for alert_id in deed.detail.get("alerts", ()):
        life.taken_back(session, alert_id, account_id, now)
    if added := deed.detail.get("added"):
        origin = session.get_one(JournalRow, added["journal"])
        links.forget(session, added["person"], origin.sender_digest)
    return deed


def _beside(deed: Deed) -> list[Before]:
    """The other items that the deed closed or changed: all that a stranger had sent."""
    return [Before(**told) for told in deed.detail.get("beside", ())]


def _unreport(session: Session, entry_id: int, account_id: int, now: datetime) -> None:
    """An incident that only the correction reported is not so, and nobody has to verify it."""
    for number in incidents.of_message(session, entry_id):
        incidents.verify(session, number, False)
        opening.close_cause(session, opening.incident_cause(number), "refuted", now, account_id)


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
