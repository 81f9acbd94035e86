"""A large election's figures while messages come in: what a refresh of the day's page and of all tables costs.

Everything is invented from a seed: drawn stations in strata, questions on forms, the stations' records, and the
messages behind them, in one database that is then filled with ten times the messages.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, func, insert, select, update

from hub.analysis.kept import Kept
from hub.bench import stage
from hub.bench.stage import processor_time
from hub.database import migrate, open_engine, parts, reading, writing
from hub.election.definition import Election
from hub.models import JournalRow, StationRecordRow, StationRow, SubmissionRow

out = Console()
OPENING = datetime(2030, 1, 1, 6, tzinfo=UTC)
STRATA, OPTIONS, TOTALS = 10, 3, ("K", "T", "R", "B")
PART = 5_000  # rows of one statement


@dataclass(frozen=True, slots=True)
class Size:
    """`questions` of the whole checklist, on `forms` of equal length; `fresh`: records that change before a refresh."""

    stations: int = 10_000
    questions: int = 200
    forms: int = 8
    fresh: int = 100


@dataclass(frozen=True, slots=True)
class Refresh:
    """Seconds of this process's processor time, with so many messages stored; `read`: records, at each refresh."""

    messages: int
    day: float
    tables: float
    read: int


def run(size: Size, *, stores: tuple[str, ...], rounds: int) -> None:
    for kind in stores:
        with stage.open_store(kind) as store:
            engine = open_engine(store.database("figures"))
            migrate(engine)
            table = Table(title=f"{kind}: {size.stations:,} stations, {size.questions} questions; seconds of processor")
            for heading in ("messages stored", "day's page", "all tables", "records read"):
                table.add_column(heading, justify="right")
            for it in measure(engine, size, rounds):
                table.add_row(f"{it.messages:,}", f"{it.day:.2f}", f"{it.tables:.2f}", f"{it.read:,}")
            engine.dispose()
        out.print(table)


def measure(engine: Engine, size: Size, rounds: int = 3) -> Iterator[Refresh]:
    """The first look, then the middle one of some refreshes with one message a record, then with ten; on an empty
    database."""
    fill(engine, size)
    kept, chance = Kept(election(size)), random.Random(2)  # noqa: S311 - nothing is secret here
    records = size.stations * size.forms
    yield _timed(engine, kept)
    for messages in (records, 10 * records):
        store_messages(engine, size, messages)
        refreshes = [_refreshed(engine, kept, size, chance) for _ in range(rounds)]
        yield sorted(refreshes, key=lambda it: it.day + it.tables)[rounds // 2]


def election(size: Size) -> Election:
    """A country with nothing but questions; the first form also counts voters and votes."""
    asked = size.questions // size.forms
    forms = [_form(at, asked) for at in range(size.forms)]
    return Election.model_validate(
        {
            "key": "large",
            "name": {"en": "Large"},
            "country": "NZ",
            "timezone": "UTC",
            "default_language": "en",
            "replies": {},
            "alerting": {},
            "checklist": {
                "languages": ["en"],
                "commands": {"help": ["help"], "status": ["status"], "ack": ["ack"], "done": ["done"]},
                "station": {"lengths": [5]},
                "forms": forms,
            },
            "analysis": {
                "turnout": [{"name": "turnout", "votes": "FA.T", "registered": "FA.K"}],
                "shares": [{"name": "votes", "total": "FA.T", "parts": {"Red": "FA.R", "Blue": "FA.B"}}],
            },
        }
    )


def fill(engine: Engine, size: Size) -> None:
    """The frame, all of it drawn, and a record of every station on every form."""
    chance, asked = random.Random(1), election(size)  # noqa: S311 - nothing is secret here
    with writing(engine) as session:
        for part in parts((_station(at) for at in range(size.stations)), PART):
            session.execute(insert(StationRow), part)
        for part in parts(_records(asked, size, chance), PART):
            session.execute(insert(StationRecordRow), part)


def store_messages(engine: Engine, size: Size, until: int) -> None:
    """Messages and what was made of them, until so many are stored."""
    with writing(engine) as session:
        stored = session.scalar(select(func.max(JournalRow.id))) or 0
        for ids in parts(range(stored + 1, until + 1), PART):
            session.execute(insert(JournalRow), [_message(id) for id in ids])
            session.execute(insert(SubmissionRow), [_submission(id, size) for id in ids])


def _refreshed(engine: Engine, kept: Kept, size: Size, chance: random.Random) -> Refresh:
    form = _code(chance.randrange(size.forms))
    with writing(engine) as session:
        now = session.scalars(select(func.max(StationRecordRow.updated_at))).one() + timedelta(minutes=5)
        for station in chance.sample(range(1, size.stations + 1), size.fresh):
            mine = (StationRecordRow.station_id == station, StationRecordRow.form == form)
            answers = session.scalars(select(StationRecordRow.answers).where(*mine)).one()
            changed = answers | {"A": str(chance.randint(1, OPTIONS))}
            session.execute(update(StationRecordRow).where(*mine).values(answers=changed, updated_at=now))
    return _timed(engine, kept)


def _timed(engine: Engine, kept: Kept) -> Refresh:
    with reading(engine) as session:
        messages = session.scalar(select(func.count()).select_from(JournalRow)) or 0
        day = processor_time(lambda: kept.coverage(session, OPENING + timedelta(hours=12)))
        read = kept.read
        return Refresh(messages, day, processor_time(lambda: kept.look(session)), read)


def _code(form: int) -> str:
    return f"F{chr(ord('A') + form)}"


def _form(at: int, asked: int) -> dict[str, Any]:
    options = [{"code": str(code), "text": {"en": str(code)}} for code in range(1, OPTIONS + 1)]
    totals = [{"code": code, "type": "integer", "text": {"en": code}} for code in TOTALS] if at == 0 else []
    closed = [{"code": code, "type": "choice", "text": {"en": code}, "options": options} for code in _closed(at, asked)]
    place = {"code": _code(at), "title": {"en": _code(at)}, "day": "2030-01-01", "due": f"{7 + at:02}:00"}
    return {**place, "questions": [*closed, *totals]}


def _closed(at: int, asked: int) -> list[str]:
    letters = [letter for letter in "ACDEFGHJMNPQSUVWXYZ"]
    codes = [*letters, *(f"{a}{b}" for a in letters for b in letters)]
    return codes[: asked - (len(TOTALS) if at == 0 else 0)]


def _station(at: int) -> dict[str, Any]:
    place = {"stratum": f"s{at % STRATA}", "region": f"r{at % STRATA}", "district": f"d{at % 200}"}
    return {"id": at + 1, "code": f"{10_000 + at}", **place, "voters": 1_000, "sampled": True}


def _records(asked: Election, size: Size, chance: random.Random) -> Iterator[dict[str, Any]]:
    empty: dict[str, Any] = {"conflicts": [], "decided": {}, "flags": [], "quarantined": False}
    for at, form in enumerate(asked.checklist.forms):
        closed = [question.code for question in form.questions if question.options]
        for station in range(1, size.stations + 1):
            answers = {code: str(chance.randint(1, OPTIONS)) for code in closed}
            if at == 0:
                votes = chance.randint(200, 900)
                red = chance.randint(0, votes)
                answers |= {"K": "1000", "T": f"{votes}", "R": f"{red}", "B": f"{votes - red}"}
            said = {"1": {code: [value, station] for code, value in answers.items()}}
            came = OPENING + timedelta(hours=at, seconds=chance.randint(0, 3_000))
            place = {"station_id": station, "form": form.code, "first_at": came, "updated_at": came}
            yield {**empty, **place, "answers": answers, "by_observer": said}


def _message(id: int) -> dict[str, Any]:
    sealed, told = b"\0" * 60, {"gateway": "none", "channel": "sms", "kind": "text", "provider_id": str(id)}
    return {
        **told,
        "id": id,
        "dedup": id.to_bytes(16),
        "sender_digest": (id % 20_000).to_bytes(16),
        "sender_sealed": sealed,
        "text": "FA 10000 A1",
        "context": {},
        "raw_sealed": sealed,
        "received_at": OPENING + timedelta(milliseconds=40 * id),
    }


def _submission(id: int, size: Size) -> dict[str, Any]:
    place = {"form": _code(id % size.forms), "person_id": 1, "station_id": id % size.stations + 1}
    told: dict[str, Any] = {"answers": {"A": "1"}, "problems": [], "comment": "", "settled_at": OPENING}
    return {"journal_id": id, "outcome": "accepted", **place, **told}
