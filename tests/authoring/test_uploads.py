"""Spreadsheets into a running hub: previewed against what it holds, taken whole, refused where the preview is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.authoring import loaded, uploads, workbooks
from hub.authoring.uploads import Differs, Prepared, Preview
from hub.database import reading, writing
from hub.election import configuration
from hub.models import PersonRow, StationRow, UploadRow
from hub.sample import importer, moves, replacements
from hub.vault import Vault
from tests.authoring.conftest import ARVENIA
from tests.authoring.paper import table, workbook
from tests.conftest import SECRET

NOON = datetime(2030, 3, 10, 12, 0, tzinfo=UTC)
VAULT = Vault(SECRET)
ADMIN, OTHER = 1, 2


@pytest.fixture
def hub(engine: Engine) -> Engine:
    with writing(engine) as session:
        importer.load(session, configuration.load(ARVENIA), VAULT, NOON)
    return engine


def upload(engine: Engine, kind: str, data: bytes, told: dict[str, str] | None = None) -> Prepared:
    with writing(engine) as session:
        upload_id = uploads.keep(session, VAULT, ADMIN, kind, "file.xlsx", data, told or {}, NOON)
    with reading(engine) as session:
        kept = uploads.find(session, VAULT, upload_id, ADMIN)
        assert kept
        return uploads.prepare(session, VAULT, kept)


def shown(engine: Engine, prepared: Prepared) -> Preview:
    with reading(engine) as session:
        return uploads.preview(session, VAULT, prepared)


def taken(engine: Engine, prepared: Prepared) -> None:
    seal = shown(engine, prepared).seal
    with writing(engine) as session:
        uploads.take(session, VAULT, prepared, seal, NOON)


def test_what_is_loaded_is_what_the_files_said_whatever_the_hub_changed_since(hub: Engine) -> None:
    files = configuration.load(ARVENIA)
    with writing(hub) as session:
        replacements.replace(session, "10001", "10002", "flooded", NOON)
        moves.move(session, "A3", "10002", NOON, NOON)
    with reading(hub) as session:
        held = loaded.configuration(session, VAULT)
        assert held.stations == files.stations
        assert held.people == files.people
        assert not importer.plan(session, held, VAULT)


def test_a_sheet_is_previewed_and_taken(hub: Engine) -> None:
    codes = [station.code for station in configuration.load(ARVENIA).stations]
    prepared = upload(hub, "stations", workbook(one=[["BV", "electors"], *([code, 999] for code in codes)]))
    preview = shown(hub, prepared)
    assert str(preview.plan).startswith("BV → station\nelectors → voters\nnot in the file, kept as it is: stratum")
    assert preview.changes is not None
    assert f"stations: {len(codes)} changed" in str(preview.changes)
    assert not preview.restart
    with reading(hub) as session:
        assert set(session.scalars(select(StationRow.voters))) != {999}, "a preview changes nothing"
    taken(hub, prepared)
    with reading(hub) as session:
        assert set(session.scalars(select(StationRow.voters))) == {999}


def test_a_form_may_come_while_the_hub_runs_and_asks_for_a_restart(hub: Engine) -> None:
    exported = workbooks.form(ARVENIA, "TAL")
    assert exported
    assert not shown(hub, upload(hub, "checklist", exported)).changes
    rows = "type|name|label::en|label::fr\ninteger|R|Listed|Inscrits"
    settings = "form_title::en|form_title::fr|form_id|day|due\nTurnout|Participation|TUR|2030-03-10|12:00"
    prepared = upload(hub, "checklist", workbook(survey=table(rows), settings=table(settings)))
    assert shown(hub, prepared).restart
    taken(hub, prepared)
    with reading(hub) as session:
        election = importer.election(session)
    assert election
    assert [form.code for form in election.checklist.forms] == ["SET", "TUR", "TAL"]


def test_an_unsound_sheet_is_told_by_its_cells_and_cannot_be_taken(hub: Engine) -> None:
    prepared = upload(hub, "observers", workbook(Roster=table("observer|phone|station\nA1|12|10001")))
    preview = shown(hub, prepared)
    assert preview.changes is None
    assert str(preview.complaints[0]).startswith("Roster!B2: this phone is no number of the country")
    with writing(hub) as session, pytest.raises(Differs):
        uploads.take(session, VAULT, prepared, preview.seal, NOON)


def test_what_is_no_longer_what_was_shown_is_not_taken(hub: Engine) -> None:
    sheet = workbook(one=table("person|language\ncoord-l|en\ncoord-m|fr\nlaw-l|en\nlaw-m|en"))
    prepared = upload(hub, "staff", sheet)
    seal = shown(hub, prepared).seal
    with pytest.raises(Differs), writing(hub) as session:
        uploads.take(session, VAULT, prepared, "0" * 64, NOON)
    with writing(hub) as session:
        session.execute(PersonRow.__table__.update().where(PersonRow.code == "coord-l").values(language="en"))  # type: ignore[attr-defined]
    with pytest.raises(Differs), writing(hub) as session:
        uploads.take(session, VAULT, prepared, seal, NOON)
    assert "coord-l" not in str(shown(hub, prepared).changes)


def test_an_upload_is_sealed_ones_own_and_forgotten_after_an_hour(hub: Engine) -> None:
    with writing(hub) as session:
        upload_id = uploads.keep(session, VAULT, ADMIN, "staff", "f.csv", b"+237680000001", {}, NOON)
        assert b"237680000001" not in session.scalars(select(UploadRow.sealed)).one()
        assert uploads.find(session, VAULT, upload_id, OTHER) is None
        assert uploads.find(session, VAULT, upload_id, ADMIN)
        uploads.keep(session, VAULT, ADMIN, "staff", "g.csv", b"", {}, NOON + timedelta(minutes=61))
    with Session(hub) as session:
        assert session.scalars(select(UploadRow.name)).all() == ["g.csv"]
