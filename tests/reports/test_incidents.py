"""What is published of incidents reproduces the counts of the golden day; what is known of each beside."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from hub.database import reading, writing
from hub.election import configuration
from hub.election.frame import StationEntry
from hub.models import IncidentRow, JournalRow, PersonRow, StationRow
from hub.reports import incidents
from hub.reports.incidents import Complaint

KYRGYZSTAN = Path(__file__).parent.parent.parent / "config" / "kyrgyzstan-2021"
NOW = datetime(2021, 11, 29, 8, 0, tzinfo=UTC)


@pytest.fixture
def day(engine: Engine) -> list[dict[str, str]]:
    """The incidents of the golden day, stored."""
    lines = (KYRGYZSTAN / "day" / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    told = [message for message in map(json.loads, lines) if message["form"] == "INC"]
    loaded = configuration.load(KYRGYZSTAN)
    severity = {category.code: category.severity for category in loaded.election.checklist.categories}
    frame = {station.code: station for station in loaded.stations}
    with writing(engine) as session:
        person = session.scalar(
            insert(PersonRow).values(code="M1", role="mobile", language="ru", region="").returning(PersonRow.id)
        )
        for number, message in enumerate(told, 1):
            station = frame[message["station"]]
            message["region"] = station.region
            session.execute(insert(JournalRow).values(**_entry(number, message["text"])))
            incidents.record(
                session,
                journal_id=number,
                person_id=person or 0,
                station_id=_station(session, station),
                category=message["category"],
                severity=severity[message["category"]],
                description=message["text"],
                reported_at=datetime.fromisoformat(message["at"]),
            )
    return told


def test_the_published_tables_are_those_of_the_golden_day(engine: Engine, day: list[dict[str, str]]) -> None:
    with writing(engine) as session:
        numbers = session.scalars(select(IncidentRow.id)).all()
        assert incidents.published(session).total == 0
        incidents.publish(session, numbers, NOW)
        incidents.about(session, numbers[0], "candidate", "in district 5")
        tables = incidents.published(session)
    assert tables.total == len(day) == 73
    assert tables.by_category == Counter(message["category"] for message in day)
    assert tables.by_region == Counter(message["region"] for message in day)
    assert tables.by_subject == {"candidate": 1, "unknown": 72}
    assert tables.by_region_and_category == Counter((message["region"], message["category"]) for message in day)


def test_an_incident_is_verified_related_tied_to_an_answer_and_complained_about(
    engine: Engine, day: list[dict[str, str]]
) -> None:
    with writing(engine) as session:
        incidents.verify(session, 1, True)
        incidents.answers(session, 1, "OPN.A")
        incidents.complain(session, 1, Complaint("17/21", "district commission", "refused"))
        for pair in ((3, 1), (1, 3), (2, 1), (1, 1)):
            incidents.relate(session, *pair)
        incidents.publish(session, [1, 2], NOW)
        incidents.withdraw(session, [2])
    with reading(engine) as session:
        first = session.get_one(IncidentRow, 1)
        assert (first.verified, first.question, first.published_at) == (True, "OPN.A", NOW)
        assert first.complaint == {"number": "17/21", "where": "district commission", "result": "refused"}
        assert incidents.related(session, 1) == [2, 3]
        assert incidents.published(session, IncidentRow.verified.is_(True)).total == 1


def _entry(number: int, text: str) -> dict[str, object]:
    sealed = {"sender_digest": b"d", "sender_sealed": b"s", "raw_sealed": b"r", "dedup": number.to_bytes(4)}
    road = {"gateway": "telegram", "channel": "telegram", "kind": "text", "provider_id": str(number), "context": {}}
    return {"id": number, "text": text, "received_at": NOW, **sealed, **road}


def _station(session: Session, station: StationEntry) -> int:
    known = session.scalar(select(StationRow.id).where(StationRow.code == station.code))
    if known:
        return known
    values = {name: getattr(station, name) for name in ("code", "stratum", "region", "district", "voters", "sampled")}
    return session.execute(insert(StationRow).values(**values).returning(StationRow.id)).scalar_one()
