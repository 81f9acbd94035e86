"""What providers do on a bad day, row by row of the faults to survive, through the real doors and libraries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bots.emulated.faults import Fault
from bots.emulated.signing import signed_form
from hub.app import create_app
from hub.bootstrap import open_gateways
from hub.database import reading
from hub.delivery.enquiries import Enquiries
from hub.models import OutboxRow
from tests.journeys.town import PUBLIC, SECRET, SID, TOKEN, Town

A1, TELEGRAM = "+237670000001", 8100001
REPORT = "SET H0715 M1 A1"


async def test_row_05_a_webhook_whose_answer_was_lost_comes_again_without_effect(town: Town) -> None:
    update = {"update_id": 7, "message": {"message_id": 1, "date": 0, "text": REPORT}}
    update["message"] |= {"chat": {"id": TELEGRAM, "type": "private"}, "from": {"id": TELEGRAM}}  # type: ignore[operator]
    for _ in range(3):
        assert (await town.update(update)).status_code == 200
        await town.work()
    assert len(town.journal()) == 1
    assert len(town.told()) == 1


async def test_row_07_a_webhook_without_telegrams_secret_stores_nothing_and_is_counted(town: Town) -> None:
    before = await refused(town, "telegram")
    for secret in ("", "guess", SECRET.upper()):
        assert (await town.update({"message": {}}, secret=secret)).status_code == 403
    assert town.journal() == []
    assert await refused(town, "telegram") == before + 3


async def test_row_08_a_429_holds_up_neither_what_is_critical_nor_loses_what_is_not(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="sendMessage", status=429, retry_after=30))
    await town.telegram(TELEGRAM, "STATUS")
    await town.work()
    await town.telegram(TELEGRAM, "INC 01 shots")
    await town.work()
    states = Counter((row.kind, row.state) for row in outbox(town))
    assert states["reply", "pending"] >= 1
    assert all(state == "sent" for kind, state in states if kind == "push"), states


async def test_row_09_who_blocked_the_bot_is_reached_by_the_next_channel(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="sendMessage", to=str(TELEGRAM), status=403))
    await town.telegram(TELEGRAM, REPORT)
    await town.work()
    ((address, text),) = town.told()
    assert address.startswith("+")
    assert "07:15" in text


async def test_row_10_a_message_whose_answer_is_lost_is_unknown_until_the_provider_reports_it(town: Town) -> None:
    town.twilio_api.faults.order(Fault(method="Messages", kind="lose"))
    await town.sms(A1, REPORT)
    await town.work()
    assert [row.state for row in outbox(town)] == ["unknown"]
    assert len(town.twilio_api.sent) == 1
    reported = await status(town, town.twilio_api.sent[0]["sid"], "delivered", f"out-{outbox(town)[0].id}")
    assert (reported, [row.state for row in outbox(town)]) == (200, ["delivered"])


async def test_row_10_what_twilio_has_after_all_is_found_by_asking_and_sent_no_second_time(town: Town) -> None:
    town.twilio_api.faults.order(Fault(method="Messages", kind="lose", times=2))
    await town.sms(A1, REPORT)
    await town.sms(A1, "STATUS")
    await town.work()
    assert [row.state for row in outbox(town)] == ["unknown", "unknown"]
    assert await enquire(town, minutes=1) == 2
    # The two were sent at once: Twilio may have them in either order.
    assert {(row.state, row.provider_id, row.text) for row in outbox(town)} == {
        ("sent", sent["sid"], sent["body"]) for sent in town.twilio_api.sent
    }
    assert await enquire(town, minutes=5) == 0


async def test_row_10_what_twilio_never_had_goes_by_the_next_road_once(town: Town) -> None:
    town.twilio_api.faults.order(Fault(method="Messages", kind="refuse"))
    await town.sms(A1, REPORT)
    await town.work()
    assert [await enquire(town, minutes=minutes) for minutes in (1, 4, 4)] == [0, 1, 0]
    assert [(row.channel, row.state) for row in outbox(town)] == [("sms", "failed"), ("telegram", "pending")]
    assert town.told() == []


async def test_row_10_the_same_words_to_the_same_person_are_two_messages(town: Town) -> None:
    await town.sms(A1, "STATUS")
    await town.work()
    town.twilio_api.faults.order(Fault(method="Messages", kind="refuse"))
    await town.sms(A1, "STATUS")
    await town.work()
    assert await enquire(town, minutes=1) == 0  # what it has is the first one
    assert [row.state for row in outbox(town)] == ["sent", "unknown"]


async def test_row_11_a_repeated_webhook_makes_one_report_and_one_reply(town: Town) -> None:
    for _ in range(3):
        assert (await town.sms(A1, REPORT, sid="SM1")).status_code == 200
        await town.work()
    assert [submission.outcome for submission in town.submissions()] == ["accepted"]
    assert len(town.told()) == 1


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json", "text/plain", ""])
@pytest.mark.parametrize("signature", [None, "", "bm9wZQ==", "ünsigned"])
async def test_row_12_a_bad_or_missing_signature_is_403_and_never_500(
    town: Town, content_type: str, signature: str | None
) -> None:
    headers = {"content-type": content_type.encode()}
    if signature is not None:
        headers["x-twilio-signature"] = signature.encode()
    for body in (b"", b"{}", b"MessageSid=SM1", b"\xff\0", b'{"MessageSid": "SM1"}'):
        for path in ("/sms/twilio", "/sms/twilio/status", "/sms/twilio?bodySHA256=0"):
            answer = await town.client.post(path, content=body, headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 403
    assert town.journal() == []


async def test_row_13_behind_a_tls_proxy_the_signature_holds(town: Town) -> None:
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form("SM1"))
    inside = {**headers, "host": "10.0.0.5:8000", "x-forwarded-proto": "https", "x-forwarded-host": "elsewhere"}
    answer = await town.client.post("http://10.0.0.5:8000/sms/twilio", content=body, headers=inside)
    assert answer.status_code == 200


async def test_row_14_an_mms_with_an_empty_body_is_kept(town: Town) -> None:
    media = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x", "MediaContentType0": "image/jpeg"}
    assert (await town.sms(A1, "", **media)).status_code == 200
    await town.work()
    assert [row.kind for row in town.journal()] == ["media"]
    assert len(town.told()) == 1


async def test_row_15_a_replay_an_hour_later_has_no_effect(town: Town) -> None:
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form("SM1"))
    for _ in range(2):
        assert (await town.client.post("/sms/twilio", content=body, headers=headers)).status_code == 200
        await town.work()
        town.clock[0] += timedelta(hours=1)
    assert len(town.journal()) == len(town.told()) == 1


async def test_row_16_with_no_worker_the_webhook_answers_within_a_second(town: Town) -> None:
    began = time.perf_counter()
    answers = await asyncio.gather(*(town.sms(A1, f"SET A{n}") for n in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert time.perf_counter() - began < 50
    assert len(town.journal()) == 50


async def test_row_18_a_status_never_goes_back(town: Town) -> None:
    await town.sms(A1, REPORT)
    await town.work()
    (row,) = outbox(town)
    reported = ["delivered", "sent", "queued", "undelivered", "delivered"]
    for state in [*random.sample(reported, len(reported)), "delivered", "sent"]:
        await status(town, str(row.provider_id), state)
    assert outbox(town)[0].state == "delivered"


async def test_row_19_a_stop_is_marked_and_shown_and_reports_are_taken_all_the_same(town: Town) -> None:
    await town.sms(A1, "STOP")
    await town.sms(A1, REPORT)
    await town.work()
    assert [item.detail for item in town.desk()] == [{"stopped": True}]
    assert [submission.outcome for submission in town.submissions()] == ["ignored", "accepted"]
    assert town.told() == []
    await town.sms(A1, "START")
    await town.sms(A1, "STATUS")
    await town.work()
    assert len(town.told()) == 1


async def test_row_22_any_script_comes_in_and_goes_out_intact(town: Town) -> None:
    words = "INC 02 ңөү مرحبا 🗳 ½"
    await town.sms(A1, words)
    await town.telegram(TELEGRAM, words)
    await town.work()
    assert [row.text for row in town.journal()] == [words, words]


async def test_row_23_a_doubled_event_is_one_report_and_a_stale_one_is_refused(town: Town) -> None:
    settings = town.hub.settings.model_copy(update={"smsgate_signing_key": SecretStr("key")})
    hub = replace(town.hub, settings=settings)
    app = create_app(hub, open_gateways(settings))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        now = int(time.time())
        answers = [await event(client, "E1", now), await event(client, "E2", now), await event(client, "E1", now)]
        stale = await event(client, "E3", now - 301)
    assert (answers, stale) == ([200, 200, 200], 403)
    await town.work()
    assert [row.provider_id for row in town.journal()] == ["E1", "E2"]
    assert [submission.outcome for submission in town.submissions()] == ["accepted", "ignored"]
    assert len(outbox(town)) == 1


async def event(client: httpx.AsyncClient, id: str, at: int) -> int:
    payload = {"messageId": "a1", "sender": A1, "message": REPORT, "receivedAt": "2030-03-10T08:30:00.123+01:00"}
    body = json.dumps({"event": "sms:received", "id": id, "payload": payload}).encode()
    signature = hmac.new(b"key", body + str(at).encode(), hashlib.sha256).hexdigest()
    headers = {"x-signature": signature, "x-timestamp": str(at)}
    return (await client.post("/sms/smsgate", content=body, headers=headers)).status_code


async def enquire(town: Town, minutes: int) -> int:
    """Asks Twilio about what is unknown, so many minutes later."""
    later = replace(town.hub, timer=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    assert town.gateways.twilio
    return await Enquiries(later, town.gateways.twilio, only=True).ask()


async def refused(town: Town, gateway: str) -> float:
    text = (await town.client.get("/metrics")).text
    wanted = f'hub_webhooks_total{{gateway="{gateway}",result="refused_403"}} '
    return next((float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted)), 0.0)


def form(sid: str) -> dict[str, str]:
    return {"MessageSid": sid, "AccountSid": SID, "From": A1, "To": "+15005550006", "Body": REPORT, "NumMedia": "0"}


async def status(town: Town, sid: str, state: str, reference: str = "") -> int:
    path = "/sms/twilio/status" + (f"?reference={quote(reference)}" if reference else "")
    body, headers = signed_form(TOKEN, PUBLIC + path, {"MessageSid": sid, "AccountSid": SID, "MessageStatus": state})
    return (await town.client.post(path, content=body, headers=headers)).status_code


def outbox(town: Town) -> list[OutboxRow]:
    with reading(town.hub.engine) as session:
        return list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
