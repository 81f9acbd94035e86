"""While a machine is brought up to date, the worker of the version before is at work on the new schema."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from hub.bootstrap import NotReady, open_hub
from hub.database import open_engine, reading, writing
from hub.models import AlertRow, ElectionRow, OutboxRow, StationRecordRow, SubmissionRow
from hub.settings import Settings
from tests.faults.place import (
    A1,
    A1_TELEGRAM,
    COORDINATOR,
    LAWYER,
    PATIENCE,
    SECRET_KEY,
    Place,
    around,
    count,
    texted,
    until,
    watch_no_silence,
)
from tests.journeys.town import ARVENIA

BEFORE = "99e4d36"  # the last of the first version, whose schema was 20261122
ROOT = Path(__file__).parents[2]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The code of the version before and its small election, in a directory of its own."""
    parts = ("hub", "bots", "migrations", "tests/elections")
    archived = subprocess.run(["git", "archive", BEFORE, *parts], cwd=ROOT, capture_output=True)
    if archived.returncode:
        pytest.skip("needs the repository with its history")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(tmp_path / "before", filter="data")
    return tmp_path / "before"


@pytest.mark.slow
def test_a_worker_of_the_version_before_goes_on_through_the_migration_and_beside_todays_web(
    empty_url: str, before: Path, tmp_path: Path
) -> None:
    engine = open_engine(empty_url)
    with around(engine, empty_url, tmp_path) as place:
        at, older = place.at(0), replace(place, code=before)
        with older.process("init", "tests/elections/arvenia", **at) as init:
            assert init.wait(PATIENCE) == 0
        watch_no_silence(engine)
        with older.process("work", **at) as worker:
            place.does(A1_TELEGRAM, text="SET H0715 M1 A1")
            until(lambda: count(engine, SubmissionRow.journal_id) == 1)
            with place.process("init", str(ARVENIA), "--yes", **at) as init:  # which migrates
                assert init.wait(PATIENCE) == 0
            with place.web(**at) as web:
                texted(web, A1, "SET H0720 M1 A0", "SM1")
                until(lambda: count(engine, SubmissionRow.journal_id) == 2)
                until(lambda: "10001, Port-Nord" in last_heard(place, COORDINATOR))
                until(lambda: count(engine, OutboxRow.id, OutboxRow.state != "sent") == 0)
                assert worker.poll() is None
        with older.process("work", **at) as worker:
            assert worker.wait(PATIENCE) != 0  # it refuses an election that it does not know all of
        with place.process("work", **at):
            place.does(A1_TELEGRAM, text="SET H0725 M1 A0")
            until(lambda: count(engine, SubmissionRow.journal_id) == 3)
            place.at(3)  # today's takes the step that the older one wrote
            until(lambda: "10001, Port-Nord" in last_heard(place, LAWYER))
    with reading(engine) as session:
        assert session.scalars(select(SubmissionRow.outcome)).all() == ["accepted"] * 3
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:25", "M": "1", "A": "0"}
        assert len(session.scalars(select(AlertRow.id)).all()) == 1
    engine.dispose()


def last_heard(place: Place, address: str) -> str:
    told = [(str(it["chat_id"]), it["text"]) for it in place.bot_api.sent if it["method"] == "sendMessage"]
    told += [(str(it["to"]), it["body"]) for it in place.twilio.sent]
    return str(dict(told).get(address, ""))


def test_an_election_that_a_later_version_wrote_is_refused_in_words(place: Place) -> None:
    with writing(place.engine) as session:
        row = session.scalars(select(ElectionRow)).one()
        row.definition = row.definition | {"later": 1}
    settings = Settings(database_url=place.environment["HUB_DATABASE_URL"], secret_key=SecretStr(SECRET_KEY))
    with pytest.raises(NotReady, match="cannot read the election in the database: later; bring this machine up"):
        open_hub(settings)
