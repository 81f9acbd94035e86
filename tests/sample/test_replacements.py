"""A station that cannot be observed, and the one that stands in for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hub.database import reading, writing
from hub.election.configuration import ConfigurationError
from hub.models import AuditRow, StationRow
from hub.sample import replacements
from hub.sample.roster import NotPossible
from tests.sample.people import LATER, NOON, edit, reload

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def replace(engine: Engine, station: str = "10001", by: str = "10002", reason: str = "the road is cut") -> None:
    with writing(engine) as session:
        replacements.replace(session, station, by, reason, NOON)


def sampled(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return sorted(session.scalars(select(StationRow.code).where(StationRow.sampled)))


def test_the_one_takes_the_others_place_with_who_when_and_why(loaded: Engine) -> None:
    replace(loaded)
    assert sampled(loaded) == ["10002", "10004", "20001", "20005"]
    with reading(loaded) as session:
        [told] = replacements.listing(session)
        audited = session.scalars(select(AuditRow)).one()
    assert (told.station, told.by, told.reason, told.at) == ("10001", "10002", "the road is cut", NOON)
    assert (audited.action, audited.subject) == ("replace_station", "station 10001")


@on_sqlite
@pytest.mark.parametrize(
    ("station", "by", "reason", "words"),
    [
        ("10001", "10002", "  ", "say why"),
        ("99999", "10002", "x", "no station 99999"),
        ("10001", "99999", "x", "no station 99999"),
        ("10003", "10002", "x", "10003 is not in the sample"),
        ("10001", "20001", "x", "20001 is in the sample already"),
        ("10001", "10001", "x", "10001 is in the sample already"),
        ("10001", "10005", "x", "comes from the same stratum"),
    ],
)
def test_what_would_spoil_the_sample_is_refused(loaded: Engine, station: str, by: str, reason: str, words: str) -> None:
    with pytest.raises(NotPossible, match=words):
        replace(loaded, station, by, reason)


@on_sqlite
def test_a_replacement_can_be_replaced_but_what_was_replaced_does_not_come_back(loaded: Engine) -> None:
    replace(loaded)
    replace(loaded, "10002", "20002", "flooded, too")
    assert sampled(loaded) == ["10004", "20001", "20002", "20005"]
    with pytest.raises(NotPossible, match="10001 was itself replaced"):
        replace(loaded, "20002", "10001", "x")


@on_sqlite
def test_files_that_mark_the_drawn_station_do_not_undo_it_and_the_plan_tells_so(loaded: Engine, arvenia: Path) -> None:
    replace(loaded)
    changes = reload(loaded, arvenia, LATER)
    assert not changes
    assert "stations: no change, 2 kept as changed in the hub (10001, 10002)" in str(changes)
    assert sampled(loaded) == ["10002", "10004", "20001", "20005"]


@on_sqlite
def test_a_replaced_station_cannot_leave_the_frame(loaded: Engine, arvenia: Path) -> None:
    replace(loaded)
    edit(arvenia / "stations.csv", "10002,urban,Littoral,Port-Nord,850,\n", "")
    with pytest.raises(ConfigurationError, match="reported from: 10002"):
        reload(loaded, arvenia, LATER)
