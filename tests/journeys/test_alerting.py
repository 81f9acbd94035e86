"""From a critical report to a person who has it."""

from __future__ import annotations

from sqlalchemy import select

from bots.emulated.faults import Fault
from hub.models import AlertEventRow, AlertRow
from tests.journeys.town import Town

A1, A4, MOBILE, LAWYER = "+237670000001", "+237670000004", "+237670000009", "+237680000003"
COORDINATOR, OTHER_COORDINATOR = 8200001, 8200002


async def test_a_critical_answer_pushes_to_the_regions_coordinator_with_buttons(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    assert (str(COORDINATOR), "ALERTE 1 : Observateur admis : non. 10001, Port-Nord. A1, 08:30.") in town.told()
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


def _events(town: Town) -> list[str]:
    with town.session() as session:
        return list(session.scalars(select(AlertEventRow.kind).order_by(AlertEventRow.id)))
