"""The observers' protocols beside the official results, line by line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.orm import Session

from hub.checklist.definition import Form
from hub.election.definition import Election
from hub.models import OfficialRow, StationRecordRow, StationRow

Kind = Literal["differs", "not_observed", "not_published"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of one station's protocol. None on the side that says nothing (for the observers: or nothing agreed)."""

    station: str
    code: str
    observer: str | None
    official: str | None

    @property
    def kind(self) -> Kind:
        if self.observer is None:
            return "not_observed"
        return "not_published" if self.official is None else "differs"


@dataclass(frozen=True, slots=True)
class Unsound:
    """A cell of the official table that cannot be taken. `row` counts from 1, without the heading."""

    row: int
    column: str
    value: str
    reason: Literal["unknown_station", "station_twice", "unknown_field", "not_a_number"]


@dataclass(frozen=True, slots=True)
class Import:
    """What became of an official table: all of it stored, or none where anything is unsound."""

    stations: int
    unsound: tuple[Unsound, ...] = ()


def import_official(session: Session, form: Form, rows: Iterable[Mapping[str, str]]) -> Import:
    """Replaces a form's official results. A row holds `station` and a value for each answer code; empty is unpublished.

    An empty table replaces nothing.
    """
    ids = {code: id for id, code in session.execute(select(StationRow.id, StationRow.code))}
    results: dict[str, dict[str, str]] = {}
    unsound: list[Unsound] = []
    for number, row in enumerate(rows, start=1):
        cells = {column: str(value or "").strip() for column, value in row.items()}
        station = cells.pop("station", "")
        if station not in ids:
            unsound.append(Unsound(number, "station", station, "unknown_station"))
        elif station in results:
            unsound.append(Unsound(number, "station", station, "station_twice"))
        unsound += _unsound_cells(number, cells, form)
        results[station] = {code: value for code, value in cells.items() if value}
    if unsound or not results:
        return Import(0, tuple(unsound))
    session.execute(delete(OfficialRow).where(OfficialRow.form == form.code))
    stored = [{"station_id": ids[code], "form": form.code, "answers": answers} for code, answers in results.items()]
    session.execute(insert(OfficialRow), stored)
    return Import(len(stored))


def official_stations(session: Session, form: str) -> int:
    """For how many stations official results of this form have been imported."""
    return session.scalar(select(func.count()).select_from(OfficialRow).where(OfficialRow.form == form)) or 0


def compare(session: Session, election: Election) -> list[Difference]:
    """Every line on which a drawn station's protocol and the official result are not the same, by station and line.

    Quarantined records say nothing. Empty while no official results have been imported.
    """
    code = election.analysis.reconciled_form
    if code is None or not official_stations(session, code):
        return []
    questions = [question.code for question in election.checklist.form(code).questions]
    return [
        Difference(station, question, observer.get(question), official.get(question))
        for station, observer, official in _sides(session, code)
        for question in questions
        if not _same(observer.get(question), official.get(question))
    ]


def published(session: Session, election: Election) -> tuple[Difference, ...] | None:
    """The same; None while there is nothing to compare with."""
    code = election.analysis.reconciled_form
    there = code is not None and official_stations(session, code)
    return tuple(compare(session, election)) if there else None


def stations_that_differ(differences: Iterable[Difference]) -> list[str]:
    """The stations where both sides name a figure and it is not the same one."""
    return list(dict.fromkeys(found.station for found in differences if found.kind == "differs"))


def _unsound_cells(number: int, answers: Mapping[str, str], form: Form) -> list[Unsound]:
    unsound = []
    for code, value in answers.items():
        question = form.by_code.get(code)
        if question is None:
            unsound.append(Unsound(number, code, value, "unknown_field"))
        elif value and question.type in ("integer", "decimal") and _figure(value) is None:
            unsound.append(Unsound(number, code, value, "not_a_number"))
    return unsound


def _sides(session: Session, form: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    record = and_(
        StationRecordRow.station_id == StationRow.id,
        StationRecordRow.form == form,
        StationRecordRow.quarantined.is_(False),
    )
    statement = (
        select(StationRow.code, StationRecordRow.answers, OfficialRow.answers)
        .outerjoin(StationRecordRow, record)
        .outerjoin(OfficialRow, and_(OfficialRow.station_id == StationRow.id, OfficialRow.form == form))
        .where(StationRow.sampled)
        .order_by(StationRow.code)
    )
    return [(station, observer or {}, official or {}) for station, observer, official in session.execute(statement)]


def _same(observer: str | None, official: str | None) -> bool:
    if observer is None or official is None:
        return observer == official
    numbers = _figure(observer), _figure(official)
    return observer == official if None in numbers else numbers[0] == numbers[1]  # 07 is 7


def _figure(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
