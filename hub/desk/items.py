"""One work item as its operator sees it: the message, who sent it and what they sent before, the station's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import BindParameter, LargeBinary, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from hub import audit
from hub.desk import late
from hub.desk.late import Call
from hub.models import (
    AccountRow,
    AssignmentRow,
    ContactRow,
    JournalRow,
    PersonRow,
    StationRecordRow,
    StationRow,
    SubmissionRow,
    WorkItemRow,
)

HISTORY = 12
_By = Literal["id", "code", "digest"]
MENDED = ("message", "unknown")  # kinds of item that are there because of what a message says


@dataclass(frozen=True, slots=True)
class Sender:
    """Who it is, as far as the desk may know: never a full number. `hint`: the phone's last three digits; `others`:
    who else is at their stations; `heard_at`: over whichever channel; `reveals`: how often the number was shown."""

    id: int
    code: str
    role: str
    language: str
    stations: tuple[str, ...]
    hint: str
    others: tuple[str, ...] = ()
    heard_at: datetime | None = None
    calls: tuple[Call, ...] = ()  # newest first
    reveals: int = 0


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message, or a correction of one. `outcome` is "" while nobody has read it; `who` its sender by code."""

    journal_id: int
    received_at: datetime
    text: str
    outcome: str
    form: str
    corrects: int | None
    who: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` as it came, `latest` as it was corrected last."""

    journal_id: int
    text: str
    latest: str
    channel: str
    received_at: datetime
    sender: Sender | None
    history: tuple[Earlier, ...]
    more: bool = False  # messages than the history shows


@dataclass(frozen=True, slots=True)
class Record:
    """What the observers of a station say on one form: `said` is the observer's code → question's code → value;
    `decided`: question's code → who chose between them, and why."""

    answers: dict[str, str]
    said: dict[str, dict[str, str]]
    conflicts: tuple[str, ...]
    flags: tuple[str, ...]
    first_at: datetime
    updated_at: datetime
    decided: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """`holder`: the account that has it, or had it when it was closed; "" while nobody has."""

    id: int
    kind: str
    severity: int
    opened_at: datetime
    station_id: int | None
    station: str
    district: str
    region: str
    form: str
    detail: dict[str, Any] = field(default_factory=dict)
    holder: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    resolution: str = ""
    note: str = ""  # why it was postponed, handed over or escalated last
    escalated_at: datetime | None = None
    message: Message | None = None
    person: Sender | None = None  # whom it is about, where no message says it
    record: Record | None = None
    behind: tuple[Earlier, ...] = ()  # the messages behind the record, newest first


def item(session: Session, item_id: int) -> Item | None:
    found = session.execute(_item(), {"item": item_id}).one_or_none()
    if found is None:
        return None
    row, station, district, region, holder, closer = found
    return Item(
        id=row.id,
        kind=row.kind,
        severity=row.severity,
        opened_at=row.opened_at,
        station_id=row.station_id,
        station=station or "",
        district=district or "",
        region=region or "",
        form=row.form or "",
        detail=row.detail,
        holder=holder or "",
        closed_at=row.closed_at,
        closed_by=closer or "",
        resolution=row.resolution or "",
        note=row.note or "",
        escalated_at=row.escalated_at,
        message=_message(session, row.journal_id, row.detail.get("whole")) if row.journal_id else None,
        person=_person(session, row.detail.get("person")),
        record=_record(session, row.station_id, row.form) if row.station_id and row.form else None,
        behind=_behind(session, row.station_id, row.form) if row.station_id and row.form else (),
    )


def original(session: Session, item_id: int) -> tuple[int, str] | None:
    """The journal id and the text of the message that an item is there to mend; a live reading needs no more."""
    found = session.execute(_original(), {"item": item_id}).one_or_none()
    return (found[0], found[2].get("whole") or found[1]) if found else None


def _message(session: Session, journal_id: int, whole: str | None) -> Message | None:
    """`whole`: the text of a long message, of which this entry is the last part."""
    entry = session.connection().execute(_entry(), {"entry": journal_id}).one_or_none()
    if entry is None:
        return None
    said, history = whole or entry.text, _history(session, journal_id, entry.sender_digest)
    return Message(
        journal_id,
        said,
        said if entry.latest is None else entry.latest,
        entry.channel,
        entry.received_at,
        _sender(session, "digest", entry.sender_digest),
        tuple(it for it in history if it.journal_id != journal_id),
        more=len(history) == HISTORY,
    )


def _person(session: Session, person: int | str | None) -> Sender | None:
    """By id, or by code."""
    return _sender(session, "code" if isinstance(person, str) else "id", person) if person else None


def _sender(session: Session, by: _By, value: int | str | bytes) -> Sender | None:
    row = session.connection().execute(_card(by), {"value": value}).one_or_none()
    if row is None:
        return None
    posts = session.connection().execute(_posts(), {"person": row.id}).all()
    return Sender(
        row.id,
        row.code,
        row.role,
        row.language,
        tuple(sorted({station for station, _ in posts})),
        row.hint or "",
        tuple(sorted({other for _, other in posts if other})),
        row.heard_at,
        late.calls_to(session, row.id),
        row.reveals,
    )


def _history(session: Session, journal_id: int, digest: bytes) -> tuple[Earlier, ...]:
    """What the same person sent last over whichever channel, and how this message was corrected; itself with it."""
    rows = session.connection().execute(_earlier(), {"entry": journal_id, "digest": digest})
    return tuple(
        Earlier(id, at, text, outcome or "", form or "", corrects, "", channel)
        for id, at, text, corrects, channel, outcome, form in rows
    )


def _behind(session: Session, station_id: int, form: str) -> tuple[Earlier, ...]:
    rows = session.connection().execute(_reports(), {"station": station_id, "form": form})
    return tuple(
        Earlier(id, at, text, outcome, form, corrects, who or "") for id, at, text, corrects, outcome, who in rows
    )


def _record(session: Session, station_id: int, form: str) -> Record | None:
    row = session.get(StationRecordRow, (station_id, form))
    if row is None:
        return None
    people = {int(person_id) for person_id in row.by_observer}
    codes: dict[int, str] = {
        person_id: code
        for person_id, code in session.execute(select(PersonRow.id, PersonRow.code).where(PersonRow.id.in_(people)))
    }
    said = {
        codes.get(int(person_id), person_id): {code: str(told[0]) for code, told in answers.items()}
        for person_id, answers in sorted(row.by_observer.items(), key=lambda pair: codes.get(int(pair[0]), pair[0]))
    }
    who = select(AccountRow.id, AccountRow.name).where(
        AccountRow.id.in_(told["account"] for told in row.decided.values())
    )
    deciders = {id: name for id, name in session.execute(who)} if row.decided else {}
    decided = {code: (deciders[told["account"]], str(told["reason"])) for code, told in row.decided.items()}
    return Record(row.answers, said, tuple(row.conflicts), tuple(row.flags), row.first_at, row.updated_at, decided)


# The statements, each built once: a page of the desk makes a dozen, and building one costs as much as running it.


@cache
def _item() -> Select[*tuple[Any, ...]]:
    holder, closer = aliased(AccountRow), aliased(AccountRow)
    return (
        select(WorkItemRow, StationRow.code, StationRow.district, StationRow.region, holder.name, closer.name)
        .outerjoin(StationRow, StationRow.id == WorkItemRow.station_id)
        .outerjoin(holder, holder.id == WorkItemRow.claimed_by)
        .outerjoin(closer, closer.id == WorkItemRow.closed_by)
        .where(WorkItemRow.id == bindparam("item"))
    )


@cache
def _original() -> Select[*tuple[Any, ...]]:
    return (
        select(JournalRow.id, JournalRow.text, WorkItemRow.detail)
        .join(WorkItemRow, WorkItemRow.journal_id == JournalRow.id)
        .where(WorkItemRow.id == bindparam("item"), WorkItemRow.kind.in_(MENDED))
    )


@cache
def _entry() -> Select[*tuple[Any, ...]]:
    """A message, and the text of its last correction."""
    correction = aliased(JournalRow)
    latest = select(correction.text).where(correction.corrects == JournalRow.id).order_by(correction.id.desc()).limit(1)
    return select(
        JournalRow.text,
        JournalRow.channel,
        JournalRow.received_at,
        JournalRow.sender_digest,
        latest.scalar_subquery().label("latest"),
    ).where(JournalRow.id == bindparam("entry"))


@cache
def _card(by: _By) -> Select[*tuple[Any, ...]]:
    value: BindParameter[Any] = bindparam("value")
    theirs = select(ContactRow.hint).where(ContactRow.person_id == PersonRow.id, ContactRow.kind == "phone")
    heard = (
        select(func.max(JournalRow.received_at))
        .join(ContactRow, ContactRow.digest == JournalRow.sender_digest)
        .where(ContactRow.person_id == PersonRow.id, JournalRow.corrects.is_(None))
    )
    which = {
        "id": PersonRow.id == value,
        "code": PersonRow.code == value,
        "digest": PersonRow.id
        == select(ContactRow.person_id).where(ContactRow.digest == value).limit(1).scalar_subquery(),
    }
    return select(
        PersonRow.id,
        PersonRow.code,
        PersonRow.role,
        PersonRow.language,
        theirs.order_by(ContactRow.id).limit(1).scalar_subquery().label("hint"),
        heard.scalar_subquery().label("heard_at"),
        audit.times("reveal", PersonRow.code).label("reveals"),
    ).where(which[by])


@cache
def _posts() -> Select[*tuple[Any, ...]]:
    """The stations where a person is, each with each other who is there."""
    own, others = aliased(AssignmentRow), aliased(AssignmentRow)
    there = and_(others.station_id == own.station_id, others.until.is_(None), others.person_id != own.person_id)
    return (
        select(StationRow.code, PersonRow.code)
        .select_from(own)
        .join(StationRow, StationRow.id == own.station_id)
        .outerjoin(others, there)
        .outerjoin(PersonRow, and_(PersonRow.id == others.person_id, PersonRow.active))
        .where(own.person_id == bindparam("person"), own.until.is_(None))
    )


_EARLIER = (JournalRow.id, JournalRow.received_at, JournalRow.text, JournalRow.corrects)


@cache
def _earlier() -> Select[*tuple[Any, ...]]:
    digest = bindparam("digest", type_=LargeBinary())
    owner = select(ContactRow.person_id).where(ContactRow.digest == digest)
    theirs = select(ContactRow.digest).where(ContactRow.person_id.in_(owner))
    same = or_(JournalRow.sender_digest == digest, JournalRow.sender_digest.in_(theirs))
    return (
        select(*_EARLIER, JournalRow.channel, SubmissionRow.outcome, SubmissionRow.form)
        .outerjoin(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .where(or_(same, JournalRow.corrects == bindparam("entry")))
        .order_by(JournalRow.id.desc())
        .limit(HISTORY)
    )


@cache
def _reports() -> Select[*tuple[Any, ...]]:
    """The messages behind a station's form."""
    return (
        select(*_EARLIER, SubmissionRow.outcome, PersonRow.code)
        .join(SubmissionRow, SubmissionRow.journal_id == JournalRow.id)
        .outerjoin(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .where(SubmissionRow.station_id == bindparam("station"), SubmissionRow.form == bindparam("form"))
        .order_by(JournalRow.id.desc())
        .limit(HISTORY)
    )
