"""From a critical report to a person who has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from sqlalchemy import select

from bots.emulated.faults import Fault
from hub.alerts import escalation
from hub.database import writing
from hub.election.alerting import Chain, Hours, Step
from hub.election.definition import Election
from hub.intake import decisions
from hub.models import AccountRow, AlertEventRow, AlertRow, AlertStepRow, ContactRow, PersonRow
from tests.journeys.town import Town

A1, A2, MOBILE, LAWYER = "+237670000001", "+237670000002", "+237670000009", "+237680000003"
GROUP = -1001234567890
COORDINATOR, OTHER_COORDINATOR = 8200001, 8200002


async def test_a_critical_answer_pushes_to_the_regions_coordinator_with_buttons(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert (
        str(COORDINATOR),
        "ALERTE 1, critique : Observateur admis : non. 10001, Port-Nord. A1, 08:30.",
    ) in town.told()
    push = next(sent for sent in town.bot_api.sent if sent.get("reply_markup"))
    assert "ACK 1" in str(push["reply_markup"])
    assert "DONE 1" in str(push["reply_markup"])


async def test_repeats_join_the_alert_and_do_not_push_again(town: Town) -> None:
    for text in ("ALR 20004 101 bagarre", "ALR 20004 101 bagarre encore"):
        await town.sms(MOBILE, text)
        await town.work()
    assert [address for address, _ in town.told()].count(str(OTHER_COORDINATOR)) == 1
    assert _events(town) == ["raised", "paged", "repeated"]


async def test_the_first_who_acknowledges_has_it_and_the_next_is_told_who(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    town.told()
    await town.press(COORDINATOR, "ACK 1")
    await town.press(COORDINATOR, "ACK 1")
    await town.work()
    answers = [sent["text"] for sent in town.bot_api.sent if sent["method"] == "answerCallbackQuery"]
    assert answers == ["Alerte 1 : à vous.", "Alerte 1 : prise par coord-l, 08:30"]
    with town.session() as session:
        [alert] = session.scalars(select(AlertRow))
    assert (alert.state, alert.acknowledged_at) == ("acknowledged", town.clock[0])


async def test_a_forwarded_button_does_nothing_for_others(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    await town.press(OTHER_COORDINATOR, "ACK 1")
    await town.press(999, "ACK 1")
    await town.work()
    with town.session() as session:
        assert session.scalars(select(AlertRow.state)).one() == "raised"


async def test_resolving_closes_it_and_the_next_report_raises_another(town: Town) -> None:
    await town.sms(MOBILE, "ALR 20004 101 bagarre")
    await town.work()
    await town.sms("+237680000002", "FINI 1 police sur place")
    await town.work()
    await town.sms(MOBILE, "ALR 20004 101 de nouveau")
    await town.work()
    with town.session() as session:
        assert session.scalars(select(AlertRow.state).order_by(AlertRow.id)).all() == ["resolved", "raised"]
    assert "resolved" in _events(town)


async def test_a_coordinator_whose_bot_is_blocked_is_texted(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="sendMessage", to=str(COORDINATOR), status=403))
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert ("+237680000001", True) in [(address, "ALERTE 1" in text) for address, text in town.told()]


async def test_an_incident_of_low_severity_pages_nobody(town: Town) -> None:
    await town.sms(MOBILE, "ALR 20004 201 affiches")
    await town.work()
    assert [address for address, _ in town.told()] == [MOBILE]


async def test_a_group_is_paged_and_its_members_act_by_their_own_accounts_and_are_answered_in_private(
    town: Town,
) -> None:
    _add_group(town)
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert {str(GROUP), str(COORDINATOR)} <= {address for address, text in town.told() if "ALERTE 1" in text}
    for member in (OTHER_COORDINATOR, 999, GROUP):  # in the group, and not one of those that it was routed to
        await _press_in_group(town, member, "ACK 1")
    await town.work()
    assert _states(town) == ["raised"]
    for data in ("CALL 1", "ACK 1"):
        await _press_in_group(town, COORDINATOR, data)
    await town.work()
    town.clock[0] += timedelta(minutes=1)
    with writing(town.hub.engine) as session:
        escalation.tick(session, town.hub, town.clock[0])
    await town.work()
    assert _states(town) == ["acknowledged"]
    said = town.bot_api.sent
    assert {str(sent["chat_id"]) for sent in said if A1 in str(sent.get("text"))} == {str(COORDINATOR)}
    assert str(GROUP) in {str(sent["chat_id"]) for sent in said if "prise par coord-l" in str(sent.get("text"))}


async def test_a_group_that_has_thrown_the_bot_out_is_skipped_with_a_work_item(town: Town) -> None:
    _add_group(town)
    town.bot_api.faults.order(Fault(method="sendMessage", to=str(GROUP), status=403))
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert [item.kind for item in town.desk()] == ["unreachable"]


async def test_who_is_not_on_their_shift_is_not_paged_and_the_next_step_need_not_wait(town: Town) -> None:
    night = {"coord-l": (Hours(start=time(20), end=time(8)),)}
    _route(town, shifts=night)
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert LAWYER in [address for address, _ in town.told()]
    with town.session() as session:
        paged = select(PersonRow.code).join(AlertStepRow, AlertStepRow.person_id == PersonRow.id)
        assert "coord-l" not in session.scalars(paged).all()


async def test_a_rule_marked_critical_raises_an_alert_whoever_completes_what_breaks_it(town: Town) -> None:
    _declare_critical_rule(town)
    await town.sms(A1, "SET H0715 M1 A1 W600")
    await town.sms(A2, "SET H0715 M1 A0 W5")
    await town.work()
    assert _states(town) == []
    [item] = [item for item in town.desk() if item.kind == "conflict"]
    with writing(town.hub.engine) as session:
        account = AccountRow(name="op", role="operator", language="en", password_hash="-")
        session.add(account)
        session.flush()
        values = {"W": "600", "A": "0"}
        decisions.decide(
            session,
            town.hub,
            station_id=item.station_id or 0,
            form="SET",
            values=values,
            account_id=account.id,
            reason="called both",
            now=town.clock[0],
        )
        assert session.scalars(select(AlertRow.topic)).all() == ["rule:SET.far_and_sent_away"]
    await town.work()
    assert str(COORDINATOR) in [address for address, text in town.told() if "ALERTE 1" in text]


async def test_metrics_tell_how_many_alerts_there_are_and_how_long_they_waited(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    town.clock[0] += timedelta(minutes=2)
    await town.press(COORDINATOR, "ACK 1")
    await town.work()
    told = (await town.client.get("/metrics")).text
    assert 'hub_alerts{severity="1",state="acknowledged"} 1.0' in told
    assert 'hub_alert_wait_seconds{quantile="0.95",region="Littoral",until="acknowledged"} 120.0' in told


def _add_group(town: Town) -> None:
    with writing(town.hub.engine) as session:
        group = PersonRow(code="group-l", role="group", language="fr", region="Littoral")
        session.add(group)
        session.flush()
        address = str(GROUP)
        digest, sealed = town.hub.vault.digest("telegram", address), town.hub.vault.seal(address.encode())
        session.add(
            ContactRow(person_id=group.id, kind="telegram", digest=digest, sealed=sealed, hint="", state="active")
        )
    _route(town, chains=(Chain(steps=(Step(to=("coordinator", "group")),)),))


def _route(town: Town, **changes: object) -> None:
    election = town.hub.election
    alerting = election.alerting.model_copy(update=changes)
    town.hub = replace(town.hub, election=election.model_copy(update={"alerting": alerting}))


def _declare_critical_rule(town: Town) -> None:
    told = town.hub.election.model_dump(mode="json")
    form = next(it for it in told["checklist"]["forms"] if it["code"] == "SET")
    next(it for it in form["questions"] if it["code"] == "A")["critical"] = []
    message = {"en": "far away and not admitted", "fr": "loin et pas admis"}
    form["rules"] = [
        {"name": "far_and_sent_away", "check": "!(W > 500.0 && A == 0)", "message": message, "critical": True}
    ]
    town.hub = replace(town.hub, election=Election.model_validate(told))


async def _press_in_group(town: Town, member: int, data: str) -> None:
    chat = {"id": GROUP, "type": "supergroup"}
    message = {"message_id": 5, "date": 0, "chat": chat}
    press = {"id": f"press{town.updates}", "from": {"id": member}, "data": data, "message": message}
    await town.update({"callback_query": press})


def _states(town: Town) -> list[str]:
    with town.session() as session:
        return list(session.scalars(select(AlertRow.state)))


def _events(town: Town) -> list[str]:
    with town.session() as session:
        return list(session.scalars(select(AlertEventRow.kind).order_by(AlertEventRow.id)))
