"""The station record: what the observers of one station say together on one form.

What agrees is merged; what differs is a conflict, kept out of `answers` (and so out of every estimate) until a person
decides. Merging is pure; loading locks the stations in one order, so that two workers never deadlock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BindParameter, bindparam, delete, select
from sqlalchemy.orm import Session

from hub import bulk
from hub.database import parts
from hub.models import StationRecordRow, StationRow
from hub.prepared import Prepared

TROUBLES = ("conflicts", "flags")


@dataclass
class StationRecord:
    """One form of one station, in the hands of one transaction. See `StationRecordRow` for the shapes."""

    station_id: int
    form: str
    first_at: datetime
    updated_at: datetime
    answers: dict[str, str] = field(default_factory=dict)
    by_observer: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    decided: dict[str, Any] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    quarantined: bool = False

    def of(self, person_id: int) -> dict[str, str]:
        """What one observer says now, code → value."""
        return {code: said[0] for code, said in self.by_observer.get(str(person_id), {}).items()}

    def said(self, code: str) -> dict[str, str]:
        """Who says what on one question: person id (as text) → value."""
        return {who: answers[code][0] for who, answers in self.by_observer.items() if code in answers}

    def withdraw(self, person_id: int, origins: Collection[int], kept: Collection[str]) -> bool:
        """Takes back what an observer said in messages that are edited now and no longer say it; whether there was any.

        To be followed by `merge`, which brings the record up to date.
        """
        own = self.by_observer.get(str(person_id), {})
        gone = [code for code, said in own.items() if said[1] in origins and code not in kept]
        for code in gone:
            del own[code]
        if gone and not own:
            del self.by_observer[str(person_id)]
        return bool(gone)

    def merge(
        self,
        person_id: int,
        answers: Mapping[str, str],
        origin: int,
        journal_id: int,
        now: datetime,
        must_agree: Collection[int] | None = None,
    ) -> None:
        """Takes an observer's answers, one by one; a later message replaces an earlier one, whichever is read first.

        `origin` is the message the answers speak for, `journal_id` the entry they came in: a correction speaks for
        its original, so it never overrides what the observer texted afterwards. `must_agree`: the station's observers,
        where an answer stands only when two of them say the same; None where any one of them may send it.
        """
        self.hear(person_id, answers, origin, journal_id)
        self.updated_at = now
        self.agree(self.voices(must_agree))

    def hear(self, person_id: int, answers: Mapping[str, str], origin: int, journal_id: int) -> None:
        """Takes an observer's answers, to be followed by `agree`."""
        own = self.by_observer.setdefault(str(person_id), {})
        for code, value in answers.items():
            if code not in own or [origin, journal_id] >= own[code][1:]:
                own[code] = [value, origin, journal_id]

    def voices(self, must_agree: Collection[int] | None) -> int:
        """How many observers have to say the same; see `merge`."""
        return 1 if must_agree is None else min(2, len({*map(str, must_agree), *self.by_observer}))

    def restore(
        self,
        person_id: int,
        entry_id: int,
        before: Mapping[str, list[Any]] | None,
        now: datetime,
        must_agree: Collection[int] | None = None,
    ) -> None:
        """Makes what an observer says what it was before an entry came; what they said since stays.

        `before`: their part of `by_observer` then, None where they had none. See `merge` for `must_agree`.
        """
        own = self.by_observer.get(str(person_id), {})
        for code in [code for code, said in own.items() if said[2] == entry_id]:
            if before and code in before:
                own[code] = before[code]
            else:
                del own[code]
        if not own and before is None:
            self.by_observer.pop(str(person_id), None)
        self.updated_at = now
        self.agree(self.voices(must_agree))

    def decide(self, values: Mapping[str, str], now: datetime, *, account_id: int, reason: str) -> None:
        """Settles questions by a person's decision, which holds while the observers say what they said then.

        Raises `ValueError` where a value is nobody's.
        """
        for code, value in values.items():
            among = sorted(set(self.said(code).values()))
            if value not in among:
                raise ValueError(f"no observer says {code}{value}")
            why = {"account": account_id, "reason": reason, "at": now.isoformat()}
            self.decided[code] = {"value": value, "among": among, **why}
            self.answers[code] = value
        self.conflicts = [code for code in self.conflicts if code not in values]
        self.updated_at = now

    def agree(self, voices: int) -> None:
        """What differs is a conflict; what fewer than `voices` observers say waits, in neither list."""
        self.answers, self.conflicts = {}, []
        if len(self.by_observer) == 1 and voices == 1 and not self.decided:  # nearly always
            [answers] = self.by_observer.values()
            self.answers = {code: said[0] for code, said in answers.items()}
            return
        told: dict[str, list[str]] = {}
        for answers in self.by_observer.values():
            for code, said in answers.items():
                told.setdefault(code, []).append(said[0])
        for code, values in told.items():
            decision = self.decided.get(code)
            if decision and decision["among"] == sorted(set(values)):
                self.answers[code] = decision["value"]
            elif len(set(values)) > 1:
                self.conflicts.append(code)
            elif len(values) >= voices:
                self.answers[code] = values[0]


Lock = Literal["wait", "pass", "none"]


class StationRecords:
    """The records of some stations, held by one transaction unless they are only looked at (`none`).

    Stations that another transaction holds are waited for, or passed by: they are `busy`, and not ours to change.
    `forms`: those that are loaded at once; what else is asked for of a station is loaded when it is.
    """

    def __init__(
        self,
        session: Session,
        station_ids: Collection[int],
        *,
        forms: Collection[str] | None = None,
        lock: Lock = "wait",
    ) -> None:
        self._session = session
        self._forms = forms
        self._whole: set[int] = set()  # stations of which all forms were loaded
        self._records: dict[int, dict[str, StationRecord]] = defaultdict(dict)
        self._changed: dict[tuple[int, str], StationRecord] = {}
        self._troubled: set[tuple[int, str, str]] = set()
        self.busy: set[int] = set()
        for part in parts(sorted(station_ids)):
            self._lock(part, lock)
            self._load(part)

    def get(self, station_id: int, form: str) -> StationRecord | None:
        if self._forms is not None and form not in self._forms:
            self._load_rest(station_id)
        return self._records[station_id].get(form)

    def open(self, station_id: int, form: str, now: datetime) -> StationRecord:
        """The record to be changed, new where there is none yet; `save` will write it."""
        record = self.get(station_id, form)
        if record is None:
            record = self._records[station_id][form] = StationRecord(station_id, form, now, now)
        self._changed[station_id, form] = record
        return record

    def answers(self, station_id: int) -> Mapping[str, dict[str, str]]:
        """The station's merged answers, form → code → value."""
        return _Answers(self, station_id)

    def known(self, station_id: int, person_id: int) -> Mapping[str, dict[str, str]]:
        """The station's answers as one of its observers tells them: merged, and over that their own."""
        return _Answers(self, station_id, person_id)

    def forms(self, station_id: int) -> Collection[str]:
        """The forms on which the station has reported."""
        self._load_rest(station_id)
        return self._records[station_id].keys()

    def changed(self) -> Iterable[StationRecord]:
        return self._changed.values()

    def troubled(self, record: StationRecord, kind: str) -> bool:
        """Whether the record had `conflicts` or `flags` when it was loaded."""
        return (record.station_id, record.form, kind) in self._troubled

    def save(self) -> None:
        for record in [record for record in self._changed.values() if not record.by_observer]:
            self._forget(record)
        values = ("answers", "by_observer", "conflicts", "decided", "flags", "quarantined", "updated_at")
        names = ("station_id", "form", "first_at", *values)
        rows = [{name: getattr(record, name) for name in names} for record in self._changed.values()]
        bulk.upsert(self._session, StationRecordRow, rows, ("station_id", "form"), values)

    def _forget(self, record: StationRecord) -> None:
        """A record of which everything was taken back: the station owes this form as if nothing had come."""
        row = StationRecordRow.station_id == record.station_id, StationRecordRow.form == record.form
        self._session.execute(delete(StationRecordRow).where(*row))
        del self._changed[record.station_id, record.form], self._records[record.station_id][record.form]

    def _lock(self, ids: list[int], lock: Lock) -> None:
        if lock != "none" and self._session.get_bind().dialect.name == "postgresql":  # on SQLite who writes is alone
            # A record that does not exist yet cannot be locked, so the stations are, always in the same order.
            self.busy |= set(ids) - set(_LOCKED[lock].column(self._session, stations=ids))

    def _load(self, ids: list[int]) -> None:
        if self._forms is None:
            self._whole.update(ids)
            self._take(_RECORDS.rows(self._session, stations=ids))
        elif self._forms:
            self._take(_RECORDS_ON.rows(self._session, stations=ids, forms=self._forms))

    def _load_rest(self, station_id: int) -> None:
        if station_id not in self._whole:
            self._whole.add(station_id)
            self._take(_RECORDS.rows(self._session, stations=[station_id]))

    def _take(self, rows: Iterable[Any]) -> None:
        for values in rows:
            record = StationRecord(*values)
            forms = self._records[record.station_id]
            if record.form not in forms:  # what is in hand may have changed
                forms[record.form] = record
                self._troubled |= {(record.station_id, record.form, kind) for kind in TROUBLES if getattr(record, kind)}


class _Answers(Mapping[str, dict[str, str]]):
    """Form → code → value, as merged; or as one person says it."""

    __slots__ = ("_person_id", "_records", "_station_id")

    def __init__(self, records: StationRecords, station_id: int, person_id: int | None = None) -> None:
        self._records, self._station_id, self._person_id = records, station_id, person_id

    def __getitem__(self, form: str) -> dict[str, str]:
        record = self._records.get(self._station_id, form)
        if record is None:
            raise KeyError(form)
        return record.answers if self._person_id is None else {**record.answers, **record.of(self._person_id)}

    def get(self, form: str, default: Any = None) -> Any:
        return default if self._records.get(self._station_id, form) is None else self[form]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records.forms(self._station_id))

    def __len__(self) -> int:
        return len(self._records.forms(self._station_id))


_COLUMNS = tuple(getattr(StationRecordRow, field.name) for field in fields(StationRecord))
_OURS: BindParameter[int] = bindparam("stations", expanding=True)
_ALL = select(*_COLUMNS).where(StationRecordRow.station_id.in_(_OURS))
_RECORDS = Prepared(_ALL)
_RECORDS_ON = Prepared(_ALL.where(StationRecordRow.form.in_(bindparam("forms", expanding=True))))
_STATIONS = select(StationRow.id).where(StationRow.id.in_(_OURS)).order_by(StationRow.id)
_LOCKED = {
    lock: Prepared(_STATIONS.with_for_update(key_share=True, skip_locked=lock == "pass")) for lock in ("wait", "pass")
}
