"""Open data: a row for each station and observer; nobody can be told from it, and nothing in it is a formula."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.analysis import verification
from hub.database import reading, writing
from hub.models import StationRow
from hub.publication import opendata, report
from tests.console import house as houses
from tests.console.house import A1, A2, A4, House


@pytest.fixture
def house(engine: Engine) -> House:
    """Station 10001 with two observers that differ, 10004 with one."""
    houses.build(engine)
    house = houses.open_house(engine)
    house.evening()
    house.text(A2, "TAL R900 V500 YA300 YB200")
    house.text(A1, "TAL R900 V510 YA300 YB210")
    house.text(A4, "SET H0715 M1 A1")
    return house


def test_each_observer_has_a_row_and_no_name_number_or_code(house: House) -> None:
    files = told(house)
    rows = list(csv.DictReader(io.StringIO(files["observations.csv"])))
    assert [(row["station"], row["observer"], row["TAL.V"]) for row in rows if row["TAL.V"]] == [
        ("10001", "1", "500"),
        ("10001", "2", "510"),
    ]
    whole = "".join(files.values())
    assert not any(secret in whole for secret in ("A1\r", ",A1,", ",A2,", "237670", "23767"))
    with_codes = list(csv.DictReader(io.StringIO(told(house, codes=True)["observations.csv"])))
    assert [row["code"] for row in with_codes if row["station"] == "10001"] == ["A2", "A1"]


def test_the_dictionary_tells_every_column_and_option_and_no_words_of_observers_are_there(house: House) -> None:
    files = told(house)
    columns = next(csv.reader(io.StringIO(files["observations.csv"])))
    entries = list(csv.DictReader(io.StringIO(files["dictionary.csv"])))
    assert list(dict.fromkeys(entry["column"] for entry in entries)) == columns
    assert all(entry["meaning"] or entry["text_en"] for entry in entries)
    asked = {f"{form.code}.{each.code}": each.type for form, each in house.hub.election.checklist.questions()}
    assert {asked.get(column) for column in columns}.isdisjoint({"text"})
    assert set(asked) - set(columns) == {key for key, kind in asked.items() if kind == "text"}


def test_a_quarantined_value_is_left_out_and_named(house: House) -> None:
    with writing(house.hub.engine) as session:
        station = session.scalars(select(StationRow.id).where(StationRow.code == "10001")).one()
        decided = "300"
        verification.rule(
            session, "quarantined", (station, "TAL", "YA"), decided, account_id=1, reason="no", now=house.clock[0]
        )
    rows = list(csv.DictReader(io.StringIO(told(house)["observations.csv"])))
    assert {(row["TAL.YA"], row["quarantined"]) for row in rows if row["station"] == "10001"} == {("", "TAL.YA")}


def test_the_reports_facts_come_from_the_day(house: House) -> None:
    with Session(house.hub.engine) as session:
        facts = report.gather(session, house.hub.election, house.clock[0])
    assert sum(each.stations for each in facts.posts) == 2
    assert [(layer.drawn, layer.reported) for layer in facts.layers if layer.drawn] != []
    for language in ("en", "ru"):
        document = report.report(facts, house.hub.election, language)
        assert len(document.blocks) > 15


def told(house: House, *, codes: bool = False) -> dict[str, str]:
    with reading(house.hub.engine) as session:
        made = opendata.files(session, house.hub.election, codes=codes)
    return {name: content.decode("utf-8-sig") for name, content in made.items()}
