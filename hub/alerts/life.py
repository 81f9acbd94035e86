"""The life of an alert: raised with its report, repeated, acknowledged, verified, resolved.

raised → acknowledged → resolved; back to raised where nobody resolves it in time. `outcome` tells a resolved one from
a false and a merged one. Each change is an event with who, when and how, and plans the steps that it asks for; all in
the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub import bulk
from hub.alerts import steps
from hub.alerts.steps import Planned
from hub.checklist.people import Station
from hub.database import insert_into
from hub.desk import opening
from hub.election.alerting import Alerting
from hub.models import AlertEventRow, AlertRow
from hub.reports import incidents

Outcome = Literal["resolved", "false"]


@dataclass(frozen=True, slots=True)
class Place:
    """What an alert is about besides its topic: a station, a district, a person in need. `key` names it for ever."""

    key: str
    region: str = ""
    district: str = ""
    station_id: int | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, and how: by button, sms, telegram, console. The hub itself is nobody."""

    how: str = ""
    person_id: int | None = None
    account_id: int | None = None


HUB = Who()


class Raised(NamedTuple):
    """The number of an alert, and what a report made of it: a new one, a graver one, or the same again."""

    number: int
    how: Literal["new", "graver", "repeated"]


def at_station(station: Station) -> Place:
    return Place(str(station.id), station.region, station.district, station.id)


def unraised(
    topic: str, place: Place, severity: int, at: datetime, *, person_id: int | None = None, words: str = ""
) -> AlertRow:
    """An alert that is not raised yet. `at`: when it was reported."""
    return AlertRow(
        topic=topic,
        place=place.key,
        station_id=place.station_id,
        region=place.region,
        district=place.district,
        severity=severity,
        state="raised",
        open_key=_key(place.key, topic),
        person_id=person_id,
        words=words,
        chain=0,
        raised_at=at,
    )


def raise_alert(session: Session, alert: AlertRow, now: datetime, journal_id: int | None = None) -> Raised:
    """One open alert for a topic at a place: raised, with its number, or a line in the timeline of the one there is."""
    names = AlertRow.__table__.columns.keys()
    values = {name: value for name in names if (value := getattr(alert, name)) is not None}
    number = session.scalar(
        insert_into(session, AlertRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["open_key"])
        .returning(AlertRow.id)
    )
    if number is not None:
        alert.id = number
        note(session, number, "raised", now, person_id=alert.person_id, journal_id=journal_id)
        return Raised(number, "new")
    there = select(AlertRow.id, AlertRow.severity).where(AlertRow.open_key == alert.open_key)
    number, before = session.execute(there).one()
    note(session, number, "repeated", now, person_id=alert.person_id, journal_id=journal_id)
    graver = alert.severity < before and regrade(session, number, alert.severity, HUB, now)
    return Raised(number, "graver" if graver else "repeated")


def regrade(session: Session, alert_id: int, severity: int, who: Who, now: datetime) -> bool:
    """Gives an open alert another severity; True where it has grown more severe, and is to be paged again."""
    before = session.scalar(select(AlertRow.severity).where(AlertRow.id == alert_id, AlertRow.state != "resolved"))
    if before is None or before == severity:
        return False
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(severity=severity))
    _note(session, alert_id, "regraded", who, now, f"{before} → {severity}")
    return severity < before


def is_open(session: Session, place: str, topic: str) -> bool:
    return session.scalar(select(AlertRow.id).where(AlertRow.open_key == _key(place, topic))) is not None


def acknowledge(session: Session, alerting: Alerting, alert_id: int, who: Who, now: datetime) -> bool:
    """Exactly one person wins, whoever presses first. False when somebody has it already or it is resolved."""
    won = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state == "raised")
        .values(state="acknowledged", acknowledged_at=now, acknowledged_by=who.person_id)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _note(session, alert_id, "acknowledged", who, now)
    _stop(session, alert_id, now)
    _plan(
        session,
        alert_id,
        Planned("news", now),
        Planned("remind", now + timedelta(minutes=alerting.remind), person_id=who.person_id),
        Planned("release", now + timedelta(minutes=alerting.release)),
    )
    return True


def on_the_way(session: Session, alerting: Alerting, alert_id: int, who: Who, now: datetime) -> bool:
    """Somebody goes there, and has it where nobody had. False when it is resolved."""
    taken = acknowledge(session, alerting, alert_id, who, now)
    if not taken and not _open(session, alert_id):
        return False
    _note(session, alert_id, "on_the_way", who, now)
    if not taken:
        _plan(session, alert_id, Planned("news", now))
    return True


def verify(session: Session, alerting: Alerting, alert_id: int, who: Who, now: datetime, words: str = "") -> bool:
    """The observer was called, and it is so. Who verifies it has it, where nobody had. False when it is resolved."""
    acknowledge(session, alerting, alert_id, who, now)
    if not _open(session, alert_id):
        return False
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(verified_at=now))
    _note(session, alert_id, "verified", who, now, words)
    _plan(session, alert_id, Planned("news", now))
    return True


def called_for(session: Session, alert_id: int, who: Who, now: datetime, words: str) -> None:
    """Somebody at the desk was told of it, and raised the alert or joined it."""
    _note(session, alert_id, "called_for", who, now, words)


def called(session: Session, alert_id: int, who: Who, now: datetime) -> None:
    """Somebody has been shown the observer's number, to ask whether it is so."""
    _note(session, alert_id, "called", who, now)


def arrived(session: Session, alert_id: int, person_id: int | None, now: datetime) -> None:
    """A page has arrived: its person can be reached. Where somebody has the alert since, they are to see that, too."""
    opening.close_cause(session, f"unreachable:{person_id}", "settled", now)
    state = session.scalar(select(AlertRow.state).where(AlertRow.id == alert_id))
    if state is not None and state != "raised":
        _plan(session, alert_id, Planned("news", now))


def release(session: Session, alert_id: int, now: datetime) -> bool:
    """Takes it back from who had it and did not resolve it; the chain is to start again."""
    freed = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state == "acknowledged")
        .values(state="raised", acknowledged_at=None, acknowledged_by=None)
    )
    if freed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _note(session, alert_id, "unacknowledged", HUB, now)
    return True


def resolve(
    session: Session, alert_id: int, who: Who, now: datetime, words: str = "", outcome: Outcome = "resolved"
) -> bool:
    """Ends an alert. False when it was resolved before. The next report of the same raises a new one."""
    if not _close(session, alert_id, who, now, outcome):
        return False
    _note(session, alert_id, outcome, who, now, words)
    return True


def merge(session: Session, alert_id: int, into: int, who: Who, now: datetime) -> bool:
    """One alert goes on, with its incidents, as part of another that is open. False when either is resolved, or both
    are one."""
    if alert_id == into or not _open(session, into) or not _close(session, alert_id, who, now, "merged"):
        return False
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(merged_into=into))
    incidents.move(session, into, alert_id)
    _note(session, alert_id, "merged", who, now, str(into))
    _note(session, into, "absorbed", who, now, str(alert_id))
    return True


def split(session: Session, alert_id: int, numbers: Sequence[int], who: Who, now: datetime) -> int | None:
    """A new alert of the same topic and place beside an open one, to be paged, with these of its incidents; None when
    that is resolved, or has none of them. Repeats go on joining the first."""
    it = session.get(AlertRow, alert_id, populate_existing=True)
    moved = incidents.of_alert(session, alert_id, numbers)
    if it is None or it.state == "resolved" or not moved:
        return None
    first = moved[0]
    # What tells them apart is an incident's number, which no other alert of this place can have got.
    place = Place(f"{it.place}/{first.id}", it.region, it.district, it.station_id)
    parted = unraised(
        it.topic, place, it.severity, first.reported_at, person_id=first.person_id, words=first.description
    )
    number = raise_alert(session, parted, now, first.journal_id).number
    incidents.move(session, number, alert_id, [each.id for each in moved])
    _note(session, alert_id, "split", who, now, str(number))
    _note(session, number, "parted", who, now, str(alert_id))
    return number


def last_line(session: Session) -> int:
    """The id of the newest line in any timeline, to be asked before something that may sound an alert."""
    return session.scalar(select(func.max(AlertEventRow.id))) or 0


def sounded_by(session: Session, journal_ids: Collection[int], after: int) -> list[int]:
    """The alerts that these messages raised or joined since the line `after`."""
    told = select(AlertEventRow.alert_id).where(AlertEventRow.journal_id.in_(journal_ids), AlertEventRow.id > after)
    return list(session.scalars(told.where(AlertEventRow.kind.in_(("raised", "repeated"))).distinct()))


def taken_back(session: Session, alert_id: int, account_id: int, now: datetime) -> None:
    """The report that sounded it was an operator's mistake. Who was alerted is not called off: they close it."""
    note(session, alert_id, "taken_back", now, account_id=account_id)


def note(
    session: Session,
    alert_id: int,
    kind: str,
    now: datetime,
    *,
    person_id: int | None = None,
    journal_id: int | None = None,
    account_id: int | None = None,
    detail: str = "",
) -> None:
    """Adds a line to an alert's timeline."""
    line = {
        "alert_id": alert_id,
        "at": now,
        "kind": kind,
        "person_id": person_id,
        "journal_id": journal_id,
        "account_id": account_id,
        "detail": detail[:500],
    }
    bulk.insert(session, AlertEventRow, [line])


def _close(session: Session, alert_id: int, who: Who, now: datetime, outcome: str) -> bool:
    won = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.state != "resolved")
        .values(state="resolved", outcome=outcome, open_key=None, resolved_at=now, resolved_by=who.person_id)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _stop(session, alert_id, now)
    _plan(session, alert_id, Planned("news", now))
    return True


def _stop(session: Session, alert_id: int, now: datetime) -> None:
    """Nothing more goes out, and the desk need not look for anybody."""
    steps.cancel(session, alert_id, now)
    opening.close_cause(session, f"alert:{alert_id}", "settled", now)


def _open(session: Session, alert_id: int) -> bool:
    state = session.scalar(select(AlertRow.state).where(AlertRow.id == alert_id))
    return state is not None and state != "resolved"


def _plan(session: Session, alert_id: int, *planned: Planned) -> None:
    chain = session.scalar(select(AlertRow.chain).where(AlertRow.id == alert_id)) or 0
    steps.freeze(session, alert_id, chain, planned)


def _note(session: Session, alert_id: int, kind: str, who: Who, now: datetime, words: str = "") -> None:
    detail = ": ".join(filter(None, (who.how, words)))
    note(session, alert_id, kind, now, person_id=who.person_id, account_id=who.account_id, detail=detail)


def _key(place: str, topic: str) -> str:
    return f"{place}:{topic}"
