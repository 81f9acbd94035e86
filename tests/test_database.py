from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from hub.database import migrate, parts, reading, writing
from hub.models import Base, CursorRow


def test_the_migrations_build_every_table_and_column(engine: Engine) -> None:
    inspector = inspect(engine)
    for name, table in Base.metadata.tables.items():
        assert {column["name"] for column in inspector.get_columns(name)} == set(table.columns.keys()), name


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)


def test_moments_come_back_in_utc(engine: Engine) -> None:
    moment = datetime(2021, 11, 28, 2, 5, 24, 123456, tzinfo=UTC)
    with writing(engine) as session:
        session.add(CursorRow(name="telegram", held_until=moment))
    with reading(engine) as session:
        assert session.scalars(select(CursorRow.held_until)).one() == moment


def test_an_exception_rolls_the_whole_transaction_back(engine: Engine) -> None:
    try:
        with writing(engine) as session:
            session.add(CursorRow(name="telegram"))
            session.flush()
            raise RuntimeError("in the middle")
    except RuntimeError:
        pass
    with reading(engine) as session:
        assert session.scalars(select(CursorRow)).all() == []


def test_who_waits_too_long_for_sqlites_writer_is_told_as_of_any_statement(engine: Engine, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has any number of writers")

    def write() -> None:
        with writing(engine, 0.1) as session:
            session.add(CursorRow(name="telegram", position=1))

    with engine.connect() as other:
        other.execute(text("SELECT 1"))
        with pytest.raises(OperationalError, match="locked"):
            write()
    with writing(engine), ThreadPoolExecutor(1) as another, pytest.raises(NoConnection):
        another.submit(write).result()
    write()


def test_parts_hold_every_item_once_and_none_is_empty() -> None:
    assert list(parts(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert [len(part) for part in parts(range(1_000))] == [500, 500]
    assert list(parts([])) == []
