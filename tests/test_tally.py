"""What is counted for all processes, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select

from hub import tally
from hub.database import reading, writing
from hub.models import TallyRow
from hub.tally import Tally

NOON, HOUR = datetime(2030, 3, 10, 12, tzinfo=UTC), timedelta(hours=1)


def test_counts_add_up_within_a_window_and_begin_anew_after_it(engine: Engine) -> None:
    with writing(engine) as session:
        tally.add(session, {b"a": 1, b"b": 5}, HOUR, NOON)
    with writing(engine) as session:
        tally.add(session, {b"a": 2}, HOUR, NOON + HOUR / 2)
        tally.add(session, {b"b": -1}, HOUR, NOON + HOUR / 2)
    with reading(engine) as session:
        before = tally.read(session, [b"a", b"b", b"c"], NOON + HOUR / 2)
        assert before == {b"a": Tally(3, NOON + HOUR), b"b": Tally(4, NOON + HOUR)}
        assert tally.read(session, [b"a"], NOON + HOUR) == {}
    with writing(engine) as session:
        tally.add(session, {b"a": 1}, HOUR, NOON + 2 * HOUR)
        assert tally.read(session, [b"a"], NOON + 2 * HOUR) == {b"a": Tally(1, NOON + 3 * HOUR)}


def test_what_is_over_is_deleted(engine: Engine) -> None:
    with writing(engine) as session:
        tally.add(session, {bytes([n]): 1 for n in range(20)}, HOUR, NOON)
        tally.add(session, {b"later": 1}, HOUR, NOON + HOUR)
        assert session.scalar(select(func.count()).select_from(TallyRow)) == 1
