from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from hub import leadership
from hub.database import writing

NOON, LEASE = datetime(2030, 3, 10, 12, tzinfo=UTC), timedelta(seconds=15)


def test_those_who_are_alive_are_counted_and_who_is_silent_is_forgotten(engine: Engine) -> None:
    told = []
    with writing(engine) as session:
        leadership.beat(session, "worker", NOON)
        for holder, seconds in (("a:1", 0), ("b:2", 1), ("a:1", 10), ("b:2", 30), ("a:1", 31)):
            told.append(leadership.crew(session, "worker", holder, NOON + timedelta(seconds=seconds), LEASE))
        assert leadership.seen(session, "worker") == NOON
    assert told == [1, 2, 2, 1, 2]
