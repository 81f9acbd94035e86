"""What every figure rests on: the frame, the drawn stations, and what the observers of each one say together.

It can be read as it is now, or made again as it stood at an earlier position of the journal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.database import parts
from hub.election.definition import Election
from hub.models import ReplacementRow, StationRecordRow, StationRow
from hub.reports import history, rulings
from hub.reports.history import Replay
from hub.reports.rulings import Place, Verdict
from hub.reports.stations import StationRecord
from hub.sample import replacements
from hub.sample.replacements import Replacement


@dataclass(frozen=True, slots=True)
class Drawn:
    """A station of the sample. `stands_in`: it takes the place of one that was drawn."""

    id: int
    code: str
    stratum: str
    region: str
    district: str
    voters: int
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One form of one station. `answers` are usable; a quarantined value stands in `quarantined` alone.

    `said`: of each disputed question, the values between which it is disputed. `flags`: rules that are broken. `came`:
    when anything of it came first.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    verified: frozenset[str] = frozenset()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    came: datetime | None = None

    @property
    def conflicts(self) -> frozenset[str]:
        return frozenset(self.said)


@dataclass(frozen=True)
class Frame:
    """The frame and its sample. `sizes`: stations of each stratum; `parts`: how many stations of the frame lie in each
    (stratum, region, district)."""

    parts: dict[tuple[str, str, str], int]
    drawn: tuple[Drawn, ...]
    replacements: tuple[Replacement, ...] = ()

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        sizes: dict[str, int] = defaultdict(int)
        for (stratum, _, _), count in self.parts.items():
            sizes[stratum] += count
        return dict(sizes)

    @cached_property
    def sample(self) -> Mapping[str, Sequence[Drawn]]:
        """The drawn stations of each stratum of the frame, which each of hundreds of figures asks for."""
        sample: dict[str, list[Drawn]] = {name: [] for name in self.sizes}
        for station in self.drawn:
            sample[station.stratum].append(station)
        return sample


@dataclass(frozen=True, slots=True)
class Evidence:
    """`records`: form → station id → record. `inside`: the stations that are spoken of, None for all of them."""

    frame: Frame
    records: Mapping[str, Mapping[int, Record]]
    inside: frozenset[int] | None = None
    strata: frozenset[str] | None = None  # those in which stations are spoken of

    def of(self, stations: Iterable[int], strata: Iterable[str]) -> Evidence:
        """The same, to speak of some stations of the sample alone; `strata`: where such stations are in the frame."""
        return replace(self, inside=frozenset(stations), strata=frozenset(strata))


def now(session: Session) -> Evidence:
    """As it is stored."""
    frame = read_frame(session)
    verdicts = rulings.verdicts(rulings.listing(session))
    return Evidence(frame, gathered(stored(session), verdicts))


def as_of(session: Session, election: Election, position: int, last: int | None = None) -> Evidence:
    """As it stood when the journal ended at `position`, with the rulings up to then (or those up to `last`).

    It is made from submissions and rulings alone, by the sample of that hour.
    """
    frame = _frame_at(read_frame(session), session, history.moment(session, position))
    return replayed(session, election, frame, position, last)


def replayed(session: Session, election: Election, frame: Frame, position: int, last: int | None = None) -> Evidence:
    """The same with a frame that is known."""
    ruled = rulings.listing(session, until=None if last is not None else position, last=last)
    replay = Replay(election.checklist, {station.id: station.voters for station in frame.drawn})
    replay.take(history.sayings(session, position), ruled)
    return Evidence(frame, gathered(replay.records(), rulings.verdicts(ruled)))


def gathered(
    records: Iterable[StationRecord], verdicts: Mapping[Place, tuple[Verdict, str]]
) -> dict[str, dict[int, Record]]:
    """What may be used of the records, by form and station."""
    found: dict[str, dict[int, Record]] = defaultdict(dict)
    ruled: dict[tuple[int, str], list[tuple[str, Verdict, str]]] = defaultdict(list)
    for (station, form, code), (verdict, value) in verdicts.items():
        ruled[station, form].append((code, verdict, value))
    for record in records:
        found[record.form][record.station_id] = usable(record, ruled.get((record.station_id, record.form), ()))
    return found


def usable(record: StationRecord, ruled: Iterable[tuple[str, Verdict, str]] = ()) -> Record:
    """A record that is quarantined whole is there, without answers. A verdict is about one value: another undoes it."""
    if record.quarantined:
        return Record(quarantined=dict(record.answers), came=record.first_at)
    holding = {code: verdict for code, verdict, value in ruled if record.answers.get(code) == value}
    held = {code: record.answers[code] for code, verdict in holding.items() if verdict == "quarantined"}
    return Record(
        {code: value for code, value in record.answers.items() if code not in held} if held else record.answers,
        {code: tuple(sorted(set(record.said(code).values()))) for code in record.conflicts},
        frozenset(record.flags),
        frozenset(code for code, verdict in holding.items() if verdict == "verified"),
        held,
        record.first_at,
    )


def read_frame(session: Session) -> Frame:
    """The frame in its own order, and the sample as it is observed."""
    place = StationRow.stratum, StationRow.region, StationRow.district
    standing_in = set(session.scalars(select(ReplacementRow.by_id)))
    # A country's frame is counted by the database: it may have a million stations, and the sample some hundreds.
    counted = select(*place, func.count()).group_by(*place).order_by(func.min(StationRow.id))
    parts = {(stratum, region, district): count for stratum, region, district, count in session.execute(counted)}
    sample = select(StationRow.id, StationRow.code, *place, StationRow.voters).where(StationRow.sampled)
    drawn = (Drawn(*row, row[0] in standing_in) for row in session.execute(sample.order_by(StationRow.id)))
    return Frame(parts, tuple(drawn), tuple(replacements.listing(session)))


def stored(session: Session, since: datetime | None = None) -> list[StationRecord]:
    """The records of the sample; those alone of stations at which something has changed `since` then."""
    # What each observer says is long, and is wanted only where they differ.
    names = ("station_id", "form", "answers", "conflicts", "flags", "quarantined", "first_at", "updated_at")
    table = StationRecordRow.__table__
    statement = (
        select(*(table.c[name] for name in names))
        .join(StationRow, StationRow.id == StationRecordRow.station_id)
        .where(StationRow.sampled)
    )
    if since is not None:
        # All of such a station's: a report on one form can break a rule of another.
        changed = select(StationRecordRow.station_id).where(StationRecordRow.updated_at >= since)
        statement = statement.where(StationRecordRow.station_id.in_(changed))
    records = [StationRecord(**row) for row in session.execute(statement).mappings()]
    disputed = {(record.station_id, record.form): record for record in records if record.conflicts}
    for part in parts(sorted({station for station, _ in disputed})):
        said = select(StationRecordRow.station_id, StationRecordRow.form, StationRecordRow.by_observer)
        for station, form, by_observer in session.execute(said.where(StationRecordRow.station_id.in_(part))):
            if (station, form) in disputed:
                disputed[station, form].by_observer = by_observer
    return records


def frame_as_json(frame: Frame) -> str:
    """To be kept beside a figure, so that it can be computed again when the sample has changed."""
    told = {
        "parts": [[*part, count] for part, count in frame.parts.items()],
        "drawn": [
            [each.id, each.code, each.stratum, each.region, each.district, each.voters, each.stands_in]
            for each in frame.drawn
        ],
        "replacements": [[each.station, each.by, each.reason, each.at.isoformat()] for each in frame.replacements],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def frame_from_json(text: str) -> Frame:
    told: dict[str, Any] = json.loads(text)
    return Frame(
        {(stratum, region, district): count for stratum, region, district, count in told["parts"]},
        tuple(Drawn(*each) for each in told["drawn"]),
        tuple(
            Replacement(station, by, reason, datetime.fromisoformat(at))
            for station, by, reason, at in told["replacements"]
        ),
    )


def _frame_at(frame: Frame, session: Session, moment: datetime | None) -> Frame:
    """The frame with those replacements taken back that came after a moment."""
    later = [each for each in frame.replacements if moment is None or each.at > moment]
    if not later:
        return frame
    earlier = frame.replacements[: len(frame.replacements) - len(later)]
    codes = {each.code for each in frame.drawn}
    for each in reversed(later):
        codes = (codes - {each.by}) | {each.station}
    standing_in = {each.by for each in earlier}
    rows = session.scalars(select(StationRow).where(StationRow.code.in_(codes)).order_by(StationRow.id))
    drawn = tuple(
        Drawn(row.id, row.code, row.stratum, row.region, row.district, row.voters, row.code in standing_in)
        for row in rows
    )
    return replace(frame, drawn=drawn, replacements=earlier)
