"""A refresh at any size reads what has changed, and no message: so it costs the same however many are stored."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from hub.analysis import coverage, evidence, tables
from hub.analysis.kept import Kept
from hub.bench import figures
from hub.bench.figures import OPENING, Size
from hub.database import reading

SMALL = Size(stations=40, questions=16, forms=4, fresh=5)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ten_times_the_messages_are_no_more_to_read(engine: Engine) -> None:
    first, before, after = figures.measure(engine, SMALL, rounds=1)
    assert first.read == SMALL.stations * SMALL.forms
    assert (before.messages, after.messages) == (160, 1_600)
    # The records of the stations that changed, with those of the refresh before.
    assert max(before.read, after.read) <= 2 * SMALL.fresh * SMALL.forms


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refresh_asks_for_no_message_and_is_what_would_be_computed_afresh(engine: Engine) -> None:
    figures.fill(engine, SMALL)
    figures.store_messages(engine, SMALL, 100)
    election = figures.election(SMALL)
    kept = Kept(election)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with reading(engine) as session:
        seen, found = kept.coverage(session, OPENING), kept.look(session)[2]
        assert not any(table in statement for statement in asked for table in ("journal", "submission", "inbox"))
        assert found == tables.findings(session, election)
        assert seen == coverage.coverage(evidence.now(session), election, OPENING)
    assert len(found.tables) == SMALL.questions - len(figures.TOTALS)
    assert found.turnout[0].estimate.n == SMALL.stations
