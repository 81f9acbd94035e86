"""The observers' protocols beside the official results, line by line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from hub import audit
from hub.analysis import estimates
from hub.analysis.estimates import Estimate
from hub.analysis.evidence import Drawn, Evidence
from hub.checklist import rules
from hub.checklist.definition import Form
from hub.election.definition import Election
from hub.models import AuditRow, OfficialRow, StationRow

Kind = Literal["differs", "not_observed", "not_published"]
_TAKEN = "official"  # in the audit


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
class Comparison:
    """One drawn station's protocol beside the official one. `broken`: the control ratios (the form's rules, by name)
    that do not hold on the observers' side and on the official side."""

    station: str
    lines: tuple[Difference, ...]
    equal: int  # lines that both sides name and that are the same
    broken: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def state(self) -> Literal["equal", "differs", "not_observed", "not_published"]:
        """`differs` where one line is not the same on both sides; a side that names no line at all is missing."""
        kinds = {line.kind for line in self.lines}
        if "differs" in kinds or (self.equal and kinds):
            return "differs"
        if self.equal:
            return "equal"
        return "not_published" if "not_published" in kinds else "not_observed"


@dataclass(frozen=True, slots=True)
class Total:
    """An official figure (a fraction) over the `stations` that were imported beside the estimate's interval. `whole`:
    these are the whole frame; `agrees`: within the margin, None where there is none."""

    name: str
    official: float
    estimate: Estimate
    stations: int
    whole: bool
    agrees: bool | None


def take_official(
    session: Session,
    form: str,
    results: Mapping[str, Mapping[str, str]],
    now: datetime,
    *,
    file: str = "",
    account_id: int | None = None,
    address: str = "",
) -> None:
    """Replaces a form's official results by these, station → code → value, whose stations are all in the frame; on
    record. An empty table replaces nothing."""
    if not results:
        return
    ids = {code: id for id, code in session.execute(select(StationRow.id, StationRow.code))}
    before = official_stations(session, form)
    session.execute(delete(OfficialRow).where(OfficialRow.form == form))
    stored = [{"station_id": ids[code], "form": form, "answers": dict(answers)} for code, answers in results.items()]
    session.execute(insert(OfficialRow), stored)
    told = {"form": form, "stations": len(stored)}
    audit.record(
        session,
        _TAKEN,
        now,
        account_id=account_id,
        subject=file,
        address=address,
        before={"stations": before},
        after=told,
    )


def edition(session: Session) -> int:
    """Another number whenever official results have been taken."""
    return session.scalar(select(func.max(AuditRow.id)).where(AuditRow.action == _TAKEN)) or 0


def official_stations(session: Session, form: str) -> int:
    """For how many stations official results of this form have been imported."""
    return session.scalar(select(func.count()).select_from(OfficialRow).where(OfficialRow.form == form)) or 0


def compare(session: Session, election: Election, evidence: Evidence) -> list[Difference]:
    """Every line on which a drawn station's protocol and the official result are not the same, by station and line.

    What is quarantined says nothing. Empty while no official results have been imported.
    """
    form = _reconciled(session, election)
    if form is None:
        return []
    sides = _sides(session, form.code, evidence)
    return [line for station, *side in sides for line in _lines(station.code, form, *side)]


def published(session: Session, election: Election, evidence: Evidence) -> tuple[Difference, ...] | None:
    """The same; None while there is nothing to compare with."""
    return tuple(compare(session, election, evidence)) if _reconciled(session, election) else None


def by_station(session: Session, election: Election, evidence: Evidence) -> list[Comparison]:
    """Every drawn station of which at least one side has a protocol, by its code; empty as `compare` is."""
    form = _reconciled(session, election)
    if form is None:
        return []
    found = []
    for station, observer, official in _sides(session, form.code, evidence):
        if observer or official:
            lines = _lines(station.code, form, observer, official)
            equal = len(observer.keys() & official.keys()) - sum(line.kind == "differs" for line in lines)
            ours, theirs = (_broken(election, form.code, side, station.voters) for side in (observer, official))
            found.append(Comparison(station.code, tuple(lines), equal, (ours, theirs)))
    return found


def totals(
    session: Session, election: Election, estimated: Mapping[tuple[str, str], tuple[str, Estimate]]
) -> list[Total]:
    """The official figures of the reconciled form. `estimated`: (part, total) as answers → its name and estimate."""
    code = election.analysis.reconciled_form
    if code is None:
        return []
    rows = session.scalars(select(OfficialRow.answers).where(OfficialRow.form == code)).all()
    frame = session.scalar(select(func.count()).select_from(StationRow)) or 0
    found = []
    for refs, (name, estimate) in estimated.items():
        forms, codes = zip(*(ref.split(".") for ref in refs), strict=True)
        if set(forms) == {code}:
            pairs = [[_figure(row[each]) if each in row else None for each in codes] for row in rows]
            known = [(part, total) for part, total in pairs if part is not None and total is not None]
            base = math.fsum(total for _, total in known)
            if base:
                official = math.fsum(part for part, _ in known) / base
                whole = len(known) == frame
                agrees = estimates.agrees(estimate, official)
                found.append(Total(name, official, estimate, len(known), whole, agrees))
    return found


def stations_that_differ(differences: Iterable[Difference]) -> list[str]:
    """The stations where both sides name a figure and it is not the same one."""
    return list(dict.fromkeys(found.station for found in differences if found.kind == "differs"))


def _reconciled(session: Session, election: Election) -> Form | None:
    """The protocol's form, once official results of it are there."""
    code = election.analysis.reconciled_form
    return election.checklist.form(code) if code is not None and official_stations(session, code) else None


def _sides(
    session: Session, form: str, evidence: Evidence
) -> Iterator[tuple[Drawn, Mapping[str, str], Mapping[str, str]]]:
    """Each drawn station with what the observers and the commission say, by its code."""
    said = select(StationRow.code, OfficialRow.answers).join(OfficialRow).where(OfficialRow.form == form)
    official = {code: answers for code, answers in session.execute(said)}
    records = evidence.records.get(form, {})
    for station in sorted(evidence.frame.drawn, key=lambda each: each.code):
        observer = records[station.id].answers if station.id in records else {}
        yield station, observer, official.get(station.code, {})


def _lines(station: str, form: Form, observer: Mapping[str, str], official: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(station, code, observer.get(code), official.get(code))
        for code in form.by_code
        if not _same(observer.get(code), official.get(code))
    ]


def _broken(election: Election, form: str, answers: Mapping[str, str], voters: int) -> tuple[str, ...]:
    broken = rules.of(election.checklist).violations(form, answers, {}, voters)
    return tuple(it.rule.name for it in broken if it.form == form and it.rule.severity != "note")


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
