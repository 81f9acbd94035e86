"""The findings of one process, kept up to date: only what has changed is read and computed again.

A look costs what came since the last one, not what is stored: records are read by the moment they were changed, and a
question or a ballot is computed again only where its form is concerned.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, func, select
from sqlalchemy.orm import Session

from hub.analysis import coverage, evidence, quality, reconciliation, tables
from hub.analysis.coverage import Coverage, Marks
from hub.analysis.evidence import Evidence, Frame, Record
from hub.analysis.quality import Doubts
from hub.analysis.tables import Findings
from hub.election.definition import Election
from hub.models import ElectionRow, ReplacementRow, StationRecordRow, StationRow
from hub.reports import rulings

# A transaction that is committed late bears the hour at which it began; longer than any takes.
OVERLAP = timedelta(minutes=2)


class Kept:
    """To be asked by any thread; one at a time looks, the others then find it done."""

    def __init__(self, election: Election) -> None:
        self.election = election
        self.read = 0  # records, at the last look
        self._lock = Lock()
        self._state: tuple[object, ...] = ()
        self._newest: datetime | None = None
        self._base = Evidence(Frame({}, ()), {})
        self._doubts = Doubts((), ())
        self._findings: Findings | None = None
        self._marks: Marks = {}
        self._changed: set[str] = set()  # forms of which the findings know nothing yet

    def known(self, session: Session) -> Evidence:
        """What is known now."""
        with self._lock:
            self._read(session)
            return self._base

    def coverage(self, session: Session, now: datetime) -> Coverage:
        """What has come of what should have."""
        with self._lock:
            self._read(session)
            return coverage.coverage(self._base, self.election, now, self._marks)

    def look(self, session: Session) -> tuple[Evidence, Doubts, Findings]:
        """What is known now, what of it is doubtful, and every figure."""
        with self._lock:
            self._read(session)
            if self._findings is None or self._changed:
                self._findings = self._computed(session)
                self._changed.clear()
            return self._base, self._doubts, self._findings

    def _read(self, session: Session) -> None:
        """Takes in what was changed since."""
        state = _state(session)
        self._take(session, whole=state != self._state)
        self._state = state

    def _take(self, session: Session, *, whole: bool) -> None:
        since = None if whole or self._newest is None else self._newest - OVERLAP
        fresh = evidence.stored(session, since)
        self.read = len(fresh)
        if since is None:
            self._base = Evidence(evidence.read_frame(session), {})
        verdicts = rulings.verdicts(rulings.listing(session))
        known: dict[str, dict[int, Record]] = {form: dict(records) for form, records in self._base.records.items()}
        self._changed |= set(self.election.checklist.by_code) if whole else set()
        moved: set[int] = set()
        for form, records in evidence.gathered(fresh, verdicts).items():
            before = known.setdefault(form, {})
            others = {station for station, record in records.items() if before.get(station) != record}
            self._changed |= {form} if others else set()
            moved |= others
            before.update(records)
        self._newest = max([each.updated_at for each in fresh], default=self._newest)
        if not whole and sum(map(len, known.values())) != _count(session):
            self._take(session, whole=True)  # one was taken back
            return
        self._base = Evidence(self._base.frame, known)
        self._mark(None if whole else moved)

    def _mark(self, stations: set[int] | None) -> None:
        """`stations`: those of which something has changed; None for all."""
        fresh = coverage.marked(self._base, self.election, stations)
        known = self._marks if stations is not None else {}
        self._marks = {form: known.get(form, {}) | marks for form, marks in fresh.items()}

    def _computed(self, session: Session) -> Findings:
        doubts = quality.doubts(self._base, self.election)
        concerned = self._changed | {form for _, form, _ in doubts.places ^ self._doubts.places}
        # What a domain's figure rests on depends on every form: a station is outside once anything came from it.
        concerned |= set(self.election.analysis.domains)
        before = self._findings.tables if self._findings else {}
        known = {key: table for key, table in before.items() if table.form not in concerned}
        differences = reconciliation.published(session, self.election, self._base)
        self._doubts = doubts
        return tables.compute(self._base, self.election, differences, doubts, known)


def of(session: Session, election: Election) -> Kept:
    """This process's own, of the session's database."""
    pool = session.get_bind().engine.pool
    kept = _kept.get(pool)
    if kept is None or kept.election is not election:
        kept = _kept[pool] = Kept(election)
    return kept


_kept: WeakKeyDictionary[Pool, Kept] = WeakKeyDictionary()


def _state(session: Session) -> tuple[object, ...]:
    """What makes everything be read again: another configuration or sample, a ruling, official results."""
    sample = session.execute(
        select(func.count(), func.sum(StationRow.id)).where(StationRow.sampled).select_from(StationRow)
    ).one()
    loaded = session.scalar(select(ElectionRow.loaded_at))
    replaced = session.scalar(select(func.max(ReplacementRow.id)))
    return tuple(sample), loaded, replaced, reconciliation.edition(session), rulings.end(session)


def _count(session: Session) -> int:
    statement = select(func.count()).select_from(StationRecordRow)
    return (
        session.scalar(
            statement.join(StationRow, StationRow.id == StationRecordRow.station_id).where(StationRow.sampled)
        )
        or 0
    )
