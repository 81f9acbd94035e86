"""Thousands of messages from numbers that nobody registered: observers are read before them, in their own order."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from bots.gateway import InboundMessage
from hub.database import reading, writing
from hub.intake import blocks, identifying, journal, pipeline
from hub.models import (
    AccountRow,
    AssignmentRow,
    ContactRow,
    JournalRow,
    OutboxRow,
    PersonRow,
    StationRecordRow,
    StationRow,
    SubmissionRow,
    WorkItemRow,
)
from tests.console.house import A1, A2, House, build, open_house

FLOOD, BATCH = 5_000, 200


def test_a_flood_of_strangers_delays_no_registered_observer(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    _arrive(house, [(f"+2376990{number:05}", "vote for nobody") for number in range(FLOOD)])
    reports = [(A1, "SET H0715 M1 A1"), (A2, "SET H0715 M1 A1"), (A1, "SET H0720 M1 A1")]
    ids = _arrive(house, reports)
    with reading(engine) as session:
        first = [entry.id for entry in journal.waiting(session, house.hub.timer(), BATCH)]
    assert first[: len(ids)] == ids  # in their own order, before 5,000 that came earlier
    assert len(first) == BATCH  # and the strangers have the rest
    pipeline.settle_batch(house.hub, BATCH)
    with Session(engine) as session:
        read = select(SubmissionRow.outcome).where(SubmissionRow.journal_id.in_(ids)).order_by(SubmissionRow.journal_id)
        assert list(session.scalars(read)) == ["accepted", "accepted", "accepted"]


def test_a_stranger_is_read_though_observers_never_pause(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    stranger = _arrive(house, [("+237699000001", "/start")] * 3)
    _arrive(house, [(A1, "STATUS")] * 100)
    with reading(engine) as session:
        taken = [entry.id for entry in journal.waiting(session, house.hub.timer(), 20)]
    assert stranger[:2] == taken[-2:]
    assert len(taken) == 20


def test_in_an_attack_every_observer_is_settled_first_and_the_desk_gets_one_item_a_block(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    heard = house.hub.settings.strangers_per_block = 3
    observers = _observers(house, 20)
    _arrive(house, [(f"+23769{number % 4}000{number:04}", "SET 10001 H0715 M1 A1") for number in range(FLOOD)])
    ids = _arrive(house, [(number, "SET H0715 M1 A1") for number in observers])
    pipeline.settle_batch(house.hub, BATCH)
    with Session(engine) as session:
        first = session.scalars(select(SubmissionRow.outcome).where(SubmissionRow.journal_id.in_(ids))).all()
        assert list(first) == ["accepted"] * len(observers)
    while pipeline.settle_batch(house.hub, 1_000):
        pass
    with Session(engine) as session:
        items = session.scalars(select(WorkItemRow)).all()
        assert sum("flood" in item.detail for item in items) == 4  # one a block
        assert len(items) == 4 * (heard + 1)
        answered = select(func.count()).select_from(OutboxRow).where(OutboxRow.journal_id.in_(ids))
        assert session.scalar(answered) == len(observers)
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == len(observers) + 4 * heard
        assert session.scalar(select(func.count()).select_from(JournalRow)) == FLOOD + len(observers)  # all is kept
        assert journal.unread(session) == 0


def test_a_registered_number_in_the_block_of_a_flood_is_heard_and_answered(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    house.hub.settings.strangers_per_block = 1
    for number in range(4):
        house.text(f"+23767000990{number}", "vote for nobody")
    [observer] = _observers(house, 1, "+23767000991{}")
    house.text(observer, "SET H0715 M1 A1")
    assert _outcomes(engine) == ["rejected", "ignored", "ignored", "ignored", "accepted"]
    assert _items(engine) == [("unknown", False), ("unknown", True)]


def test_a_block_is_heard_again_when_its_hour_is_over_and_another_one_all_the_time(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    house.hub.settings.strangers_per_block = 1
    for number in ("+237699000001", "+237699000002", "+237698000001"):
        house.text(number, "hello")
    house.clock[0] += blocks.WINDOW
    house.text("+237699000002", "hello")
    assert _outcomes(engine) == ["rejected", "ignored", "rejected", "rejected"]


def test_an_observer_who_is_named_by_the_desk_is_heard_with_what_was_kept_in_the_flood(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    house.hub.settings.strangers_per_block = 0
    for words in ("SET 10001 H0715 M1 A1", "SET 10001 H0720"):
        house.text("+237699000001", words)
    with Session(engine) as session:
        person = session.scalars(select(PersonRow.id).where(PersonRow.code == "A1")).one()
        operator = session.scalars(select(AccountRow.id).where(AccountRow.name == "operator-1")).one()
    with writing(engine) as session:
        identifying.identify(
            session,
            house.hub,
            item_id=house.item("unknown"),
            person_id=person,
            account_id=operator,
            now=house.clock[0],
        )
    assert _outcomes(engine) == ["ignored", "ignored", "accepted", "accepted"]
    with Session(engine) as session:
        answers = session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == "SET")).one()
        assert answers["H"] == "07:20"


async def test_the_desk_is_told_what_the_one_item_stands_for(engine: Engine) -> None:
    build(engine)
    house = open_house(engine)
    house.hub.settings.strangers_per_block = 0
    house.text("+237699000001", "hello")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item('unknown')}")).text
    assert "Strangers with numbers next to this one" in page


def _observers(house: House, count: int, numbers: str = "+2376701{:05}") -> list[str]:
    """The numbers of new observers, all at one station."""
    made = []
    with writing(house.hub.engine) as session:
        station = session.scalars(select(StationRow.id).where(StationRow.code == "10004")).one()
        for each in range(count):
            number = numbers.format(each)
            person = PersonRow(code=f"F{each}", role="observer", language="fr")
            session.add(person)
            session.flush()
            vault = house.hub.vault
            digest, sealed = vault.digest("phone", number), vault.seal(number.encode())
            session.add(ContactRow(person_id=person.id, kind="phone", digest=digest, sealed=sealed, hint=number[-3:]))
            session.add(AssignmentRow(person_id=person.id, station_id=station))
            made.append(number)
    return made


def _outcomes(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))


def _items(engine: Engine) -> list[tuple[str, bool]]:
    """Kind, and whether it stands for a flood."""
    with Session(engine) as session:
        return [(it.kind, "flood" in it.detail) for it in session.scalars(select(WorkItemRow).order_by(WorkItemRow.id))]


def _arrive(house: House, messages: list[tuple[str, str]]) -> list[int]:
    """Their journal ids; nothing is read yet."""
    rows = []
    for sender, text in messages:
        house.texts += 1
        message = InboundMessage("twilio", "sms", f"SM{house.texts}", sender, text, raw=b"{}")
        rows.append(journal.row(message, house.hub.vault, "CM", house.clock[0]))
    with writing(house.hub.engine) as session:
        return journal.store(session, rows)
