"""What the desk says in an observer's name: a correction of a message, of a record, or a report read out on the phone.

Each is a journal entry of its own that takes the same path as any message. An original stays as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from bots.wire import storable
from hub.alerts import life
from hub.checklist import grammar, validation, writing
from hub.checklist.definition import Form
from hub.checklist.problems import Problem
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import deeds, opening
from hub.intake import pipeline, undoing
from hub.intake.entries import corrected, journaled
from hub.models import ContactRow, JournalRow, PersonRow, StationRow, SubmissionRow, WorkItemRow
from hub.reports import incidents
from hub.reports.stations import StationRecords
from hub.sample import roster

# Said to the observer, and no reason not to store what the operator typed.
_TOLD = frozenset({"missing_answers", "rule_violated"})


# Built once: asked at each letter that is typed.
_ORIGIN = select(JournalRow.sender_digest, JournalRow.received_at).where(JournalRow.id == bindparam("entry"))

Resolution = Literal["unusable", "settled", "verified", "refuted"]


class Gone(Exception):
    """The work item is closed, or nothing of that kind is behind it."""


def preview(session: Session, hub: Hub, journal_id: int, text: str) -> Judgement:
    """What the hub would make of `text` from this message's sender. Stores nothing. Spans point into `text`."""
    sender, at = session.execute(_ORIGIN, {"entry": journal_id}).one()
    return _judged(session, hub, sender, at, text)


def save(
    session: Session, hub: Hub, *, item_id: int, text: str, account_id: int, reason: str, now: datetime
) -> Judgement | None:
    """Journals the corrected text beside its original and settles it in this transaction.

    The work item closes when nothing is left for the desk. None where the text turned out to be a command.
    It can be undone for a minute. Raises `Gone` where the item is closed or holds no message.
    """
    before = deeds.before(_open_item(session, item_id))
    original = _original(session, item_id)
    entry = corrected(session, hub, original, text, account_id, reason, now)
    read = _judged(session, hub, original.sender_digest, original.received_at, text)
    brought, line = [undoing.brought(session, entry, read)], life.last_line(session)
    settlement = pipeline.settle(session, hub, [entry], now)
    undoing.remember(session, hub, before, account_id, "saved", brought, line)
    return settlement.judgements.get(entry.id)


def amend(
    session: Session,
    hub: Hub,
    *,
    item_id: int,
    said: Mapping[str, Mapping[str, str]],
    account_id: int,
    reason: str,
    now: datetime,
) -> dict[str, tuple[Problem, ...]]:
    """Corrects what observers say on the form behind an item: `said` is observer's code → question's code → value.

    Each change corrects that observer's latest message on the form, all of them in this transaction; an answer that
    an observer never gave cannot be taken out, only changed. Returns, by observer, the problems for which nothing at
    all was stored; an empty mapping means stored. Raises `Gone`.
    """
    item = _open_item(session, item_id)
    form = hub.election.checklist.by_code.get(item.form or "")
    station = session.get(StationRow, item.station_id) if item.station_id else None
    if form is None or station is None:
        raise Gone
    texts: dict[str, tuple[JournalRow, str]] = {}
    refused: dict[str, tuple[Problem, ...]] = {}
    for code, answers in said.items():
        original, latest = _latest(session, station.id, form.code, code)
        text = _signed(session, original, code, writing.report(form, station.code, latest | dict(answers)))
        texts[code] = original, text
        if problems := _unsound(_judged(session, hub, original.sender_digest, original.received_at, text)):
            refused[code] = problems
    if not refused:
        before = deeds.before(item)
        entries = [
            corrected(session, hub, original, text, account_id, reason, now) for original, text in texts.values()
        ]
        reads = [_judged(session, hub, it.sender, it.received_at, it.text) for it in entries]
        brought = [undoing.brought(session, entry, read) for entry, read in zip(entries, reads, strict=True)]
        line = life.last_line(session)
        pipeline.settle(session, hub, entries, now)
        undoing.remember(session, hub, before, account_id, "saved", brought, line)
        session.refresh(item)
        if item.closed_at:  # its cause went, and these corrections are why
            item.closed_by, item.resolution = account_id, "corrected"
    return refused


def heard(
    session: Session,
    hub: Hub,
    *,
    station_id: int,
    form: Form,
    person_id: int,
    answers: Mapping[str, str],
    now: datetime,
) -> Judgement:
    """What the hub would make of a report that an observer reads out on the phone. Stores nothing. Raises `Gone`
    where this person has no phone or the station is not in the frame."""
    phone, text = _spoken(session, station_id, form, person_id, answers, now)
    return _judged(session, hub, phone.digest, now, text)


def dictate(
    session: Session,
    hub: Hub,
    *,
    station_id: int,
    form: Form,
    person_id: int,
    answers: Mapping[str, str],
    account_id: int,
    now: datetime,
) -> tuple[Problem, ...]:
    """Stores a report that was read out; the problems for which nothing was stored, () if it was. Raises `Gone`."""
    phone, text = _spoken(session, station_id, form, person_id, answers, now)
    if problems := _unsound(_judged(session, hub, phone.digest, now, text)):
        return problems
    origin: dict[str, Any] = {
        "channel": "phone",
        "sender_digest": phone.digest,
        "sender_sealed": phone.sealed,
        "context": {},
        "corrects": None,
    }
    pipeline.settle(session, hub, [journaled(session, hub, origin, text, account_id, "", now)], now)
    return ()


def _spoken(
    session: Session, station_id: int, form: Form, person_id: int, answers: Mapping[str, str], now: datetime
) -> tuple[ContactRow, str]:
    """The observer's phone, and the report as they would have texted it."""
    phones = select(ContactRow).where(ContactRow.person_id == person_id, ContactRow.kind == "phone")
    phone = session.scalars(phones.order_by(ContactRow.id)).first()
    station, person = session.get(StationRow, station_id), session.get(PersonRow, person_id)
    if phone is None or station is None or person is None:
        raise Gone
    text = writing.report(form, station.code, answers)
    shared = len(roster.senders(session, [(phone.digest, now)]).get((phone.digest, now), [])) > 1
    return phone, f"{text} # {person.code}" if shared else text


def close(
    session: Session, hub: Hub, *, item_id: int, account_id: int, resolution: Resolution, reason: str, now: datetime
) -> None:
    """Closes an item by hand, with why: a message that says nothing usable, a rule that was looked into. What came
    stays in the journal, and it can be undone for a minute. An incident is verified by it, or refuted. `Gone`."""
    item = _open_item(session, item_id)
    number = item.detail.get("incident")
    if number and resolution in ("verified", "refuted"):
        incidents.verify(session, number, resolution == "verified")
    deeds.remember(session, deeds.before(item), account_id, resolution, hub.timer(), {"incident": number})
    item.detail = {**item.detail, "reason": reason}
    session.flush()
    assert item.open_key is not None
    opening.close_cause(session, item.open_key, resolution, now, account_id)


def _original(session: Session, item_id: int) -> JournalRow:
    item = _open_item(session, item_id)
    original = session.get(JournalRow, item.journal_id) if item.journal_id else None
    if original is None:
        raise Gone
    return original


def _open_item(session: Session, item_id: int) -> WorkItemRow:
    statement = select(WorkItemRow).where(WorkItemRow.id == item_id, WorkItemRow.closed_at.is_(None))
    item = session.scalars(statement.with_for_update()).one_or_none()
    if item is None:
        raise Gone
    return item


def _latest(session: Session, station_id: int, form: str, person: str) -> tuple[JournalRow, dict[str, str]]:
    """The message that a correction of this observer on this form speaks for, and what it says as corrected last."""
    origin = func.coalesce(JournalRow.corrects, JournalRow.id)
    statement = (
        select(origin, SubmissionRow.answers)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .join(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .where(PersonRow.code == person, SubmissionRow.station_id == station_id, SubmissionRow.form == form)
        .where(SubmissionRow.outcome.in_(("accepted", "partial")))
        .order_by(origin.desc(), JournalRow.id.desc())
        .limit(1)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        raise Gone
    return session.get_one(JournalRow, found[0]), found[1]


def _signed(session: Session, original: JournalRow, person: str, text: str) -> str:
    """With the observer's code as the comment, where several share the phone it came from."""
    sent = original.sender_digest, original.received_at
    return f"{text} # {person}" if len(roster.senders(session, [sent]).get(sent, [])) > 1 else text


def _unsound(judgement: Judgement) -> tuple[Problem, ...]:
    problems = tuple(it for it in judgement.problems if it.code not in _TOLD)
    return problems or (judgement.problems if judgement.outcome in ("partial", "rejected") else ())


def _judged(session: Session, hub: Hub, sender: bytes, at: datetime, text: str) -> Judgement:
    reading = grammar.read(storable(text), hub.election.checklist)
    senders = roster.senders(session, [(sender, at)]).get((sender, at), [])
    codes = {code for person in senders for code in person.stations} | {getattr(reading, "station", None) or ""}
    stations = roster.stations(session, codes)
    records = StationRecords(session, {station.id for station in stations.values()}, lock="none")
    return validation.judge(
        reading,
        senders=senders,
        stations=stations,
        records=records.known,
        checklist=hub.election.checklist,
        now=at,
    )
