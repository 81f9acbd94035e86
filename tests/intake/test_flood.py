"""Thousands of messages from numbers that nobody registered: observers are read before them, in their own order."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bots.gateway import InboundMessage
from hub.database import reading, writing
from hub.intake import journal, pipeline
from hub.models import SubmissionRow
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


def _arrive(house: House, messages: list[tuple[str, str]]) -> list[int]:
    """Their journal ids; nothing is read yet."""
    rows = []
    for sender, text in messages:
        house.texts += 1
        message = InboundMessage("twilio", "sms", f"SM{house.texts}", sender, text, raw=b"{}")
        rows.append(journal.row(message, house.hub.vault, "CM", house.clock[0]))
    with writing(house.hub.engine) as session:
        return journal.store(session, rows)
