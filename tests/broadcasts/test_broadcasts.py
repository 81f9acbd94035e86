"""A message to many: to whom, at what price, by whose word, and never twice to anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from bots.emulated.faults import Fault
from hub import outbox
from hub.broadcasts import audience, board, life
from hub.broadcasts.audience import Audience
from hub.database import reading, writing
from hub.delivery.sending import Delivery
from hub.models import AccountRow, BroadcastRow, ContactRow, OutboxRow, RecipientRow
from hub.outbox import Due
from tests.journeys.town import FAST, Town, open_town

TEXTS = {"fr": "Restez au bureau jusqu'à la fin.", "en": "Stay until the end."}
AUTHOR, OTHER = 1, 2


@pytest.fixture
async def town(engine: Engine, database_url: str) -> AsyncIterator[Town]:
    async with open_town(engine, database_url) as town:
        with writing(engine) as session:
            for name in ("author", "other"):
                session.add(AccountRow(name=name, role="head_office", region="", language="en", password_hash="-"))
        yield town


def write(town: Town, wanted: Audience | None = None, texts: dict[str, str] = TEXTS) -> int:
    with writing(town.hub.engine) as session:
        return life.write(session, wanted or Audience(), texts, account_id=AUTHOR, now=town.hub.timer())


def approve(town: Town, broadcast_id: int, account_id: int = OTHER) -> bool:
    with writing(town.hub.engine) as session:
        return life.approve(session, town.hub, broadcast_id, account_id=account_id)


def shown(town: Town, broadcast_id: int) -> board.Broadcast:
    with reading(town.hub.engine) as session:
        found = board.find(session, broadcast_id)
    assert found
    return found


def outcomes(town: Town, broadcast_id: int) -> dict[str, str]:
    with reading(town.hub.engine) as session:
        return {outcome.code: outcome.state for outcome in board.outcomes(session, broadcast_id)}


def mark(town: Town, state: str, *sealed: str) -> None:
    """Every contact with one of these addresses is in this state."""
    with writing(town.hub.engine) as session:
        for row in session.scalars(select(ContactRow)):
            if town.hub.vault.open(row.sealed).decode() in sealed:
                row.state = state


async def test_each_person_gets_it_once_in_their_language_however_often_it_is_approved(town: Town) -> None:
    number = write(town, Audience(roles=("observer",)))
    assert [approve(town, number), approve(town, number)] == [True, False]
    await town.work()
    await town.work()
    told = dict(town.told())
    assert told == {
        "8100001": TEXTS["fr"],  # has a phone as well
        "+237670000002": TEXTS["en"],
        "+237670000003": TEXTS["fr"],
        "8100004": TEXTS["fr"],
        "8100005": TEXTS["en"],
    }
    assert set(outcomes(town, number).values()) == {"sent"}
    found = shown(town, number)
    assert (found.state, found.people, found.done, found.approver) == ("finished", 5, 5, "other")


async def test_nobody_approves_what_they_wrote(town: Town) -> None:
    number = write(town)
    with writing(town.hub.engine) as session:  # one person with two accounts
        session.add(AccountRow(name="again", role="admin", region="", language="en", password_hash="-", person_id=1))
        session.get_one(AccountRow, AUTHOR).person_id = 1
    assert [approve(town, number, account) for account in (AUTHOR, 3, OTHER)] == [False, False, True]


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (Audience(), "A1 A2 A3 A4 A5 Z1 coord-l coord-m desk-1 law-l office"),
        (Audience(regions=("Montagne",)), "A4 A5 Z1 coord-m"),
        (Audience(regions=("Montagne",), roles=("observer",)), "A4 A5"),
        (Audience(languages=("en",)), "A2 A5 law-l office"),
        (Audience(missing="SET"), "A3 A4 A5"),
        (Audience(regions=("Littoral",), missing="SET"), "A3"),
        (Audience(roles=("nobody",)), ""),
    ],
)
async def test_filters_leave_people_out(town: Town, wanted: Audience, codes: str) -> None:
    await town.sms("+237670000001", "SET H0715 M1 A1")
    await town.work()
    with reading(town.hub.engine) as session:
        assert " ".join(reader.code for reader in audience.readers(session, wanted, town.hub.clock())) == codes


async def test_a_preview_counts_people_segments_and_price_and_says_who_is_left_out_and_why(town: Town) -> None:
    mark(town, "blocked", "8100001")
    mark(town, "opted_out", "+237670000002")
    mark(town, "blocked", "8100004", "+237670000004")
    hub = replace(town.hub, election=town.hub.election.model_copy(update={"segment_price": {"twilio": 0.25}}))
    with reading(town.hub.engine) as session:
        long = {"fr": "Ж" * 71}
        said = life.postage(session, hub, Audience(), long, "twilio")
        unknown = life.postage(session, hub, Audience(), long, "kannel")
    assert said.why == {"blocked": ["A4"], "no_contact": ["desk-1"], "opted_out": ["A2"]}
    assert said.channels == Counter(telegram=4, sms=4)
    assert (said.segments, said.price, unknown.price) == (8, 2.0, None)
    assert said.borrowed == Counter(en=3)  # they read French, and it says so


async def test_who_it_is_for_is_frozen_at_the_approval(town: Town) -> None:
    number = write(town, Audience(missing="SET"))
    approve(town, number)
    await town.sms("+237670000003", "SET H0715 M1 A1")
    await town.work()
    assert outcomes(town, number) == dict.fromkeys(["A1", "A2", "A3", "A4", "A5"], "sent")


async def test_a_paused_broadcast_sends_nothing_and_goes_on_where_it_stopped(town: Town) -> None:
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)
    with writing(town.hub.engine) as session:
        assert life.pause(session, number)
    await town.work()
    assert (town.told(), shown(town, number).state) == ([], "paused")
    with writing(town.hub.engine) as session:
        assert life.go_on(session, number)
    await town.work()
    assert len(town.told()) == 5


@pytest.mark.parametrize(("stop", "state"), [("pause", "pending"), ("cancel", "withdrawn")])
async def test_what_a_worker_has_leased_already_is_not_sent_after_a_stop(town: Town, stop: str, state: str) -> None:
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)

    class Slow(Delivery):
        """Between its lease and its sending somebody stops the broadcast."""

        def _claim(self, *asked: object) -> list[Due]:
            due = super()._claim(*asked)  # type: ignore[arg-type]
            with writing(town.hub.engine) as session:
                if stop == "pause":
                    life.pause(session, number)
                else:
                    life.cancel(session, number, town.hub.timer())
            return due

    delivery = Slow(town.hub, town.gateways.all(), FAST)
    while await delivery.round():
        pass
    assert town.told() == []
    assert set(outcomes(town, number).values()) == {state}
    with reading(town.hub.engine) as session:
        assert set(session.scalars(select(OutboxRow.attempts))) == {0}


async def test_a_lease_that_runs_out_during_a_pause_is_taken_by_nobody(town: Town) -> None:
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)
    now = town.hub.timer()
    with writing(town.hub.engine) as session:
        assert len(outbox.claim(session, ["telegram"], now, 10)) == 3
        life.pause(session, number)
    with writing(town.hub.engine) as session:
        assert outbox.claim(session, ["telegram", "sms"], now + 3 * outbox.LEASE, 10) == []


async def test_a_cancelled_broadcast_is_over_and_says_whom_it_reached(town: Town) -> None:
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)
    delivery = Delivery(town.hub, [gateway for gateway in town.gateways.all() if gateway.name == "telegram"], FAST)
    while await delivery.round():
        pass
    with writing(town.hub.engine) as session:
        assert life.cancel(session, number, town.hub.timer())
        assert not life.go_on(session, number)
        assert not life.cancel(session, number, town.hub.timer())
    await town.work()
    assert outcomes(town, number) == {
        "A1": "sent", "A2": "withdrawn", "A3": "withdrawn", "A4": "sent", "A5": "sent"
    }  # fmt: skip
    assert not approve(town, write_cancelled(town))


def write_cancelled(town: Town) -> int:
    number = write(town)
    with writing(town.hub.engine) as session:
        life.cancel(session, number, town.hub.timer())
    return number


async def test_a_road_that_is_closed_is_replaced_by_the_next_and_stays_part_of_the_broadcast(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="sendMessage", to="8100001", status=403))
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)
    await town.work()
    assert ("+237670000001", TEXTS["fr"]) in town.told()
    assert outcomes(town, number)["A1"] == "sent"
    with reading(town.hub.engine) as session:
        assert session.scalars(select(OutboxRow.broadcast_id)).all() == [number] * 6


async def test_whoever_says_stop_meanwhile_gets_nothing_any_more(town: Town) -> None:
    number = write(town, Audience(roles=("observer",)))
    approve(town, number)
    await town.sms("+237670000003", "STOP")
    await town.work()
    assert "+237670000003" not in dict(town.told())
    assert outcomes(town, number)["A3"] == "withdrawn"


async def test_everything_else_goes_before_a_broadcast(town: Town) -> None:
    approve(town, write(town))
    with writing(town.hub.engine) as session:
        for kind, priority in (("nudge", outbox.BULK), ("push", outbox.CRITICAL), ("reply", outbox.REPLY)):
            outbox.enqueue(session, [outbox.Draft(kind, priority, "sms", b"", kind)], town.hub.timer())
    with writing(town.hub.engine) as session:
        due = outbox.claim(session, ["sms"], town.hub.timer(), 4)
    assert [row.kind for row in due] == ["push", "reply", "nudge", "broadcast"]


async def test_nothing_is_kept_of_a_reader_but_who_and_how_it_went(town: Town) -> None:
    approve(town, write(town))
    with reading(town.hub.engine) as session:
        kept = session.scalars(select(RecipientRow)).all()
        assert {row.person_id: row.left_out for row in kept if row.left_out} == {11: "no_contact"}
        assert session.scalars(select(BroadcastRow.state)).all() == ["running"]
