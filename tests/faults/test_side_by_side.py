"""Processes and people that get in each other's way: many writers, slow senders, wrong clocks, forgers, two at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import TimeoutError as NoConnection

from bots.emulated.faults import Fault
from bots.telegram import TIMEOUT
from hub import clock
from hub.accounts import sessions
from hub.bench.crew import Crew
from hub.console import access
from hub.database import Pen, reading, writing
from hub.models import AccountRow, AuditRow, OutboxRow, StationRecordRow, SubmissionRow, WorkItemRow
from tests.console.house import OWN
from tests.faults.place import A1, A1_TELEGRAM, A2, Place, a_minute_later, answers, count, free_port, texted, until
from tests.journeys.town import MORNING

STRANGER = "+237699999999"
MESSAGES = 200


@pytest.mark.slow
def test_row_26_of_eight_processes_that_write_to_sqlite_none_is_told_that_it_is_locked(
    place: Place, tmp_path: Path
) -> None:
    log, ports = tmp_path / "log", [free_port() for _ in range(4)]
    crew = Crew(place.environment | place.at(0), ports, 4, log)
    crew.start_all()
    try:
        until(lambda: all(answers(port) for port in ports))
        with ExitStack() as opened, ThreadPoolExecutor(16) as phones:
            doors = [opened.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}")) for port in ports]
            sent = [
                phones.submit(texted, doors[n % 4], (A1, A2)[n % 2], f"SET H07{n % 60:02d} M1 A1", f"SM{n}")
                for n in range(MESSAGES)
            ]
            for each in sent:
                each.result()
        until(lambda: count(place.engine, SubmissionRow.journal_id) == MESSAGES)
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.state == "pending") == 0)
    finally:
        crew.end()
    assert "locked" not in log.read_text()


@pytest.mark.slow
def test_row_28_a_send_that_outlives_its_lease_goes_twice_at_most(place: Place) -> None:
    """A sender stands still in the middle of a send, twice over; each time its lease runs out meanwhile."""
    at = place.at(0)
    place.does(A1_TELEGRAM, text="SET H0715 M1 A1")
    with ExitStack() as stopped:
        for sends in (1, 2):
            place.bot_api.faults.order(Fault(kind="late", method="sendMessage", seconds=2))
            sender = stopped.enter_context(place.process("work", **at))
            until(lambda sends=sends: replies(place) == sends)  # type: ignore[misc]
            _stands_still(sender, place.engine)
            a_minute_later(place.engine)
        with place.process("work", **at):
            until(lambda: count(place.engine, OutboxRow.id, OutboxRow.state == "unknown") == 1)
            sender.send_signal(signal.SIGCONT)  # and now it learns that it was sent, or that it waited too long
            too_late = time.monotonic() + TIMEOUT
            until(
                lambda: count(place.engine, OutboxRow.id, OutboxRow.state == "sent") == 1 or time.monotonic() > too_late
            )
    assert replies(place) == 2


def _stands_still(process: subprocess.Popen[bytes], engine: Engine) -> None:
    """Stops it where it is, but not in a transaction of another of its threads: on SQLite nobody could write."""
    pen = Pen(f"{engine.url.database}.pen")
    while True:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        try:
            with pen.held(0):
                return
        except NoConnection:
            process.send_signal(signal.SIGCONT)


def replies(place: Place) -> int:
    return sum(it["method"] == "sendMessage" for it in place.bot_api.sent)


@pytest.mark.slow
def test_row_30_what_came_later_counts_though_it_came_to_a_machine_whose_clock_is_an_hour_behind(
    either: Place, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text((MORNING + timedelta(hours=1)).isoformat())
    right = either.at(0)
    with either.web(HUB_REHEARSAL_CLOCK=str(wrong)) as ahead, either.web(**right) as sound:
        texted(ahead, A1, "SET H0715 M1 A1", "SM1")
        texted(sound, A1, "SET H0720 M2 A1", "SM2")
        with either.process("work", **right):
            until(lambda: count(either.engine, SubmissionRow.journal_id) == 2)
    with reading(either.engine) as session:
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:20", "M": "2", "A": "1"}


@pytest.mark.slow
def test_row_33_what_a_forger_says_is_kept_apart_and_the_registered_number_hears_of_what_is_said_in_its_name(
    place: Place,
) -> None:
    """A stranger who knows a station; somebody who forges an observer's number and takes the wrong station, and who
    then takes the right one: nothing tells that one apart, but the observer gets the confirmation."""
    at = place.at(0)
    with place.web(**at) as web, place.process("work", **at):
        texted(web, STRANGER, "SET 10001 H0715 M1 A0", "SM1")
        texted(web, A1, "SET 20001 H0715 M1 A0", "SM2")
        until(lambda: count(place.engine, SubmissionRow.journal_id) == 2)
        assert count(place.engine, StationRecordRow.station_id) == 0
        with reading(place.engine) as session:
            assert session.scalars(select(WorkItemRow.kind).order_by(WorkItemRow.id)).all() == ["unknown", "message"]
        texted(web, A1, "SET 10001 H0715 M1 A1", "SM3")
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.state == "pending") == 0 and heard(place)[A1] == 2)
    with reading(place.engine) as session:
        outcomes = session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)).all()
    assert outcomes == ["rejected", "rejected", "accepted"]
    assert (A1, "SET 10001 : reçu. H07:15 M1 A1") in [(it["to"], it["body"]) for it in place.twilio.sent]


def heard(place: Place) -> Counter[str]:
    return Counter(str(it["to"]) for it in place.twilio.sent)


@pytest.mark.slow
def test_row_34_of_two_operators_at_two_web_processes_the_second_is_told_who_has_it_and_no_edit_is_lost(
    either: Place,
) -> None:
    at = either.at(0)
    with either.web(**at) as first, either.web(**at) as second:
        with either.process("work", **at):
            texted(first, A1, "SET H25 M1 A1", "SM1")
            until(lambda: count(either.engine, WorkItemRow.id) == 1)
        for name, browser in (("anna", first), ("bea", second)):
            browser.cookies.set(access.COOKIE, logged_in(either, name))
            browser.headers.update(OWN)
        with ThreadPoolExecutor(2) as hands:
            pages = list(hands.map(lambda browser: browser.get("/desk/1").text, (first, second)))
        has = ["<textarea" in page for page in pages]
        assert sorted(has) == [False, True]
        winner, loser = (first, second) if has[0] else (second, first)
        assert ("anna" if has[0] else "bea") + " has this item since" in pages[has.index(False)]
        token = csrf(winner.get("/alerts").text), csrf(loser.get("/alerts").text)
        refused = loser.post("/desk/1/save", data={"text": "SET H0730 M1 A1", "csrf": token[1]})
        saved = winner.post("/desk/1/save", data={"text": "SET H0725 M1 A1", "csrf": token[0]})
    assert (refused.status_code, saved.status_code) == (409, 303)
    assert "SET H0730 M1 A1</textarea>" in refused.text
    with reading(either.engine) as session:
        assert session.scalars(select(StationRecordRow.answers)).one()["H"] == "07:25"
        [lost] = session.scalars(select(AuditRow).where(AuditRow.action == "save_refused"))
        assert lost.after["text"] == "SET H0730 M1 A1"


def logged_in(place: Place, name: str) -> str:
    with writing(place.engine) as session:
        account = AccountRow(name=name, role="operator", region="", language="en", password_hash="-")
        account.totp_secret = b"sealed"
        session.add(account)
        session.flush()
        return sessions.begin(session, account.id, "127.0.0.1", clock.system(), proved=True)


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.slow
def test_row_35_two_observers_of_one_station_report_at_once_to_two_workers_and_both_are_stored(either: Place) -> None:
    at = either.at(0)
    with either.web(**at) as web, either.process("work", **at), either.process("work", **at):
        with ThreadPoolExecutor(8) as phones:
            sent = [
                phones.submit(texted, web, sender, f"SET H07{n:02d} M1 A1", f"SM{sender}{n}")
                for n in range(20)
                for sender in (A1, A2)
            ]
            for each in sent:
                each.result()
        until(lambda: count(either.engine, SubmissionRow.journal_id) == 40)
    with reading(either.engine) as session:
        by = session.execute(select(SubmissionRow.person_id, SubmissionRow.outcome)).all()
        record = session.scalars(select(StationRecordRow)).one()
    assert sorted(Counter(by).values()) == [20, 20]
    assert {outcome for _, outcome in by} == {"accepted"}
    assert (record.answers["M"], record.answers["A"]) == ("1", "1")
