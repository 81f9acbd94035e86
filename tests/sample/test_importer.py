"""Files into the database: once, again, changed, and never by halves. On both databases."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hub.database import reading, writing
from hub.election import configuration
from hub.election.configuration import Configuration, ConfigurationError
from hub.models import AssignmentRow, Base, ContactRow, ElectionRow, OfficialRow, PersonRow, StationRow
from hub.sample import importer
from hub.sample.importer import Changes
from hub.vault import Vault

ROOT = Path(__file__).parents[2]
VAULT = Vault("a secret that is only for tests, 32+")
NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def arvenia(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "tests" / "elections" / "arvenia", tmp_path / "arvenia"))


def load(engine: Engine, configured: Configuration, now: datetime = NOW) -> Changes:
    with writing(engine) as session:
        return importer.load(session, configured, VAULT, now)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def counts(session: Session) -> dict[str, int]:
    return {
        name: session.scalars(select(func.count()).select_from(table)).one()
        for name, table in Base.metadata.tables.items()
        if name in ("election", "station", "person", "contact", "assignment")
    }


def test_the_kyrgyz_election_is_loaded_whole_and_read_back(engine: Engine) -> None:
    configured = configuration.load(ROOT / "config" / "kyrgyzstan-2021")
    load(engine, configured)
    assert not load(engine, configured, LATER)
    with reading(engine) as session:
        assert counts(session) == {"election": 1, "station": 2435, "person": 704, "contact": 947, "assignment": 600}
        assert importer.election(session) == configured.election
        assert session.scalars(select(func.count()).where(StationRow.sampled)).one() == 300


def test_an_empty_database_holds_no_election(engine: Engine) -> None:
    with reading(engine) as session:
        assert importer.election(session) is None


def test_loading_twice_changes_nothing(engine: Engine, arvenia: Path) -> None:
    configured = configuration.load(arvenia)
    first = load(engine, configured)
    again = load(engine, configured, LATER)
    assert str(first).splitlines()[1] == "stations: 12 added (10001, 10002, 10003 and 9 more)"
    assert not again
    with reading(engine) as session:
        assert counts(session) == {"election": 1, "station": 12, "person": 11, "contact": 15, "assignment": 5}
        assert session.scalars(select(ElectionRow.loaded_at)).one() == NOW


def test_a_plan_tells_what_a_load_would_do_and_writes_nothing(engine: Engine, arvenia: Path) -> None:
    configured = configuration.load(arvenia)
    with reading(engine) as session:
        planned = importer.plan(session, configured, VAULT)
        assert planned
        assert sum(counts(session).values()) == 0
    assert load(engine, configured) == planned


def test_a_contact_is_sealed_found_by_its_digest_and_shown_by_three_digits(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    with reading(engine) as session:
        digest = VAULT.digest("phone", "+237670000003")
        contact = session.scalars(select(ContactRow).where(ContactRow.digest == digest)).one()
        assert VAULT.open(contact.sealed) == b"+237670000003"
        assert (contact.kind, contact.hint, contact.state) == ("phone", "003", "active")


def test_a_changed_phone_replaces_the_old_one_and_leaves_the_other_contacts(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    replace(arvenia / "observers.csv", "+237670000001", "+237670000777")
    changes = load(engine, configuration.load(arvenia), LATER)
    assert str(changes).splitlines()[3:] == ["contacts: 1 changed (A1)", "assignments: no change"]
    assert contacts_of(engine, "A1") == [("phone", "777"), ("telegram", "001")]


def contacts_of(engine: Engine, person: str) -> list[tuple[str, str]]:
    query = select(ContactRow.kind, ContactRow.hint).join(PersonRow).where(PersonRow.code == person)
    with reading(engine) as session:
        return sorted((kind, hint) for kind, hint in session.execute(query))


def test_a_blocked_contact_stays_blocked(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    with writing(engine) as session:
        session.scalars(select(ContactRow).where(ContactRow.hint == "003")).first().state = "blocked"  # type: ignore[union-attr]
    replace(arvenia / "observers.csv", "A3,observer,10004,+237670000003,,fr", "A3,observer,10004,+237670000003,,en")
    load(engine, configuration.load(arvenia), LATER)
    with reading(engine) as session:
        assert session.scalars(select(ContactRow.state).where(ContactRow.state != "active")).all() == ["blocked"]


def test_a_person_who_left_the_files_is_inactive_and_comes_back(engine: Engine, arvenia: Path) -> None:
    whole = configuration.load(arvenia)
    load(engine, whole)
    replace(arvenia / "observers.csv", "A2,observer,10001,6 70 00 00 02,,en,\n", "")
    changes = load(engine, configuration.load(arvenia), LATER)
    assert str(changes).splitlines()[2:] == [
        "people: 1 removed (A2)",
        "contacts: no change",
        "assignments: 1 removed (A2)",
    ]
    assert not load(engine, configuration.load(arvenia), LATER)
    with reading(engine) as session:
        assert session.scalars(select(PersonRow.code).where(~PersonRow.active)).all() == ["A2"]
    load(engine, whole, LATER)
    with reading(engine) as session:
        assert session.scalars(select(PersonRow.code).where(~PersonRow.active)).all() == []


def test_a_moved_observer_is_at_the_new_station_from_now_on(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    replace(arvenia / "observers.csv", "A2,observer,10001", "A2,observer,10004")
    load(engine, configuration.load(arvenia), LATER)
    query = (
        select(StationRow.code, AssignmentRow.since, AssignmentRow.until)
        .join(StationRow, StationRow.id == AssignmentRow.station_id)
        .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
        .where(PersonRow.code == "A2")
        .order_by(AssignmentRow.id)
    )
    with reading(engine) as session:
        assert [tuple(row) for row in session.execute(query)] == [("10001", None, LATER), ("10004", LATER, None)]


def test_a_corrected_station_is_updated_and_an_unreported_one_deleted(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    replace(arvenia / "stations.csv", "Alpage,120", "Alpage,121")
    replace(arvenia / "stations.csv", "10002,urban,Littoral,Port-Nord,850,\n", "")
    changes = load(engine, configuration.load(arvenia), LATER)
    assert str(changes).splitlines()[1] == "stations: 1 changed (20006), 1 removed (10002)"
    with reading(engine) as session:
        assert session.scalars(select(StationRow.voters).where(StationRow.code == "20006")).one() == 121


def test_a_station_with_observers_can_leave_the_frame_while_nobody_reported(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    replace(arvenia / "stations.csv", "10004,rural,Littoral,Dunes,400,1\n", "")
    replace(arvenia / "observers.csv", "A3,observer,10004", "A3,observer,20001")
    load(engine, configuration.load(arvenia), LATER)
    with reading(engine) as session:
        assert counts(session)["station"] == 11


def test_a_station_that_was_reported_from_cannot_leave(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    with writing(engine) as session:
        station = session.scalars(select(StationRow.id).where(StationRow.code == "10002")).one()
        session.add(OfficialRow(station_id=station, form="TAL", answers={"V": "1"}))
    replace(arvenia / "stations.csv", "10002,urban,Littoral,Port-Nord,850,\n", "")
    with pytest.raises(ConfigurationError, match="reported from: 10002"):
        load(engine, configuration.load(arvenia), LATER)
    with reading(engine) as session:
        assert counts(session)["station"] == 12


def test_a_database_holds_one_election_only(engine: Engine, arvenia: Path) -> None:
    load(engine, configuration.load(arvenia))
    replace(arvenia / "election.yaml", "arvenia-2030", "arvenia-2034")
    with pytest.raises(ConfigurationError, match="holds another election, arvenia-2030"):
        load(engine, configuration.load(arvenia), LATER)


def test_an_error_in_the_last_file_leaves_the_database_untouched(engine: Engine, arvenia: Path) -> None:
    replace(arvenia / "staff.csv", "office,head_office", "office,head_ofice")
    with pytest.raises(ConfigurationError), writing(engine) as session:
        importer.load(session, configuration.load(arvenia), VAULT, NOW)
    with reading(engine) as session:
        assert sum(counts(session).values()) == 0


def test_a_load_that_breaks_off_leaves_the_database_untouched(engine: Engine, arvenia: Path) -> None:
    class Interrupted(Exception):
        pass

    class BreakingVault(Vault):
        def seal(self, plain: bytes) -> bytes:
            if plain.endswith(b"8200005"):
                raise Interrupted
            return super().seal(plain)

    with pytest.raises(Interrupted), writing(engine) as session:
        importer.load(session, configuration.load(arvenia), BreakingVault("x" * 32), NOW)
    with reading(engine) as session:
        assert sum(counts(session).values()) == 0
