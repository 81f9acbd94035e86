"""The database is away, or the disk is full, for real processes: what is acknowledged is kept, and nothing else is."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from bots.emulated.signing import signed_form
from hub.database import reading
from hub.models import JournalRow, SubmissionRow
from tests.faults.place import A1, Place, answers, count, free_port, until
from tests.faults.test_database_away import allow
from tests.faults.test_inbound_and_processes import counted, nothing_waits
from tests.faults.test_side_by_side import heard
from tests.journeys.town import PUBLIC, SID, TOKEN

TWILIO_WAITS = 15  # seconds
NO_LIMITS = {"HUB_REPLIES_PER_NUMBER": "100000", "HUB_NUMBER_RATE": "1000", "HUB_SEND_RATE": "1000"}


@pytest.mark.slow
def test_row_24_what_comes_while_the_database_is_away_is_acknowledged_in_time_and_drained_in_order(
    either: Place,
) -> None:
    """The process that took it is killed before the database is back; another one finds it on the disk."""
    at = either.at(0)
    with either.process("work", **at):
        with ExitStack() as meanwhile, either.web(**at) as web:
            assert comes(web, 0) == 200
            until(lambda: count(either.engine, JournalRow.id) == 1)
            meanwhile.enter_context(away(either))
            assert [comes(web, number) for number in (1, 2, 3, 4, 5, 5)] == [200] * 6
            assert "6 batches of messages wait on this disk" in web.get("/readyz", timeout=TWILIO_WAITS).text
        with either.web(**at) as web:
            until(lambda: count(either.engine, JournalRow.id) == 6)
            assert comes(web, 6) == 200
            until(lambda: count(either.engine, SubmissionRow.journal_id) == 7 and nothing_waits(either))
            assert "wait on this disk" not in web.get("/readyz").text
    assert journal(either) == [f"SM{number}" for number in range(7)]
    assert heard(either) == {A1: 7}


@pytest.mark.slow
def test_row_25_with_the_disk_full_nothing_is_acknowledged_that_is_not_kept_and_all_goes_on_when_there_is_room(
    either: Place,
) -> None:
    at, port = NO_LIMITS | either.at(0), free_port()
    with either.process("serve", "--port", str(port), **at) as serve, either.process("work", **at) as work:
        until(lambda: answers(port))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as web:
            assert comes(web, 0) == 200
            with full(either, serve.pid, work.pid):
                kept = 1
                while (answer := comes(web, kept)) == 200:
                    kept += 1
            assert answer == 503
            assert counted(web, "twilio", "store_failed") == 1  # of which there is an alarm
            assert comes(web, kept) == 200
            until(lambda: count(either.engine, SubmissionRow.journal_id) == kept + 1 and nothing_waits(either))
    assert journal(either) == [f"SM{number}" for number in range(kept + 1)]
    assert heard(either) == {A1: kept + 1}


def comes(web: httpx.Client, number: int) -> int:
    """What Twilio is answered in the time it waits."""
    form = {"MessageSid": f"SM{number}", "AccountSid": SID, "From": A1, "To": "+15005550006"}
    form["Body"] = f"SET H07{number % 60:02d} M1 A1"
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form)
    return web.post("/sms/twilio", content=body, headers=headers, timeout=TWILIO_WAITS).status_code


def journal(place: Place) -> list[str]:
    with reading(place.engine) as session:
        return list(session.scalars(select(JournalRow.provider_id).order_by(JournalRow.id)))


@contextmanager
def away(place: Place) -> Iterator[None]:
    """SQLite's file is held by somebody else; PostgreSQL ends its connections and takes no more."""
    if is_sqlite(place):
        with place.engine.connect() as other:
            other.execute(text("DELETE FROM cursor WHERE name IS NULL"))  # whoever changes something has the lock
            yield
            other.rollback()
        return
    url = place.environment["HUB_DATABASE_URL"]
    allow(url, "false")
    try:
        yield
    finally:
        allow(url, "true")


@contextmanager
def full(place: Place, *pids: int) -> Iterator[None]:
    """Processes can make no file longer: SQLite's neither. PostgreSQL has another disk, and is away besides."""
    with ExitStack() as besides:
        if not is_sqlite(place):
            besides.enter_context(away(place))
        for pid in pids:
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
        yield
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def is_sqlite(place: Place) -> bool:
    return make_url(place.environment["HUB_DATABASE_URL"]).get_backend_name() == "sqlite"
