"""Nobody answers, somebody does, roads fail: each step of an alert's chain on its time, once. The clock is moved."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from bots.emulated.faults import Fault
from hub import leadership, outbox
from hub.alerts import escalation
from hub.alerts.auditor import SILENT, Auditor
from hub.alerts.life import Place
from hub.alerts.rules import Trigger
from hub.database import writing
from hub.models import AlertEventRow, AlertRow, AlertStepRow, ContactRow, OutboxRow, PersonRow
from hub.outbox import Draft
from tests.journeys.town import Town

A1, LAWYER = "+237670000001", "+237680000003"
COORDINATOR, OTHER_COORDINATOR, OFFICE = 8200001, 8200002, 8200005
COORDINATOR_PHONE = "+237680000001"


async def test_nobody_answers_and_each_step_is_taken_on_its_time_and_once(town: Town) -> None:
    await alarm(town)
    assert pages(town) == [str(COORDINATOR)]
    for minutes, paged in ((2, []), (1, [COORDINATOR_PHONE, LAWYER]), (2, []), (1, [str(OTHER_COORDINATOR)])):
        await later(town, minutes)
        assert sorted(pages(town)) == sorted(paged)
    await later(town, 4)
    assert pages(town) == [str(OFFICE)]
    await later(town, 60)
    assert pages(town) == []


async def test_a_tick_that_comes_late_takes_all_steps_at_once(town: Town) -> None:
    await alarm(town)
    pages(town)
    await later(town, 30)
    assert sorted(pages(town)) == sorted([COORDINATOR_PHONE, LAWYER, str(OTHER_COORDINATOR), str(OFFICE)])


async def test_who_acknowledges_stops_the_chain_is_reminded_and_then_it_starts_again(town: Town) -> None:
    await alarm(town)
    await town.press(COORDINATOR, "ACK 1")
    await later(town, 0)
    town.told()
    await later(town, 14)
    assert pages(town) == []
    await later(town, 1)
    assert pages(town) == [str(COORDINATOR)]
    await later(town, 15)
    assert state(town) == "raised"
    assert str(COORDINATOR) in pages(town)
    await later(town, 3)
    assert sorted(pages(town)) == sorted([COORDINATOR_PHONE, LAWYER])
    assert "unacknowledged" in events(town)


def asked_by_sounding(town: Town, place: str, region: str) -> list[str]:
    """The statements of an alert, from the first on that does not begin with SELECT whoever writes on SQLite waits."""
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(town.hub.engine, "before_cursor_execute", note)
    with writing(town.hub.engine) as session:
        escalation.sound(session, town.hub, Trigger("category:VIO", 1), Place(place, region), town.hub.clock())
    event.remove(town.hub.engine, "before_cursor_execute", note)
    return statements


def test_whom_a_new_alert_pages_is_asked_before_anything_is_changed(town: Town) -> None:
    statements = asked_by_sounding(town, "here", "Centre")
    first = next(place for place, statement in enumerate(statements) if not statement.startswith("SELECT"))
    routed = [place for place, statement in enumerate(statements) if "<> 'observer'" in statement]
    assert routed[-1] < first, statements
    assert not any(statement.startswith("UPDATE alert ") for statement in statements), statements


def test_many_who_are_paged_at_once_are_looked_up_together(town: Town) -> None:
    def asked(place: str) -> int:
        return sum(statement.startswith("SELECT") for statement in asked_by_sounding(town, place, region))

    with writing(town.hub.engine) as session:
        lead = session.scalars(select(PersonRow).where(PersonRow.role == "coordinator")).first()
        assert lead is not None
        region = lead.region
    before = asked("here")
    with writing(town.hub.engine) as session:
        for number in range(12):
            person = PersonRow(code=f"X{number}", role="coordinator", language="en", region=region)
            session.add(person)
            session.flush()
            address = f"{number}".encode()
            session.add(ContactRow(person_id=person.id, kind="phone", digest=address, sealed=address, hint="000"))
    assert asked("there") <= before
    with town.session() as session:
        told = session.scalars(select(AlertEventRow.alert_id).where(AlertEventRow.kind == "paged")).all()
    assert (told.count(1), told.count(2)) == (1, 13)


async def test_everyone_paged_sees_who_took_it_in_the_same_message(town: Town) -> None:
    await alarm(town)
    await later(town, 6)
    await town.press(OTHER_COORDINATOR, "ACK 1")
    await later(town, 0)
    edits = [sent for sent in town.bot_api.sent if sent["method"] == "editMessageText"]
    pushed = [
        sent["message_id"] for sent in town.bot_api.sent if "ALERTE 1" in str(sent.get("text")) and not edit(sent)
    ]
    assert sorted(int(sent["message_id"]) for sent in edits) == sorted(pushed)
    assert all("prise par coord-m, 08:36" in sent["text"] for sent in edits)
    assert all("ACK 1" not in str(sent["reply_markup"]) for sent in edits)
    assert (LAWYER, "◐ 1: coord-m has it, 08:36") in town.told()


async def test_an_alert_resolved_or_false_has_no_buttons_left(town: Town) -> None:
    await alarm(town)
    await town.sms(COORDINATOR_PHONE, "FAUX 1 malentendu")
    await later(town, 0)
    assert "reply_markup" not in [sent for sent in town.bot_api.sent if edit(sent)][-1]
    with town.session() as session:
        [alert] = session.scalars(select(AlertRow))
    assert (alert.state, alert.outcome) == ("resolved", "false")


async def test_of_two_who_press_at_once_one_wins_and_the_other_is_told(town: Town) -> None:
    await alarm(town)
    await later(town, 6)
    await asyncio.gather(town.press(COORDINATOR, "ACK 1"), town.press(OTHER_COORDINATOR, "ACK 1"))
    await later(town, 0)
    answers = sorted(sent["text"] for sent in town.bot_api.sent if sent["method"] == "answerCallbackQuery")
    assert answers[0] == "Alerte 1 : prise par coord-l, 08:36" or answers[0] == "Alerte 1 : prise par coord-m, 08:36"
    assert answers[1] == "Alerte 1 : à vous."
    assert events(town).count("acknowledged") == 1


async def test_who_is_not_paged_yet_may_not_act(town: Town) -> None:
    await alarm(town)
    await town.press(OFFICE, "ACK 1")
    await later(town, 0)
    assert state(town) == "raised"
    await later(town, 10)
    await town.press(OFFICE, "ACK 1")
    await later(town, 0)
    assert state(town) == "acknowledged"


async def test_on_my_way_takes_it_and_calling_shows_the_number_and_is_audited(town: Town) -> None:
    await alarm(town)
    town.told()
    await town.press(COORDINATOR, "CALL 1")
    await town.press(COORDINATOR, "WAY 1")
    await town.work()
    assert (str(COORDINATOR), f"Alerte 1 : A1 {A1}") in town.told()
    assert state(town) == "acknowledged"
    assert {"called", "on_the_way"} <= set(events(town))


async def test_somebody_without_any_road_is_skipped_at_once_and_the_desk_is_told(town: Town) -> None:
    with writing(town.hub.engine) as session:
        who = select(PersonRow.id).where(PersonRow.code.in_(("coord-l", "law-l")))
        session.execute(update(ContactRow).where(ContactRow.person_id.in_(who)).values(state="opted_out"))
    await alarm(town)
    assert pages(town) == [str(OTHER_COORDINATOR)]
    assert {item.kind for item in town.desk()} == {"unreachable"}


@pytest.mark.parametrize(
    "fault",
    [Fault(kind="refuse", method="sendMessage", times=99), Fault(status=403, method="sendMessage", times=99),
     Fault(status=429, retry_after=30, method="sendMessage", times=99)],
    ids=["refused", "blocked", "429"],
)  # fmt: skip
async def test_telegram_down_means_sms(town: Town, fault: Fault) -> None:
    town.bot_api.faults.order(fault.model_copy())
    await alarm(town)
    texted = [text for address, text in town.told() if address == COORDINATOR_PHONE]
    assert len(texted) == 1
    assert "RECU 1" in texted[0]


async def test_both_roads_down_means_the_next_in_the_chain_and_the_desk(town: Town) -> None:
    town.bot_api.faults.order(Fault(status=403, method="sendMessage", to=str(COORDINATOR), times=99))
    town.twilio_api.faults.order(Fault(status=400, code=21610, times=99))
    await alarm(town)
    await later(town, 0)
    await later(town, 0)
    assert str(OTHER_COORDINATOR) in pages(town)
    assert "unreachable" in {item.kind for item in town.desk()}


async def test_fifty_criticals_among_routine_messages_are_with_the_coordinator_within_ten_seconds(town: Town) -> None:
    address = town.hub.vault.seal(b"8100001")
    routine = [Draft("reply", outbox.REPLY, "telegram", address, f"routine {number}") for number in range(300)]
    with writing(town.hub.engine) as session:
        outbox.enqueue(session, routine, town.hub.timer())
        for number in range(50):
            place = Place(f"place {number}", "Montagne", "Col")
            escalation.sound(session, town.hub, Trigger("incident:101", 1), place, town.clock[0])
    await town.work()
    texts = [text for _, text in town.told()]
    assert sum("ALERTE" in text for text in texts[:100]) == 5  # many are under way at once
    town.clock[0] += timedelta(seconds=6)
    tick(town)
    await town.work()
    [digest] = [text for address, text in town.told() if address == str(OTHER_COORDINATOR)]
    assert digest.startswith("45 alertes : 6, 7,")
    with town.session() as session:
        reached = select(func.count(AlertStepRow.alert_id.distinct()))
        assert session.scalar(reached.where(AlertStepRow.outcome.in_(("sent", "digest")))) == 50


async def test_sos_pages_at_once_and_answers_the_sender(town: Town) -> None:
    await town.telegram(8100001, "SECOURS on me suit")
    await town.work()
    told = town.told()
    assert ("8100001", "Alerte 1 : l'aide est appelée. Mettez-vous à l'abri.") in told
    assert any(address == str(COORDINATOR) and "personne en danger" in text for address, text in told)


async def test_a_step_on_which_the_process_dies_is_taken_by_the_next_one_and_once(town: Town) -> None:
    await alarm(town)
    town.clock[0] += timedelta(minutes=3)
    with suppress(KeyboardInterrupt), writing(town.hub.engine) as session:
        escalation.tick(session, town.hub, town.clock[0])
        raise KeyboardInterrupt
    await later(town, 0)
    await later(town, 0)
    with town.session() as session:
        texted = session.scalar(select(func.count()).where(OutboxRow.channel == "sms", OutboxRow.kind == "push"))
    assert texted == 2


async def test_the_auditor_notices_that_nobody_takes_the_steps_and_sees_it_mended(town: Town) -> None:
    real = [town.hub.timer() - timedelta(minutes=9)]
    hub = town.hub.__class__(
        town.hub.settings, town.hub.engine, town.hub.vault, town.hub.election, lambda: town.clock[0], lambda: real[0]
    )
    auditor = Auditor(hub)
    await alarm(town)
    town.clock[0] += timedelta(minutes=5)
    beat(town, real)
    assert auditor.look() == set()
    real[0] += SILENT
    beat(town, real)
    assert auditor.look() == {"steps"}
    await town.work()
    assert any(address == str(OFFICE) and "alert" in text for address, text in town.told())
    await later(town, 0)
    assert auditor.look() == set()
    real[0] += SILENT * 2
    assert auditor.look() == {"worker", "timers"}
    with town.session() as session:
        topics = session.scalars(select(AlertRow.topic).where(AlertRow.state != "resolved"))
        assert set(topics) >= {"hub:worker", "hub:timers"}


async def alarm(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()


async def later(town: Town, minutes: int) -> None:
    town.clock[0] += timedelta(minutes=minutes)
    await town.work()
    tick(town)
    await town.work()


def tick(town: Town) -> None:
    with writing(town.hub.engine) as session:
        escalation.tick(session, town.hub, town.clock[0])


def beat(town: Town, real: list[datetime]) -> None:
    with writing(town.hub.engine) as session:
        for name in ("worker", "timers"):
            leadership.beat(session, name, real[0])


def pages(town: Town) -> list[str]:
    """Where pages of alert 1 went since this was asked last; edits are none."""
    with_edits = town.bot_api.sent[town.seen.get("bot", 0) :]
    sent = [str(it["chat_id"]) for it in with_edits if "ALERTE 1" in str(it.get("text")) and not edit(it)]
    sent += [str(it["chat_id"]) for it in with_edits if "ALERT 1" in str(it.get("text")) and not edit(it)]
    texted = town.twilio_api.sent[town.seen.get("sms", 0) :]
    sent += [str(it["to"]) for it in texted if str(it["body"]).startswith(("ALERTE 1", "ALERT 1"))]
    town.told()
    return sent


def edit(sent: dict[str, object]) -> bool:
    return sent["method"] == "editMessageText"


def state(town: Town) -> str:
    with town.session() as session:
        return session.scalars(select(AlertRow.state)).one()


def events(town: Town) -> list[str]:
    with town.session() as session:
        return list(session.scalars(select(AlertEventRow.kind).order_by(AlertEventRow.id)))
