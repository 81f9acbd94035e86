"""Figures over time: what could be said at each minute, from what was known then, with the margin narrowing.

A minute that is over does not change any more: while nothing new has come, what was computed last is told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakKeyDictionary

from sqlalchemy import Pool
from sqlalchemy.orm import Session

from hub.analysis import evidence, tables
from hub.analysis.estimates import Estimate
from hub.analysis.evidence import Evidence, Frame
from hub.election.definition import Election
from hub.reports import history, rulings
from hub.reports.history import Replay, Saying
from hub.reports.rulings import Ruling

MINUTE = timedelta(minutes=1)
Figure = Callable[[Evidence], dict[str, Estimate]]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known at the end of a minute: figures by the option's code, the turnout's or the part's name."""

    at: datetime
    figures: dict[str, Estimate]


def progress(
    session: Session, election: Election, key: str, *, until: datetime | None = None, step: timedelta = MINUTE
) -> list[Moment]:
    """One question ("OPN.A"), turnout or ballot by its name, at the end of each step in which something came of it.

    Raises `KeyError` where there is no such figure.
    """
    pool = session.get_bind().engine.pool
    state = election.key, history.settled_until(session), rulings.end(session), until, step
    known = _known.setdefault(pool, {})
    if key not in known or known[key][0] != state:
        known[key] = state, _computed(session, election, key, until, step)
    return known[key][1]


_known: WeakKeyDictionary[Pool, dict[str, tuple[object, list[Moment]]]] = WeakKeyDictionary()


def _computed(session: Session, election: Election, key: str, until: datetime | None, step: timedelta) -> list[Moment]:
    figure, forms = _figure(election, key)
    said = [each for each in history.sayings(session, history.settled_until(session)) if each.key[1] in forms]
    ruled = [each for each in rulings.listing(session) if each.place[1] in forms]
    frame = evidence.read_frame(session)
    return list(_moments(election, frame, said, ruled, figure, until, step))


def _moments(
    election: Election,
    frame: Frame,
    said: Sequence[Saying],
    ruled: Sequence[Ruling],
    figure: Figure,
    until: datetime | None,
    step: timedelta,
) -> Iterator[Moment]:
    moments = [*(each.at for each in said), *(each.at for each in ruled)]
    ends = sorted({_end(at, step) for at in moments if until is None or at <= until})
    replay = Replay(election.checklist, {station.id: station.voters for station in frame.drawn})
    # Sorting is stable: what was settled in one instant keeps the journal's order.
    waiting, rulings_left = sorted(said, key=lambda each: each.at), sorted(ruled, key=lambda each: each.at)
    heard = decided = 0
    for end in ends:
        first, heard = heard, _past(waiting, heard, end)
        start, decided = decided, _past(rulings_left, decided, end)
        changed = replay.take(waiting[first:heard], rulings_left[start:decided])
        if changed or start != decided:
            verdicts = rulings.verdicts(rulings_left[:decided])
            yield Moment(end, figure(Evidence(frame, evidence.gathered(replay.records(), verdicts))))


def _figure(election: Election, key: str) -> tuple[Figure, set[str]]:
    """How it is computed, and the forms from which."""
    turnout = next((each for each in election.analysis.turnout if each.name == key), None)
    if turnout is not None:
        ratio = partial(tables.turnout, election=election, each=turnout)
        return lambda base: {key: ratio(base).estimate}, _forms(turnout.votes, turnout.registered)
    ballot = next((each for each in election.analysis.shares if each.name == key), None)
    if ballot is not None:
        whole = partial(tables.shares, election=election, each=ballot)
        forms = _forms(ballot.total, *ballot.parts.values())
        return lambda base: {part.name: part.estimate for part in whole(base).parts}, forms
    code, _, asked = key.partition(".")
    form = election.checklist.by_code[code]
    table = partial(tables.table, election=election, form=form, question=form.by_code[asked])
    return lambda base: {option.option: option.estimate for option in table(base).options}, {code}


def _forms(*refs: str) -> set[str]:
    return {ref.partition(".")[0] for ref in refs}


def _past(events: Sequence[Saying] | Sequence[Ruling], index: int, end: datetime) -> int:
    while index < len(events) and events[index].at < end:
        index += 1
    return index


def _end(at: datetime, step: timedelta) -> datetime:
    """The end of the step in which it falls: at 10:05:00 sharp the step from 10:05 begins."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + ((at - day) // step + 1) * step
