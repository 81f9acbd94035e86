"""An edited message is a new version of the same report."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.database import reading, writing
from hub.models import StationRecordRow, StationRow
from hub.reports import history
from hub.reports.history import Replay
from hub.sample import importer
from tests.journeys.town import Town, arvenia

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


async def test_an_edit_that_names_another_form_or_station_moves_the_report_there(town: Town) -> None:
    two_stations(town)
    town.clock[0] += timedelta(hours=10)
    await said(town, "message", 7, "SET 10001 H0715 M1 A1")
    await said(town, "message", 8, "SET 10001 W5")
    await said(town, "message", 9, "TAL 10001 R500 V400 YA100 YB300")
    await town.work()
    await said(town, "edited_message", 7, "SET 10004 H0715 M1 A1")
    await said(town, "edited_message", 9, "SET 10004 W7")
    await town.work()
    assert records(town) == {
        ("10001", "SET"): {"W": "5"},
        ("10004", "SET"): {"H": "07:15", "M": "1", "A": "1", "W": "7"},
    }
    await said(town, "edited_message", 9, "SET 10004 H0715")  # says nothing new, and takes the 7 back
    await said(town, "edited_message", 8, "SET 10004 M1")
    await town.work()
    assert records(town) == {("10004", "SET"): {"H": "07:15", "M": "1", "A": "1"}}
    assert replayed(town) == records(town)


def two_stations(town: Town) -> None:
    loaded = arvenia()
    people = tuple(replace(it, stations=("10001", "10004")) if it.code == "A1" else it for it in loaded.people)
    with writing(town.hub.engine) as session:
        importer.load(session, replace(loaded, people=people), town.hub.vault, town.clock[0])


def records(town: Town) -> dict[tuple[str, str], dict[str, str]]:
    """What stands in the tables, by station and form."""
    with reading(town.hub.engine) as session:
        rows = session.execute(
            select(StationRow.code, StationRecordRow.form, StationRecordRow.answers).join(
                StationRow, StationRow.id == StationRecordRow.station_id
            )
        )
        return {(station, form): answers for station, form, answers in rows}


def replayed(town: Town) -> dict[tuple[str, str], dict[str, str]]:
    """The same, made again from what was said."""
    with reading(town.hub.engine) as session:
        stations = {row.id: row for row in session.scalars(select(StationRow))}
        replay = Replay(town.hub.election.checklist, {id: row.voters for id, row in stations.items()})
        replay.take(history.sayings(session, history.settled_until(session)))
        return {(stations[it.station_id].code, it.form): it.answers for it in replay.records()}


async def said(town: Town, kind: str, message_id: int, text: str) -> None:
    message: dict[str, Any] = {"message_id": message_id, "date": 1, "edit_date": 2, "text": text}
    message |= {"chat": {"id": OBSERVER, "type": "private"}, "from": {"id": OBSERVER}}
    assert (await town.update({kind: message})).status_code == 200


def record(town: Town) -> dict[str, str]:
    with reading(town.hub.engine) as session:
        return dict(session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == "SET")).one())
