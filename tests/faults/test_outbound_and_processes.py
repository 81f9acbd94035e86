"""What goes out on a bad day, row by row, from real processes to providers over HTTP: all arrives, hardly any twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from bots.emulated.faults import Fault
from bots.emulated.signing import signed_form
from hub.database import reading, writing
from hub.models import AlertRow, ContactRow, OutboxRow, SubmissionRow
from tests.faults.place import (
    A1,
    A1_TELEGRAM,
    A2,
    COORDINATOR,
    COORDINATOR_PHONE,
    LONG_AGO,
    OTHER_COORDINATOR,
    Place,
    count,
    texted,
    until,
)
from tests.faults.test_inbound_and_processes import A4_TELEGRAM, nothing_waits
from tests.faults.test_side_by_side import heard
from tests.journeys.town import PUBLIC, SID, TOKEN

REPORT, CRITICAL = "SET H0715 M1 A1", "SET H0715 M1 A0"
A4, OTHER_PHONE = "+237670000004", "+237680000002"
HOUR = 3600


@pytest.mark.slow
def test_row_08_a_429_holds_up_nothing_critical_and_when_its_time_is_over_all_the_rest_goes_once(place: Place) -> None:
    """The second page is met by a 429 of its own, and takes the other road as well."""
    for to in (str(A1_TELEGRAM), OTHER_COORDINATOR):
        place.bot_api.faults.order(Fault(method="sendMessage", to=to, status=429, retry_after=HOUR))
    at = place.at(0)
    with place.process("work", **at):
        place.does(A1_TELEGRAM, text=REPORT)
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.error.is_not(None)) == 1)
        place.does(A1_TELEGRAM, text=CRITICAL)
        until(lambda: reached(place) == {COORDINATOR: 1})
        place.does(A4_TELEGRAM, text=CRITICAL)
        until(lambda: reached(place) == {COORDINATOR: 1, OTHER_PHONE: 1} and "sending" not in states(place))
        assert states(place, "reply") == ["pending"] * 3
        assert states(place, "push") == ["sent", "pending", "sent"]
    an_hour_later(place)
    with place.process("work", **at):
        until(lambda: nothing_waits(place))
    told = {COORDINATOR: 1, OTHER_COORDINATOR: 1, OTHER_PHONE: 1, str(A1_TELEGRAM): 2, str(A4_TELEGRAM): 1}
    assert reached(place) == told
    assert set(states(place, "reply") + states(place, "push")) == {"sent"}


@pytest.mark.slow
def test_row_09_who_blocked_the_bot_is_reached_by_sms_with_a_reply_as_with_a_page(place: Place) -> None:
    for to in (str(A1_TELEGRAM), COORDINATOR):
        place.bot_api.faults.order(Fault(method="sendMessage", to=to, status=403))
    with place.process("work", **place.at(0)):
        place.does(A1_TELEGRAM, text=CRITICAL)
        until(lambda: count(place.engine, OutboxRow.id, OutboxRow.state == "sent") == 2 and nothing_waits(place))
    assert reached(place) == {A1: 1, COORDINATOR_PHONE: 1}
    assert "H07:15" in next(str(it["body"]) for it in place.twilio.sent if it["to"] == A1)
    with reading(place.engine) as session:
        blocked = session.scalars(select(ContactRow.kind).where(ContactRow.state == "blocked")).all()
        assert blocked == ["telegram", "telegram"]
        assert session.scalars(select(AlertRow.state)).all() == ["raised"]


@pytest.mark.slow
def test_row_10_an_sms_whose_answer_is_lost_is_unknown_until_twilio_reports_it_or_is_asked_and_goes_once(
    place: Place,
) -> None:
    """Of three, Twilio reports the first by itself, lists the second, and never had the third."""
    for to, kind in ((A1, "lose"), (A2, "lose"), (A4, "refuse")):
        place.twilio.faults.order(Fault.model_validate({"kind": kind, "method": "Messages", "to": to}))
    at = place.at(0)
    with place.web(**at) as web, place.process("work", **at):
        for number, sender in enumerate((A1, A2, A4)):
            texted(web, sender, REPORT, f"SM{number}")
            until(lambda number=number: len(states(place)) == number + 1 and nothing_waits(place))  # type: ignore[misc]
        assert heard(place) == {A1: 1, A2: 1}
        assert reported(web, place, A1, "delivered") == 200
        assert states(place)[0] == "delivered"
        unknown_for(place, minutes=1)
        until(lambda: states(place) == ["delivered", "sent", "unknown"])
        unknown_for(place, minutes=5)
        until(lambda: states(place) == ["delivered", "sent", "failed", "sent"])
    assert reached(place) == {A1: 1, A2: 1, str(A4_TELEGRAM): 1}
    with reading(place.engine) as session:
        ids = session.scalars(select(OutboxRow.provider_id).order_by(OutboxRow.id)).all()
    assert ids[:2] == [message(place, A1)["sid"], message(place, A2)["sid"]]


@pytest.mark.slow
def test_row_10_a_page_whose_answer_is_always_lost_goes_twice_at_most_and_by_the_other_road_once(place: Place) -> None:
    place.bot_api.faults.order(Fault(kind="lose", method="sendMessage", to=COORDINATOR, times=9))
    with place.process("work", **place.at(0)):
        place.does(A1_TELEGRAM, text=CRITICAL)
        until(lambda: "unknown" in states(place, "push") and nothing_waits(place))
        place.does(A4_TELEGRAM, text=REPORT)
        until(lambda: reached(place)[str(A4_TELEGRAM)] == 1 and nothing_waits(place))
    assert place.paged() == {COORDINATOR: 2, COORDINATOR_PHONE: 1}
    assert states(place, "push") == ["unknown", "sent"]


@pytest.mark.slow
def test_row_18_reports_of_delivery_in_any_order_and_before_the_answer_never_take_a_status_back(place: Place) -> None:
    """The first is delivered before Twilio has answered; the last fails at first, so it goes by Telegram as well."""
    for to in (A1, A2):
        place.twilio.faults.order(Fault(kind="late", method="Messages", to=to, seconds=2))
    at = place.at(0)
    with place.web(**at) as web, place.process("work", **at):
        texted(web, A1, REPORT, "SM1")
        until(lambda: heard(place)[A1] == 1)
        assert reported(web, place, A1, "delivered") == 200
        assert states(place) == ["delivered"]
        texted(web, A2, REPORT, "SM2")
        until(lambda: states(place)[1:] == ["sent"])  # whose answer comes later than the first one's
        assert states(place) == ["delivered", "sent"]
        texted(web, A4, REPORT, "SM3")
        until(lambda: states(place)[2:] == ["sent"])
        said = ["queued", "delivered", "sent", "undelivered", "queued", "failed", "delivered"]
        assert [after(web, place, A2, it) for it in said] == ["sent"] + ["delivered"] * 6
        said = ["undelivered", "sent", "failed", "delivered", "undelivered", "queued"]
        assert [after(web, place, A4, it) for it in said] == ["failed"] * 3 + ["delivered"] * 3
        until(lambda: nothing_waits(place))
    assert reached(place) == {A1: 1, A2: 1, A4: 1, str(A4_TELEGRAM): 1}
    assert count(place.engine, SubmissionRow.journal_id) == 3


def reached(place: Place) -> Counter[str]:
    """How many messages each address got by Telegram and by SMS."""
    pushed = [str(it["chat_id"]) for it in place.bot_api.sent if it["method"] == "sendMessage"]
    return Counter(pushed) + heard(place)


def states(place: Place, kind: str = "") -> list[str]:
    """Of all that was to go out, in the order in which it was written."""
    wanted = select(OutboxRow.state).order_by(OutboxRow.id)
    with reading(place.engine) as session:
        return list(session.scalars(wanted.where(OutboxRow.kind == kind) if kind else wanted))


def after(web: httpx.Client, place: Place, to: str, state: str) -> str:
    """What is known of the SMS to an observer once Twilio has reported this."""
    assert reported(web, place, to, state) == 200
    sid = message(place, to)["sid"]
    with reading(place.engine) as session:
        return session.scalars(select(OutboxRow.state).where(OutboxRow.provider_id == sid)).one()


def reported(web: httpx.Client, place: Place, to: str, state: str) -> int:
    """Twilio reports to the address it was given, reference and all, of the one SMS to somebody."""
    sent = message(place, to)
    url = sent["asked"]["StatusCallback"]
    form = {"MessageSid": sent["sid"], "AccountSid": SID, "MessageStatus": state, "To": to}
    body, headers = signed_form(TOKEN, url, form)
    return web.post(url.removeprefix(PUBLIC), content=body, headers=headers).status_code


def message(place: Place, to: str) -> dict[str, Any]:
    [sent] = [it for it in place.twilio.sent if it["to"] == to]
    return sent


def an_hour_later(place: Place) -> None:
    """What a provider asked us to wait with may go."""
    with writing(place.engine) as session:
        session.execute(update(OutboxRow).where(OutboxRow.state == "pending").values(not_before=LONG_AGO))


def unknown_for(place: Place, minutes: int) -> None:
    """So long nobody has known what became of them."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    with writing(place.engine) as session:
        session.execute(update(OutboxRow).where(OutboxRow.state == "unknown").values(settled_at=since))
