from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, delete, select

from hub import bulk
from hub.database import reading, writing
from hub.models import CursorRow, StationRecordRow, TallyRow, WorkItemRow
from hub.prepared import Prepared

MOMENT = datetime(2021, 11, 28, 2, 5, 24, 123456, tzinfo=UTC)
NAMED = Prepared(
    select(CursorRow.name, CursorRow.position)
    .where(CursorRow.name.in_(bindparam("names", expanding=True)), CursorRow.holder == "nobody")
    .order_by(CursorRow.name)
)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 200, 500])
def test_a_list_may_have_any_length(engine: Engine, count: int) -> None:
    with writing(engine) as session:
        rows = [{"name": f"n{number:03}", "position": number, "holder": "nobody"} for number in range(600)]
        bulk.insert(session, CursorRow, rows)
        found = NAMED.rows(session, names=[f"n{number:03}" for number in range(count)])
    assert found == [(f"n{number:03}", number) for number in range(count)]


def test_any_text_may_be_in_a_list(engine: Engine) -> None:
    names = ["", "NULL", 'quoted " \\" and \\', "{a,b}", "a, b", "ү", "'; --", " both ends ", "\t"]
    with writing(engine) as session:
        rows = [{"name": name, "position": number, "holder": "nobody"} for number, name in enumerate(names)]
        bulk.insert(session, CursorRow, rows)
        for number, name in enumerate(names):
            assert NAMED.rows(session, names=[name]) == [(name, number)]
        assert len(NAMED.rows(session, names=names)) == len(names)


def test_its_rows_have_the_values_that_the_models_give(engine: Engine) -> None:
    item = {"kind": "conflict", "severity": 2, "detail": {"said": {"A": [1, "ү"]}}, "opened_at": MOMENT}
    with writing(engine) as session:
        session.add(WorkItemRow(**item))
        session.add(TallyRow(digest=b"\x00\xff", count=1 << 40, until=MOMENT))
    with reading(engine) as session:
        for table in (WorkItemRow, TallyRow):
            columns = select(*table.__table__.c)
            [row] = Prepared(columns).rows(session)
            assert row == tuple(session.execute(columns).one())


def test_a_moment_a_digest_and_a_number_are_found_by_their_values(engine: Engine) -> None:
    asked = Prepared(
        select(TallyRow.count).where(
            TallyRow.digest.in_(bindparam("digests", expanding=True)),
            TallyRow.until >= bindparam("since"),
            TallyRow.count.in_(bindparam("counts", expanding=True)),
        )
    )

    def found(session: Any, **changed: Any) -> list[Any]:
        return asked.column(
            session, **{"digests": [b"\x01", b"\x02"], "since": MOMENT, "counts": {1, 1 << 40}, **changed}
        )

    with writing(engine) as session:
        bulk.insert(session, TallyRow, [{"digest": b"\x01", "count": 1 << 40, "until": MOMENT}])
        assert found(session) == [1 << 40]
        assert found(session, digests=[b"\x03"]) == []
        assert found(session, since=MOMENT.replace(year=2022)) == []
        assert found(session, counts=[2]) == []


def test_what_was_added_and_not_flushed_is_found(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(CursorRow(name="telegram", holder="nobody"))
        assert NAMED.rows(session, names=["telegram"]) == [("telegram", 0)]


def test_a_delete_takes_what_is_named_and_nothing_else(engine: Engine) -> None:
    gone = Prepared(delete(StationRecordRow).where(StationRecordRow.form.in_(bindparam("forms", expanding=True))))
    dropped = Prepared(delete(CursorRow).where(CursorRow.name.in_(bindparam("names", expanding=True))))
    with writing(engine) as session:
        bulk.insert(session, CursorRow, [{"name": name, "position": 0, "holder": "nobody"} for name in "abc"])
        gone.run(session, forms=[])
        dropped.run(session, names=["a", "c"])
        assert NAMED.column(session, names=["a", "b", "c"]) == ["b"]
