"""The golden day as station records, and a small invented election with gaps in it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from hub.database import writing
from hub.election import configuration
from hub.election.definition import Election
from hub.models import StationRecordRow, StationRow

GOLDEN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"
Fill = Callable[..., None]


@pytest.fixture(scope="session")
def golden() -> Election:
    return configuration.load(GOLDEN).election


@pytest.fixture(scope="session")
def golden_frame() -> list[dict[str, str]]:
    with (GOLDEN / "stations.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def golden_expected() -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((GOLDEN / "day" / "expected.json").read_text(encoding="utf-8"))
    return expected


@pytest.fixture(scope="session")
def golden_official() -> dict[str, dict[str, str]]:
    with (GOLDEN / "day" / "official.csv").open(encoding="utf-8") as file:
        return {row.pop("station"): row for row in csv.DictReader(file)}


@pytest.fixture
def golden_day(engine: Engine, golden_frame: list[dict[str, str]], fill: Fill) -> Engine:
    """Every report of the day in the store, as the pipeline would have merged it."""
    with (GOLDEN / "day" / "messages.jsonl").open(encoding="utf-8") as file:
        messages = [json.loads(line) for line in file]
    fill(
        [(each["station"], each["stratum"], each["district"], each["sampled"] == "1") for each in golden_frame],
        [
            {
                "station": message["station"],
                "form": message["form"],
                "answers": message["answers"],
                "first_at": datetime.fromisoformat(message["at"]),
            }
            for message in messages
            if "answers" in message
        ],
    )
    return engine


@pytest.fixture
def fill(engine: Engine) -> Fill:
    """Stores stations (code, stratum, district, sampled) and records (dicts; what they leave out is empty)."""

    def _fill(stations: Sequence[tuple[str, str, str, bool]], records: Sequence[dict[str, Any]]) -> None:
        ids = {station[0]: id for id, station in enumerate(stations, start=1)}
        with writing(engine) as session:
            session.execute(insert(StationRow), [_station(ids[each[0]], *each) for each in stations])
            if records:
                session.execute(insert(StationRecordRow), [_record(ids, **each) for each in records])

    return _fill


def _station(id: int, code: str, stratum: str, district: str, sampled: bool) -> dict[str, Any]:
    place = {"stratum": stratum, "region": stratum, "district": district}
    return {"id": id, "code": code, **place, "voters": 1000, "sampled": sampled}


def _record(ids: dict[str, int], station: str, form: str, answers: dict[str, str], **others: Any) -> dict[str, Any]:
    at = others.pop("first_at", datetime(2030, 1, 1, 8, tzinfo=UTC))
    empty = {"by_observer": {}, "conflicts": [], "decided": {}, "flags": [], "quarantined": False}
    said = {"station_id": ids[station], "form": form, "answers": answers}
    return {**empty, **said, "first_at": at, "updated_at": at, **others}


@pytest.fixture(scope="session")
def small() -> Election:
    """One form asked everywhere, one domain form, a turnout and two parties; nowhere that exists."""
    return Election.model_validate(
        {
            "key": "small",
            "name": {"en": "Small"},
            "country": "NZ",
            "timezone": "UTC",
            "default_language": "en",
            "replies": {},
            "alerting": {},
            "checklist": {
                "languages": ["en"],
                "commands": {"help": ["help"], "status": ["status"], "ack": ["ack"], "done": ["done"]},
                "station": {"lengths": [1, 2]},
                "forms": [_asked_everywhere(), _asked_in_a_domain()],
            },
            "analysis": {
                "domains": ["OUT"],
                "reconciled_form": "DAY",
                "turnout": [{"name": "turnout", "votes": "DAY.T", "registered": "DAY.K"}],
                "shares": [
                    {"name": "votes", "total": "DAY.T", "parts": {"Red": "DAY.R", "Blue": "DAY.B"}, "threshold": 0.05}
                ],
            },
        }
    )


def _asked_everywhere() -> dict[str, Any]:
    numbers = [{"code": code, "type": "integer", "text": {"en": code}} for code in "KTRB"]
    rules = [
        {"name": "sum", "check": "T <= K", "message": {"en": "T over K"}, "critical": True},
        {"name": "odd", "check": "T > 0", "message": {"en": "no voters"}, "severity": "note"},
    ]
    questions = [_yes_no("A"), {**_yes_no("M"), "type": "multiple", "required": False}, *numbers]
    return {"code": "DAY", "title": {"en": "Day"}, "day": "2030-01-01", "due": "09:00", "questions": questions} | {
        "rules": rules
    }


def _asked_in_a_domain() -> dict[str, Any]:
    return {"code": "OUT", "title": {"en": "Out"}, "day": "2030-01-01", "due": "10:00", "questions": [_yes_no("A")]}


def _yes_no(code: str) -> dict[str, Any]:
    options = [{"code": "1", "text": {"en": "yes"}}, {"code": "2", "text": {"en": "no"}}]
    return {"code": code, "type": "choice", "text": {"en": code}, "options": options}
