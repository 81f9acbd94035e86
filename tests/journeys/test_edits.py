"""An edited message is a new version of the same report."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.database import reading
from hub.models import StationRecordRow
from tests.journeys.town import Town

OBSERVER = 8100001


async def test_what_the_new_version_no_longer_says_is_withdrawn_and_both_are_kept(town: Town) -> None:
    await said(town, "message", 7, "SET H0715 M1 A1")
    await said(town, "message", 8, "SET M2")
    await town.work()
    assert record(town) == {"H": "07:15", "M": "2", "A": "1"}
    await said(town, "edited_message", 7, "SET H0730 M1")
    await town.work()
    assert record(town) == {"H": "07:30", "M": "1"}
    assert [row.text for row in town.journal()] == ["SET H0715 M1 A1", "SET M2", "SET H0730 M1"]


async def test_an_edit_that_cannot_be_read_takes_nothing_back_and_goes_to_the_desk(town: Town) -> None:
    await said(town, "message", 7, "SET H0715 M1 A1")
    await town.work()
    await said(town, "edited_message", 7, "sorry, wrong")
    await town.work()
    assert record(town) == {"H": "07:15", "M": "1", "A": "1"}
    assert len(town.desk()) == 1


async def said(town: Town, kind: str, message_id: int, text: str) -> None:
    message: dict[str, Any] = {"message_id": message_id, "date": 1, "edit_date": 2, "text": text}
    message |= {"chat": {"id": OBSERVER, "type": "private"}, "from": {"id": OBSERVER}}
    assert (await town.update({kind: message})).status_code == 200


def record(town: Town) -> dict[str, str]:
    with reading(town.hub.engine) as session:
        return dict(session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == "SET")).one())
