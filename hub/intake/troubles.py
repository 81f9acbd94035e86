"""What is doubtful in the stations' merged records: violated rules and observers who differ.

Rules are judged on what a record agrees on, whichever form or decision completed it; what is still disputed is judged
as each observer tells it. A trouble is a work item of its own, which goes when its cause goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.checklist import rules
from hub.checklist.definition import Checklist
from hub.checklist.people import Station
from hub.desk import opening
from hub.reports.stations import StationRecord, StationRecords
from hub.sample import roster


def flag(
    records: StationRecords, checklist: Checklist, station: Station, form: str, now: datetime
) -> list[tuple[str, str]]:
    """Notes on each rule's own record whether it is violated now that this form says something new.

    Those that are violated and were not before: (form, rule).
    """
    fresh = []
    known = records.answers(station.id)
    broken = rules.of(checklist).violations(form, known.get(form, {}), known, station.voters)
    violated = {(it.form, it.rule.name) for it in broken if it.rule.severity != "note"}
    for home, name in rules.of(checklist).touching(form):
        record = records.get(station.id, home)
        if record is not None and ((home, name) in violated) != (name in record.flags):
            record = records.open(station.id, home, now)
            if name not in record.flags:
                fresh.append((home, name))
            record.flags = sorted(set(record.flags) ^ {name})
    return fresh


def follow(
    session: Session,
    records: StationRecords,
    checklist: Checklist,
    stations: Mapping[int, Station],
    now: datetime,
    *,
    resolution: str = "settled",
    account_id: int | None = None,
) -> list[dict[str, Any]]:
    """The work items of all changed records; closes those whose cause is gone. `stations`: by id.

    A conflict's detail: `codes`; `said`, code → observer's code → value; `rules`, code → value → names of the rules
    that it violates beside everything else that its observer says.
    """
    items = []
    for record in records.changed():
        for kind, causes in (("conflict", record.conflicts), ("rule", record.flags)):
            cause = f"{kind}:{record.station_id}:{record.form}"
            if causes:
                detail: dict[str, Any] = {"codes" if kind == "conflict" else "rules": list(causes)}
                if kind == "conflict":
                    detail |= _disputed(session, records, checklist, stations[record.station_id], record)
                at, form = record.station_id, record.form
                items.append(opening.item(kind, cause, 2, now, station_id=at, form=form, detail=detail))
            elif records.troubled(record, "conflicts" if kind == "conflict" else "flags"):
                opening.close_cause(session, cause, resolution, now, account_id)
    return items


def _disputed(
    session: Session, records: StationRecords, checklist: Checklist, station: Station, record: StationRecord
) -> dict[str, Any]:
    codes = roster.codes(session, [int(person) for person in record.by_observer])
    said: dict[str, dict[str, str]] = {}
    broken: dict[str, dict[str, list[str]]] = {}
    for code in record.conflicts:
        said[code], broken[code] = {}, {}
        for person, value in record.said(code).items():
            known = records.known(station.id, int(person))
            violations = rules.of(checklist).violations(record.form, {code: value}, known, station.voters)
            said[code][codes[int(person)]] = value
            broken[code].setdefault(value, [it.key for it in violations])
    return {"said": said, "rules": broken}
