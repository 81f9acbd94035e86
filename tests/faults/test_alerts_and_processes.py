"""Alerts over real processes that are killed, and through a burst: nothing is lost, and all are pushed in time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, func, select, update

from bots.emulated.bot_api import BotApi
from bots.emulated.faults import Fault
from bots.emulated.server import running
from bots.emulated.signing import signed_form
from bots.emulated.twilio_api import TwilioApi
from hub.database import open_engine, reading, writing
from hub.models import (
    AlertRow,
    AlertStepRow,
    ContactRow,
    CursorRow,
    ElectionRow,
    JournalRow,
    OutboxRow,
    PersonRow,
    SubmissionRow,
)
from hub.settings import Settings
from hub.vault import Vault
from tests.journeys.town import BOT, MORNING, PUBLIC, SECRET, SID, TOKEN, load

SECRET_KEY = "s" * 40
PATIENCE = 120  # seconds
A1_TELEGRAM, A1 = 8100001, "+237670000001"
COORDINATOR, OTHER_COORDINATOR, OFFICE = "8200001", "8200002", "8200005"
COORDINATOR_PHONE, LAWYER = "+237680000001", "+237680000003"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Place:
    """One database, two emulated providers, a clock in a file, and the environment of the processes around them."""

    engine: Engine
    bot_api: BotApi
    twilio: TwilioApi
    clock: Path
    environment: dict[str, str]

    def at(self, minutes: float) -> None:
        part = self.clock.with_suffix(".part")
        part.write_text((MORNING + timedelta(minutes=minutes)).isoformat())
        os.replace(part, self.clock)

    @contextmanager
    def process(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = os.environ | self.environment | more
        process = subprocess.Popen([sys.executable, "-m", "hub", *arguments], env=environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def paged(self) -> Counter[str]:
        """How often each address got the page of alert 1; edits are none."""
        pushed = [it for it in self.bot_api.sent if it["method"] == "sendMessage"]
        told = [(str(it["chat_id"]), str(it["text"])) for it in pushed]
        told += [(str(it["to"]), str(it["body"])) for it in self.twilio.sent]
        return Counter(address for address, text in told if text.startswith(("ALERTE 1,", "ALERT 1,")))


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Place]:
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    url = f"sqlite:///{tmp_path}/hub.db"
    engine = open_engine(url)
    load(engine, Settings(secret_key=SecretStr(SECRET_KEY)), [MORNING])
    watch_no_silence(engine)
    bot_api, twilio = BotApi(BOT), TwilioApi(SID, TOKEN, callbacks=False)
    with running(bot_api, twilio) as providers:
        environment = {
            "HUB_DATABASE_URL": url,
            "HUB_PUBLIC_URL": PUBLIC,
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_TELEGRAM_TOKEN": BOT,
            "HUB_TELEGRAM_API_URL": providers,
            "HUB_TWILIO_ACCOUNT_SID": SID,
            "HUB_TWILIO_AUTH_TOKEN": TOKEN,
            "HUB_TWILIO_FROM": "+15005550006",
            "HUB_TWILIO_API_URL": providers,
            "HUB_SPOOL_DIR": str(tmp_path / "spool"),
        }
        yield Place(engine, bot_api, twilio, tmp_path / "clock", environment)
    engine.dispose()


@pytest.mark.torture
def test_row_27_a_worker_killed_at_each_step_loses_nothing_and_repeats_at_most_one_page(place: Place) -> None:
    clock = {"HUB_REHEARSAL_CLOCK": str(place.clock)}
    place.at(0)
    deed = {"from": A1_TELEGRAM, "text": "SET H0715 M1 A0"}
    httpx.post(f"{place.environment['HUB_TELEGRAM_API_URL']}/control/update", json=deed).raise_for_status()
    with place.process("work", **clock) as killed:
        until(lambda: count(place.engine, JournalRow.id) == 1)
        killed.send_signal(signal.SIGKILL)
    # In the middle of a send: the provider has taken it, and does not say so yet.
    steps = ((0, COORDINATOR), (3, LAWYER), (6, OTHER_COORDINATOR), (10, OFFICE))
    for minutes, address in steps:
        a_minute_later(place.engine)
        place.at(minutes)
        for api in (place.bot_api, place.twilio):
            api.faults.order(Fault(kind="late", to=address, seconds=2))
        with place.process("work", **clock) as killed:
            until(lambda address=address: place.paged()[address] > 0)  # type: ignore[misc]
            killed.send_signal(signal.SIGKILL)
    a_minute_later(place.engine)
    with place.process("work", **clock):
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.state.in_(("pending", "sending"))) == 0)
    assert place.paged().keys() == {COORDINATOR, COORDINATOR_PHONE, LAWYER, OTHER_COORDINATOR, OFFICE}
    assert max(place.paged().values()) <= 2
    assert count(place.engine, AlertRow.id) == count(place.engine, SubmissionRow.journal_id) == 1
    assert count(place.engine, AlertStepRow.id, AlertStepRow.outcome == "sent") == 5


@pytest.mark.torture
def test_row_32_another_process_notices_that_the_scheduler_was_killed_and_takes_its_steps(place: Place) -> None:
    clock = {"HUB_REHEARSAL_CLOCK": str(place.clock)}
    place.at(0)
    with place.process("serve", "--port", str(free_port()), **clock):
        with place.process("work", **clock) as killed:
            deed = {"from": A1_TELEGRAM, "text": "SET H0715 M1 A0"}
            httpx.post(f"{place.environment['HUB_TELEGRAM_API_URL']}/control/update", json=deed).raise_for_status()
            until(lambda: place.paged()[COORDINATOR] == 1)
            killed.send_signal(signal.SIGKILL)
        place.at(3)
        until(lambda: place.paged()[LAWYER] == 1)
        with reading(place.engine) as session:
            assert "hub:worker" in session.scalars(select(AlertRow.topic)).all()
        until(lambda: any(str(it.get("chat_id")) == OFFICE for it in place.bot_api.sent))


@pytest.mark.torture
def test_row_29_of_50_criticals_in_a_minute_among_3000_reports_each_is_pushed_within_ten_seconds(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doors, worker and providers are real processes and sockets; the pages to one person over `quiet` go as a list."""
    register(place, 50)
    port = free_port()
    web = place.process("serve", "--port", str(port), HUB_TELEGRAM_WEBHOOK_SECRET=SECRET)
    with web, place.process("work", HUB_TELEGRAM_WEBHOOK_SECRET=SECRET, HUB_REPLIES_PER_NUMBER="100000"):
        until(lambda: answers(port))
        began = time.time()
        with ThreadPoolExecutor(16) as phones, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for number in range(3050):
                time.sleep(max(0.0, began + number * 60 / 3050 - time.time()))
                phones.submit(text, client, number)
        until(lambda: count(place.engine, SubmissionRow.journal_id) == 3050)
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.priority == 0, OutboxRow.state == "pending") == 0)
    waits = sorted(first_pushes(place))
    with capsys.disabled():
        print(f"\n50 criticals among 3,000: median {waits[len(waits) // 2]:.1f} s, longest {waits[-1]:.1f} s")
    assert count(place.engine, AlertRow.id, AlertRow.severity == 1, AlertRow.topic == "sos") == 50
    assert len(waits) == 50
    assert waits[-1] < 10


def watch_no_silence(engine: Engine) -> None:
    """What is not texted here is not to be missed."""
    with writing(engine) as session:
        row = session.scalars(select(ElectionRow)).one()
        row.definition = row.definition | {"alerting": row.definition["alerting"] | {"silence": []}}


def register(place: Place, people: int) -> None:
    """Mobile observers of two regions, each with a telephone."""
    vault = Vault(SECRET_KEY)
    with writing(place.engine) as session:
        for number in range(people):
            region = ("Littoral", "Montagne")[number % 2]
            person = PersonRow(code=f"M{number}", role="mobile", language="fr", region=region)
            session.add(person)
            session.flush()
            phone = telephone(number)
            digest, sealed = vault.digest("phone", phone), vault.seal(phone.encode())
            session.add(ContactRow(person_id=person.id, kind="phone", digest=digest, sealed=sealed, hint=phone[-3:]))


def telephone(number: int) -> str:
    return f"+2376790{number:05d}"


def text(client: httpx.Client, number: int) -> None:
    """Every 61st calls for help, each from a phone of its own; the others report."""
    critical = number % 61 == 0
    sender = telephone(number // 61) if critical else A1
    said = f"SOS {number}" if critical else f"SET H0715 M1 A1 W{number % 900}"
    form = {"MessageSid": f"SM{number}", "AccountSid": SID, "From": sender, "To": "+15005550006", "Body": said}
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form)
    client.post("/sms/twilio", content=body, headers=headers).raise_for_status()


def first_pushes(place: Place) -> Iterator[float]:
    """Seconds from an alert's report until somebody had it on their phone, alone or in a list; for each alert."""
    with reading(place.engine) as session:
        raised = {
            alert: at.timestamp()
            for alert, at in session.execute(select(AlertRow.id, AlertRow.raised_at).where(AlertRow.topic == "sos"))
        }
    for number, at in raised.items():
        told = (it["at"] for it in place.bot_api.sent if names(str(it.get("text", "")), number))
        if first := min(told, default=None):
            yield first - at


def names(text: str, number: int) -> bool:
    """Is this a page of the alert, or a list with it?"""
    head = text.partition("\n")[0]
    if head.startswith(("ALERTE", "ALERT")):
        return f" {number}," in head
    return " alert" in head and str(number) in head.partition(":")[2].replace(",", "").split()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def a_minute_later(engine: Engine) -> None:
    """What a killed process had claimed or led is free again, as it is when its time has run out."""
    with writing(engine) as session:
        session.execute(update(OutboxRow).where(OutboxRow.state == "sending").values(lease_until=LONG_AGO))
        session.execute(update(CursorRow).values(held_until=LONG_AGO))


def count(engine: Engine, column: object, *conditions: object) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count(column)).where(*conditions)) or 0  # type: ignore[arg-type]


def until(done: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < PATIENCE, "it never came to be"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
