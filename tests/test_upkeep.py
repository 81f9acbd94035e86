"""A table that filled in a moment is counted before its plans are made for an empty one; a small one is left alone."""

from __future__ import annotations

from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session

from hub import bulk, upkeep
from hub.database import writing
from hub.models import CursorRow

COUNTED = text("SELECT reltuples FROM pg_class WHERE relname = 'cursor'")


def test_what_has_grown_is_counted_once_and_what_is_mostly_dead_is_cleared(engine: Engine) -> None:
    sqlite = engine.dialect.name == "sqlite"
    _fill(engine, "a", upkeep.FEW // 2)
    assert upkeep.refresh(engine) == []
    _fill(engine, "b", 3 * upkeep.FEW)
    assert upkeep.refresh(engine) == ([] if sqlite else ["cursor"])
    assert upkeep.refresh(engine) == []
    with writing(engine) as session:
        assert sqlite or session.scalar(COUNTED) == 3.5 * upkeep.FEW
        session.execute(delete(CursorRow))
        _told(session)
    assert upkeep.refresh(engine) == ([] if sqlite else ["cursor"])
    with writing(engine) as session:
        assert sqlite or session.scalar(COUNTED) == 0


def _fill(engine: Engine, name: str, count: int) -> None:
    rows = [{"name": f"{name}{number}", "position": 0, "holder": ""} for number in range(count)]
    with writing(engine) as session:
        bulk.insert(session, CursorRow, rows)
        _told(session)


def _told(session: Session) -> None:
    """What changed is in PostgreSQL's statistics as soon as it is committed, and not a second later."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_stat_force_next_flush()"))
