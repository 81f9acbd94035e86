"""Reminders: the observer first, the coordinator later; none twice, none after the report came."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.database import open_engine, writing
from hub.desk import nudges
from hub.models import OutboxRow
from tests.console.house import A1, House, build, open_house

DUE = datetime(2030, 3, 10, 7, 30, tzinfo=UTC)  # SET, 08:30 in Arvenia


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    build(engine)
    yield open_house(engine)
    engine.dispose()


def remind(house: House, minutes: int) -> int:
    house.clock[0] = DUE + timedelta(minutes=minutes)
    with writing(house.hub.engine) as session:
        return nudges.remind(session, house.hub, house.clock[0])


def said(house: House, dedup: str) -> list[str]:
    with Session(house.hub.engine) as session:
        rows = select(OutboxRow.text).where(OutboxRow.dedup.startswith(dedup)).order_by(OutboxRow.id)
        return list(session.scalars(rows))


def test_who_is_late_is_reminded_once_and_who_reported_never(house: House) -> None:
    house.clock[0] = DUE
    house.text(A1, "SET H0715 M1 A1")
    assert remind(house, 14) == 0
    assert remind(house, 15) == 3  # at 10004, 20001 and 20005
    assert remind(house, 16) == 0
    assert said(house, "nudge:")[0] == "SET de 10004 était attendu à 08:30. Merci de l'envoyer."


def test_who_texted_something_that_waits_at_the_desk_is_not_reminded(house: House) -> None:
    house.clock[0] = DUE
    house.text("+237670000003", "SET H2570 M1 Q7 A9")
    house.text(A1, "SET H0715 M1 A1")
    assert remind(house, 15) == 2


def test_the_coordinator_is_told_once_for_the_whole_region(house: House) -> None:
    house.clock[0] = DUE
    assert remind(house, 60) == 5 + 2
    assert said(house, "late:SET:Littoral") == ["SET manque pour 2 : 10001, 10004"]
    assert remind(house, 61) == 0


def test_a_hub_that_was_down_does_not_remind_of_what_is_long_past(house: House) -> None:
    assert remind(house, 60 * 5) == 0
