"""An observer moved in mid-day: from when it holds, and that files which know nothing of it do not undo it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from hub.database import reading, writing
from hub.models import AuditRow, PersonRow
from hub.sample import moves, roster
from hub.sample.roster import NotPossible
from tests.sample.people import LATER, NOON, NOW, edit, reload, stations_of

A1 = "+237670000001"
SECOND = timedelta(seconds=1)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def move(engine: Engine, person: str = "A1", station: str = "10004", since: object = NOON) -> None:
    with writing(engine) as session:
        moves.move(session, person, station, since, NOON)  # type: ignore[arg-type]


def test_a_message_counts_for_the_station_where_its_sender_was_when_it_came(loaded: Engine) -> None:
    move(loaded)
    assert stations_of(loaded, A1, NOON - SECOND) == ("10001",)
    assert stations_of(loaded, A1, NOON) == stations_of(loaded, A1, LATER) == ("10004",)
    with reading(loaded) as session:
        assert roster.posted(session, "10001", LATER) == ["A2"]
        assert roster.posted(session, "10004", LATER) == ["A1", "A3"]
        audited = session.scalars(select(AuditRow)).one()
    assert (audited.action, audited.subject, audited.before) == ("move_observer", "person A1", {"stations": ["10001"]})
    assert audited.after == {"station": "10004", "since": "2030-03-10T12:00:00+00:00"}


@on_sqlite
def test_a_second_move_follows_the_first_and_a_corrected_one_takes_its_place(loaded: Engine) -> None:
    move(loaded)
    move(loaded, station="20001")  # the same moment again: the first was a mistake
    move(loaded, station="20005", since=LATER)
    assert stations_of(loaded, A1, NOON) == ("20001",)
    assert stations_of(loaded, A1, LATER) == ("20005",)


@on_sqlite
@pytest.mark.parametrize(
    ("person", "station", "since", "words"),
    [
        ("A9", "10004", NOON, "A9 is no active observer"),
        ("Z1", "10004", NOON, "Z1 is no active observer"),
        ("A1", "99999", NOON, "no station 99999"),
        ("A1", "10002", NOON, "not in the sample"),
    ],
)
def test_what_cannot_be_is_refused(loaded: Engine, person: str, station: str, since: object, words: str) -> None:
    with pytest.raises(NotPossible, match=words):
        move(loaded, person, station, since)


@on_sqlite
def test_a_move_before_one_that_is_known_is_refused(loaded: Engine) -> None:
    move(loaded, since=LATER)
    with pytest.raises(NotPossible, match="moves already at"):
        move(loaded)


@on_sqlite
def test_files_that_say_what_they_said_before_leave_a_move_alone_and_the_plan_tells_so(
    loaded: Engine, arvenia: Path
) -> None:
    move(loaded)
    changes = reload(loaded, arvenia, LATER)
    assert not changes
    assert str(changes).splitlines()[-1] == "assignments: no change, 1 kept as changed in the hub (A1)"
    assert stations_of(loaded, A1, LATER) == ("10004",)


def test_files_that_say_something_new_are_followed(loaded: Engine, arvenia: Path) -> None:
    move(loaded)
    edit(arvenia / "observers.csv", "A1,observer,10001", "A1,observer,20001")
    reload(loaded, arvenia, LATER)
    assert stations_of(loaded, A1, LATER - SECOND) == ("10004",)
    assert stations_of(loaded, A1, LATER) == ("20001",)
    assert not reload(loaded, arvenia, LATER)


@on_sqlite
def test_files_that_catch_up_with_a_move_change_nothing_of_it(loaded: Engine, arvenia: Path) -> None:
    move(loaded)
    edit(arvenia / "observers.csv", "A1,observer,10001", "A1,observer,10004")
    reload(loaded, arvenia, LATER)
    again = reload(loaded, arvenia, LATER)
    assert (bool(again), "kept" in str(again)) == (False, False)
    assert stations_of(loaded, A1, NOON) == stations_of(loaded, A1, LATER) == ("10004",)


@on_sqlite
def test_a_station_that_the_files_name_again_beside_a_new_one_is_taken_up_again(loaded: Engine, arvenia: Path) -> None:
    edit(arvenia / "observers.csv", "A1,observer,10001", "A1,observer,10001 20001")
    reload(loaded, arvenia, NOW)
    move(loaded)
    edit(arvenia / "observers.csv", "A1,observer,10001 20001", "A1,observer,10001 20005")
    reload(loaded, arvenia, LATER)
    assert stations_of(loaded, A1, LATER) == ("10001", "20005")
    assert not reload(loaded, arvenia, LATER)


@on_sqlite
def test_who_leaves_the_files_after_a_move_is_at_no_station(loaded: Engine, arvenia: Path) -> None:
    move(loaded)
    edit(arvenia / "observers.csv", "A1,observer,10001,+237670000001,8100001,fr,\n", "")
    reload(loaded, arvenia, LATER)
    with reading(loaded) as session:
        assert roster.posted(session, "10004", LATER) == ["A3"]
        assert session.scalar(select(func.count()).where(~PersonRow.active)) == 1


def test_who_is_relieved_is_nowhere_and_the_other_is_in_their_place(loaded: Engine) -> None:
    with writing(loaded) as session:
        assert moves.relieve(session, "A1", "A3", NOON).station == "10001"
    assert stations_of(loaded, A1, NOON - SECOND) == ("10001",)
    assert stations_of(loaded, A1, NOON) == ()
    with reading(loaded) as session:
        assert roster.posted(session, "10001", LATER) == ["A2", "A3"]
        assert roster.posted(session, "10004", LATER) == []


@on_sqlite
@pytest.mark.parametrize(
    ("person", "by", "why"), [("A1", "A1", "same"), ("Z1", "A1", "one_post"), ("A1", "Z1", "observer")]
)
def test_nobody_is_relieved_by_themselves_or_by_nobody_nor_from_nowhere(
    loaded: Engine, person: str, by: str, why: str
) -> None:
    with pytest.raises(NotPossible) as refused, writing(loaded) as session:
        moves.relieve(session, person, by, NOON)
    assert refused.value.why == why
