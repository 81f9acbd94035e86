from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, inspect, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from hub import bulk
from hub.database import Pen, appending, impatient, migrate, open_engine, parts, reading, writing
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
        with appending(impatient(engine, 0.1)) as connection:
            bulk.insert(connection, CursorRow, [{"name": "telegram", "position": 1, "holder": ""}])

    with writing(engine) as session:
        session.execute(delete(CursorRow))
        with pytest.raises(OperationalError, match="locked"):
            write()
    write()


def test_on_sqlite_the_journal_leaves_it_to_the_others_to_copy_the_log_back_while_they_do(
    engine: Engine, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL copies its log back by itself")

    def pages(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())

    with writing(engine) as session:
        often = pages(session.connection())
    with appending(impatient(engine, 0.1)) as connection:
        assert often < pages(connection) < 10_000  # never nobody: without a worker the log would grow for ever


def test_who_reads_what_to_change_keeps_nobody_from_appending_and_sees_what_came(
    engine: Engine,
) -> None:
    with writing(engine) as session:
        assert session.scalars(select(CursorRow)).all() == []
        with appending(impatient(engine, 0.1)) as other:
            bulk.insert(other, CursorRow, [{"name": "telegram", "position": 0, "holder": ""}])
        assert session.scalar(update(CursorRow).values(position=1).returning(CursorRow.position)) == 1


def test_two_who_change_what_they_have_read_do_it_one_after_the_other(engine: Engine, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL locks rows")
    with writing(engine) as session:
        session.add(CursorRow(name="telegram"))
    others = [open_engine(database_url) for _ in range(4)]  # as of other processes

    def count(mine: Engine) -> None:
        for _ in range(25):
            with writing(mine) as session:
                position = session.scalars(select(CursorRow.position)).one()
                session.execute(update(CursorRow).values(position=position + 1))

    with ThreadPoolExecutor(8) as many:
        list(many.map(count, [*others, *others]))
    with reading(engine) as session:
        assert session.scalars(select(CursorRow.position)).one() == 200


def test_a_pen_that_another_process_keeps_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    one, other = Pen(f"{tmp_path}/pen"), Pen(f"{tmp_path}/pen")
    with one.held(1), pytest.raises(NoConnection), other.held(0.01):
        pass
    with other.held(0.01):
        pass


def test_parts_hold_every_item_once_and_none_is_empty() -> None:
    assert list(parts(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert [len(part) for part in parts(range(1_000))] == [500, 500]
    assert list(parts([])) == []
