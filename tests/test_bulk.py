from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from hub import bulk
from hub.database import reading, writing
from hub.models import CursorRow, OnceRow, OutboxRow, StationRecordRow, StationRow

NOON = datetime(2021, 11, 28, 12, 0, 0, 250, tzinfo=timezone(timedelta(hours=6)))


def draft(dedup: str | None, **values: Any) -> dict[str, Any]:
    return {
        "kind": "reply",
        "priority": 5,
        "dedup": dedup,
        "gateway": "",
        "channel": "sms",
        "address_sealed": b"\x00\xff'",
        "text": "дал",
        "extra": {"buttons": [["Ё", "1"]]},
        "state": "pending",
        "attempts": 0,
        "unsure": 0,
        "not_before": NOON,
        "created_at": NOON,
        **values,
    }


def test_what_goes_in_at_once_comes_back_as_the_models_say(engine: Engine) -> None:
    with writing(engine) as session:
        bulk.insert(session, OutboxRow, [draft("a", person_id=None), draft(None, person_id=7)])
    with reading(engine) as session:
        first, second = session.scalars(select(OutboxRow).order_by(OutboxRow.id))
    assert (first.address_sealed, first.text, first.extra) == (b"\x00\xff'", "дал", {"buttons": [["Ё", "1"]]})
    assert first.not_before == NOON
    assert first.not_before.tzinfo == UTC
    assert (first.person_id, second.person_id, second.dedup, second.lease_until) == (None, 7, None, None)


@pytest.mark.parametrize("count", [1, 2, 7, 700, 2700])
def test_any_number_of_rows_goes_in_and_tells_its_ids_in_order(engine: Engine, count: int) -> None:
    with writing(engine) as session:
        ids = bulk.insert_new(session, OutboxRow, [draft(str(number)) for number in range(count)], OnceRow)
        told = {id: dedup for id, dedup in session.execute(select(OutboxRow.id, OutboxRow.dedup))}
    assert [told[id] for id in ids] == [str(number) for number in range(count)]


def test_a_row_that_is_there_already_or_comes_twice_is_left_out(engine: Engine) -> None:
    with writing(engine) as session:
        assert len(bulk.insert_new(session, OutboxRow, [draft("a"), draft("b"), draft("a")], OnceRow)) == 2
        [new] = bulk.insert_new(session, OutboxRow, [draft("b"), draft("c")], OnceRow)
        assert session.get_one(OutboxRow, new).dedup == "c"


def test_nothing_goes_in_as_nothing(engine: Engine) -> None:
    with writing(engine) as session:
        bulk.insert(session, OutboxRow, [])
        assert bulk.insert_new(session, OutboxRow, [], OnceRow) == []


def test_one_row_that_is_refused_refuses_all(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as session:
        bulk.insert(session, CursorRow, [{"name": it, "position": 0, "holder": ""} for it in ("a", "b", "a")])
    with reading(engine) as session:
        assert session.scalars(select(CursorRow)).all() == []


def test_what_is_gathered_goes_in_when_it_is_asked_for_in_its_order(engine: Engine) -> None:
    beat = {"name": "a", "position": 1, "holder": ""}
    with writing(engine) as session:
        with bulk.gathered(session) as insert_all:
            bulk.upsert(session, CursorRow, [beat], ("name",), ("position",))
            bulk.insert_once(session, OutboxRow, [draft("a"), draft("a"), draft(None)], OnceRow)
            bulk.upsert(session, CursorRow, [beat | {"position": 2}], ("name",), ("position",))
        bulk.insert(session, CursorRow, [beat | {"name": "b"}])
        assert session.scalars(select(CursorRow.name)).all() == ["b"]
        insert_all()
    with reading(engine) as session:
        assert session.scalars(select(OutboxRow.dedup).order_by(OutboxRow.id)).all() == ["a", None]
        assert session.get_one(CursorRow, "a").position == 2


def test_what_was_gathered_and_never_asked_for_is_forgotten(engine: Engine) -> None:
    with writing(engine) as session:
        with bulk.gathered(session):
            bulk.insert(session, CursorRow, [{"name": "a", "position": 1, "holder": ""}])
        bulk.insert(session, CursorRow, [{"name": "b", "position": 1, "holder": ""}])
        assert session.scalars(select(CursorRow.name)).all() == ["b"]


def test_a_key_that_is_there_takes_over_the_values(engine: Engine) -> None:
    def record(**values: Any) -> dict[str, Any]:
        empty: dict[str, Any] = {"answers": {}, "by_observer": {}, "conflicts": [], "decided": {}, "flags": []}
        return (
            {"station_id": 1, "form": "OPN", "quarantined": False, "first_at": NOON, "updated_at": NOON}
            | empty
            | values
        )

    station = StationRow(id=1, code="5191", stratum="s", region="r", district="d", voters=1, sampled=True)
    with writing(engine) as session:
        session.add(station)
        bulk.upsert(session, StationRecordRow, [record()], ("station_id", "form"), ("answers", "quarantined"))
        bulk.upsert(
            session,
            StationRecordRow,
            [record(answers={"A": "1"}, quarantined=True, flags=["kept out"])],
            ("station_id", "form"),
            ("answers", "quarantined"),
        )
    with reading(engine) as session:
        row = session.scalars(select(StationRecordRow)).one()
    assert (row.answers, row.quarantined, row.flags) == ({"A": "1"}, True, [])
