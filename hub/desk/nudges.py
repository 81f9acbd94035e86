"""Reminders that need nobody: the observer when a form is late, the coordinator when it still is. None goes twice,
none after the report came. The calls between the two are people's: see `late`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import Hub
from hub.database import parts
from hub.desk import late, opening
from hub.desk.late import Owed
from hub.desk.opening import late_cause
from hub.models import ContactRow, InboxRow, JournalRow, WorkItemRow
from hub.outbox import Draft
from hub.replies import say
from hub.sample import roster
from hub.sample.roster import Contact

TOO_LATE = timedelta(hours=1)  # after its time a reminder is no news any more: the hub was down, or began later
NAMED = 12  # stations named in one message to a coordinator


def remind(session: Session, hub: Hub, now: datetime) -> int:
    """Puts what is to be said by `now` in the outbox, and who is to be called at the desk; how many messages that were
    not there before."""
    minutes = hub.election.late
    _to_call(session, hub, now)
    nudged = _owed(session, hub, now, timedelta(minutes=minutes.nudge))
    told = _owed(session, hub, now, timedelta(minutes=minutes.coordinator))
    if not nudged and not told:
        return 0
    drafts = [*_to_observers(session, hub, nudged), *_to_coordinators(session, hub, told)]
    gone = outbox.known(session, [draft.dedup for draft in drafts if draft.dedup])
    fresh = [draft for draft in drafts if draft.dedup not in gone]
    outbox.enqueue(session, fresh, hub.timer())
    return len(fresh)


def _to_call(session: Session, hub: Hub, now: datetime) -> None:
    """An item for each report that became late enough to call for. One that somebody closed does not come again."""
    lines = _owed(session, hub, now, timedelta(minutes=hub.election.late.call))
    if not lines:
        return
    forms = {line.form for line in lines}
    before = select(WorkItemRow.station_id, WorkItemRow.form)
    before = before.where(WorkItemRow.kind == "late", WorkItemRow.form.in_(forms))
    known = {(station_id, form) for station_id, form in session.execute(before)}
    items = [
        opening.item(
            "late", late_cause(line.station_id, line.form), 3, line.due_at, station_id=line.station_id, form=line.form
        )
        for line in lines
        if (line.station_id, line.form) not in known
    ]
    opening.open_items(session, items)


def _owed(session: Session, hub: Hub, now: datetime, after: timedelta) -> list[Owed]:
    """What became late by `after` just now, but for stations whose message waits to be read or mended."""
    due = {form.code for form in late.overdue(hub.election, now, after)}
    due -= {form.code for form in late.overdue(hub.election, now, after + TOO_LATE)}
    if not due:
        return []
    lines = [line for line in late.owed(session, hub.election, now, after=after) if line.form in due]
    at_desk = select(WorkItemRow.station_id, WorkItemRow.form).where(
        WorkItemRow.closed_at.is_(None), WorkItemRow.kind == "message"
    )
    held = {(station_id, form) for station_id, form in session.execute(at_desk)}
    unread = _unread(session)
    return [
        line
        for line in lines
        if (line.station_id, line.form) not in held and not unread & {observer.id for observer in line.observers}
    ]


def _unread(session: Session) -> set[int]:
    """Who has sent something that nobody has read yet."""
    statement = (
        select(ContactRow.person_id)
        .join(JournalRow, JournalRow.sender_digest == ContactRow.digest)
        .join(InboxRow, InboxRow.journal_id == JournalRow.id)
    )
    return set(session.scalars(statement))


def _to_observers(session: Session, hub: Hub, lines: Sequence[Owed]) -> Iterator[Draft]:
    ways = _ways(session, {observer.id for line in lines for observer in line.observers})
    for line in lines:
        for observer in line.observers:
            if way := ways.get(observer.id):
                due = f"{line.due_at.astimezone(hub.election.zone):%H:%M}"
                text = say(hub.election, "nudge", observer.language, form=line.form, station=line.station, due=due)
                yield _draft(way, text, f"nudge:{line.form}:{line.station_id}:{observer.id}")


def _to_coordinators(session: Session, hub: Hub, lines: Sequence[Owed]) -> Iterator[Draft]:
    """One message for a form and region, to each coordinator."""
    owing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in lines:
        owing[line.form, line.region].append(line.station)
    for (form, region), stations in owing.items():
        people = [it for it in roster.staff(session, ["coordinator"], region) if it.region == region]
        ways = _ways(session, {person.id for person in people})
        named = ", ".join(stations[:NAMED]) + ("…" if len(stations) > NAMED else "")
        for person in people:
            if way := ways.get(person.id):
                text = say(
                    hub.election, "late_stations", person.language, form=form, count=len(stations), stations=named
                )
                yield _draft(way, text, f"late:{form}:{region}:{person.id}")


def _ways(session: Session, person_ids: Collection[int]) -> dict[int, Contact]:
    """Each person's first road that is open."""
    found: dict[int, Contact] = {}
    for part in parts(person_ids):
        found |= {person_id: contacts[0] for person_id, contacts in roster.contacts(session, part).items() if contacts}
    return found


def _draft(way: Contact, text: str, dedup: str) -> Draft:
    channel = "telegram" if way.kind == "telegram" else "sms"
    return Draft("nudge", outbox.BULK, channel, way.sealed, text, dedup=dedup, person_id=way.person_id)
