"""Alerts over real processes that are killed, and through a burst: nothing is lost, and all are pushed in time."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from bots.emulated.faults import Fault
from hub.database import reading, writing
from hub.models import (
    AlertRow,
    AlertStepRow,
    ContactRow,
    JournalRow,
    OutboxRow,
    PersonRow,
    SubmissionRow,
)
from hub.vault import Vault
from tests.faults.place import (
    A1,
    A1_TELEGRAM,
    COORDINATOR,
    COORDINATOR_PHONE,
    LAWYER,
    OFFICE,
    OTHER_COORDINATOR,
    SECRET_KEY,
    Place,
    a_minute_later,
    answers,
    count,
    free_port,
    texted,
    until,
)
from tests.journeys.town import SECRET


@pytest.mark.torture
def test_row_27_a_worker_killed_at_each_step_loses_nothing_and_repeats_at_most_one_page(place: Place) -> None:
    clock = place.at(0)
    place.does(A1_TELEGRAM, text="SET H0715 M1 A0")
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
    clock = place.at(0)
    with place.process("serve", "--port", str(free_port()), **clock):
        with place.process("work", **clock) as killed:
            place.does(A1_TELEGRAM, text="SET H0715 M1 A0")
            until(lambda: place.paged()[COORDINATOR] == 1)
            killed.send_signal(signal.SIGKILL)
        place.at(3)
        until(lambda: place.paged()[LAWYER] == 1)
        with reading(place.engine) as session:
            assert "hub:worker" in session.scalars(select(AlertRow.topic)).all()
        until(lambda: any(str(it.get("chat_id")) == OFFICE for it in place.bot_api.sent))


@pytest.mark.slow
def test_row_31_nobody_answers_and_it_goes_up_and_who_answers_and_does_nothing_is_reminded_and_relieved(
    place: Place,
) -> None:
    clock = place.at(0)
    with place.process("work", **clock):
        place.does(A1_TELEGRAM, text="SET H0715 M1 A0")
        told = Counter([COORDINATOR])
        steps: tuple[tuple[int, list[str]], ...] = (
            (0, []),
            (3, [COORDINATOR_PHONE, LAWYER]),
            (6, [OTHER_COORDINATOR]),
            (10, [OFFICE]),
        )
        for minutes, more in steps:
            place.at(minutes)
            told.update(more)
            until(lambda: place.paged() == told)
        place.does(int(COORDINATOR), data="ACK 1")
        until(lambda: state(place) == "acknowledged")
        place.at(10 + 15)
        until(lambda: place.paged() == told + Counter([COORDINATOR]))
        place.at(10 + 30)
        until(lambda: state(place) == "raised" and place.paged()[COORDINATOR] == 3)
        place.at(10 + 30 + 3)
        until(lambda: place.paged()[LAWYER] == 2)


def state(place: Place) -> str:
    with reading(place.engine) as session:
        return session.scalars(select(AlertRow.state)).one()


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
        # The client outlives the phones: what is on its way when the minute ends is to arrive.
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client, ThreadPoolExecutor(16) as phones:
            texting = []
            for number in range(3050):
                time.sleep(max(0.0, began + number * 60 / 3050 - time.time()))
                texting.append(phones.submit(text, client, number))
            for each in texting:
                each.result()
        until(lambda: count(place.engine, SubmissionRow.journal_id) == 3050)
        until(lambda: len(list(first_pushes(place))) == 50)
    waits = sorted(first_pushes(place))
    with capsys.disabled():
        print(f"\n50 criticals among 3,000: median {waits[len(waits) // 2]:.1f} s, longest {waits[-1]:.1f} s")
    assert count(place.engine, AlertRow.id, AlertRow.severity == 1, AlertRow.topic == "sos") == 50
    assert waits[-1] < 10


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
    texted(client, sender, said, f"SM{number}")


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
