"""What comes in on a bad day, row by row, at the doors of real processes: nothing is lost, and nothing counts twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.utils import formatdate
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, text, update

from bots.emulated.faults import Fault
from bots.emulated.signing import signed_form
from hub.database import reading, writing
from hub.models import (
    ContactRow,
    InboxRow,
    JournalRow,
    MediaBlobRow,
    MediaRow,
    OutboxRow,
    StationRecordRow,
    SubmissionRow,
    WorkItemRow,
)
from hub.vault import Vault
from tests.faults.place import (
    A1,
    A1_TELEGRAM,
    A2,
    PATIENCE,
    SECRET_KEY,
    Place,
    a_minute_later,
    answers,
    count,
    free_port,
    texted,
    until,
)
from tests.faults.proxy import tls_proxy
from tests.faults.test_side_by_side import heard
from tests.journeys.town import BOT, MORNING, PUBLIC, SECRET, SID, TOKEN

A4_TELEGRAM = 8100004
REPORT = "SET H0715 M1 A1"
PROVED_BY = "x-telegram-bot-api-secret-token"
POISON = """
    CREATE TRIGGER poison BEFORE INSERT ON submission
    WHEN NEW.outcome <> 'error' AND (SELECT text FROM journal WHERE id = NEW.journal_id) = 'SET H0716 M1 A1'
    BEGIN SELECT RAISE(ABORT, 'poison'); END
"""


@pytest.mark.slow
def test_row_04_what_fails_in_the_worker_is_tried_three_times_and_goes_to_the_desk_and_the_others_are_read(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    with writing(place.engine) as session:
        session.execute(text(POISON))
    at = place.at(0)
    with place.web(**at) as web:
        for number, said in enumerate((REPORT, "SET H0716 M1 A1", "SET H0717")):
            texted(web, A1, said, f"SM{number}")
        with place.process("work", **at):
            until(lambda: outcomes(place).count("accepted") == 2)
            until(lambda: outcomes(place) == ["accepted", "error", "accepted"])
            all_is_said(place, web)
    assert capfd.readouterr().err.count("pipeline.entry_failed") == 3
    with reading(place.engine) as session:
        assert session.scalars(select(WorkItemRow.detail)).all() == [{"error": True}]
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:17", "M": "1", "A": "1"}
    assert heard(place)[A1] == 2


@pytest.mark.slow
def test_row_05_a_webhook_whose_answer_is_lost_is_repeated_by_telegram_without_effect(place: Place) -> None:
    place.bot_api.faults.order(Fault(kind="lose", method="webhook", times=2))
    port = free_port()
    known = {"HUB_PUBLIC_URL": f"http://127.0.0.1:{port}", "HUB_TELEGRAM_WEBHOOK_SECRET": SECRET} | place.at(0)
    place.does(A1_TELEGRAM, text=REPORT)
    with ExitStack() as processes:
        processes.enter_context(place.process("serve", "--port", str(port), **known))
        until(lambda: answers(port))
        processes.enter_context(place.process("work", **known))  # which tells Telegram where to knock
        until(lambda: replied(place)[A1_TELEGRAM] == 1 and at_telegram(place)["pending_update_count"] == 0)
        place.does(A4_TELEGRAM, text=REPORT)
        until(lambda: replied(place)[A4_TELEGRAM] == 1 and nothing_waits(place))
        with httpx.Client(base_url=known["HUB_PUBLIC_URL"]) as web:
            assert counted(web, "telegram", "kept") == 4
    assert count(place.engine, JournalRow.id) == 2
    assert outcomes(place) == ["accepted", "accepted"]
    assert replied(place) == {A1_TELEGRAM: 1, A4_TELEGRAM: 1}


@pytest.mark.slow
def test_row_07_without_telegrams_secret_nothing_is_stored_and_it_is_counted(place: Place) -> None:
    who = {"id": A1_TELEGRAM, "type": "private"}
    told = {"update_id": 7, "message": {"message_id": 1, "date": 0, "chat": who, "from": who, "text": REPORT}}
    with place.web(HUB_TELEGRAM_WEBHOOK_SECRET=SECRET, **place.at(0)) as web:
        for given in ({}, {PROVED_BY: ""}, {PROVED_BY: "guess"}, {PROVED_BY: SECRET.upper()}):
            assert web.post("/telegram", json=told, headers=given).status_code == 403
        assert counted(web, "telegram", "refused_403") == 4
        assert count(place.engine, JournalRow.id) == 0
        assert web.post("/telegram", json=told, headers={PROVED_BY: SECRET}).status_code == 200
    assert count(place.engine, JournalRow.id) == 1


@pytest.mark.slow
def test_row_11_what_twilio_repeats_at_two_web_processes_is_one_report_with_the_same_answer(place: Place) -> None:
    at = place.at(0)
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form("SM1"))
    with place.web(**at) as first, place.web(**at) as second, place.process("work", **at):
        with ThreadPoolExecutor(6) as repeats:
            sent = [
                repeats.submit(web.post, "/sms/twilio", content=body, headers=headers) for web in 3 * [first, second]
            ]
            got = [it.result() for it in sent]
        until(lambda: heard(place)[A1] == 1)
        got.append(first.post("/sms/twilio", content=body, headers=headers))
        all_is_said(place, second)
    assert [it.status_code for it in got] == [200] * 7
    assert len({it.content for it in got}) == 1
    assert outcomes(place) == ["accepted", "command"]
    assert heard(place) == {A1: 1, A2: 1}


@pytest.mark.slow
def test_row_12_a_bad_or_missing_signature_is_403_and_never_500(place: Place) -> None:
    bodies = (b"", b"{}", b"MessageSid=SM1", b"\xff\0", b'{"MessageSid": "SM1"}')
    signatures = (None, b"", b"bm9wZQ==", "ünsigned".encode())
    types = (b"application/x-www-form-urlencoded", b"application/json")
    with place.web(**place.at(0)) as web:
        got = []
        for number, (body, signature, type) in enumerate(product(bodies, signatures, types)):
            headers = [(b"content-type", type)] + (
                [(b"x-twilio-signature", signature)] if signature is not None else []
            )
            path = ("/sms/twilio", "/sms/twilio/status", "/sms/twilio?bodySHA256=0")[number % 3]
            got.append(web.post(path, content=body, headers=headers).status_code)
        assert got == [403] * 40
        assert counted(web, "twilio", "refused_403") == 40
        assert count(place.engine, JournalRow.id) == 0
        texted(web, A1, REPORT, "SM1")
    assert count(place.engine, JournalRow.id) == 1


@pytest.mark.slow
def test_row_13_behind_a_proxy_with_tls_the_signature_holds_and_a_forged_one_does_not(
    place: Place, tmp_path: Path
) -> None:
    port = free_port()
    with tls_proxy(tmp_path, port) as (outside, trusting), httpx.Client(verify=trusting) as provider:
        url = f"https://127.0.0.1:{outside}"
        with place.process("serve", "--port", str(port), HUB_PUBLIC_URL=url, **place.at(0)):
            until(lambda: answers(port))
            body, headers = signed_form(TOKEN, f"{url}/sms/twilio", form("SM1"))
            assert provider.post(f"{url}/sms/twilio", content=body, headers=headers).status_code == 200
            body, headers = signed_form(TOKEN, f"http://127.0.0.1:{port}/sms/twilio", form("SM2"))
            assert provider.post(f"{url}/sms/twilio", content=body, headers=headers).status_code == 403
    with reading(place.engine) as session:
        assert session.scalars(select(JournalRow.provider_id)).all() == ["SM1"]


@pytest.mark.slow
def test_row_14_an_mms_with_an_empty_body_is_kept_with_its_photo_though_twilio_fails_at_first(place: Place) -> None:
    written = io.BytesIO()
    Image.new("RGB", (320, 80), "teal").save(written, "JPEG")
    place.twilio.faults.order(Fault(method="media", status=500))
    at = place.at(0)
    with place.web(**at) as web, place.process("work", **at):
        named = mms(place, written.getvalue())
        for _ in range(2):
            posted(web, form(named["MessageSid"]) | named | {"Body": ""})
        until(lambda: count(place.engine, MediaRow.id, MediaRow.state == "kept") == 1)
        all_is_said(place, web)
    with reading(place.engine) as session:
        assert session.scalars(select(JournalRow.kind).order_by(JournalRow.id)).all() == ["media", "text"]
        sealed = session.scalars(select(MediaBlobRow.sealed)).one()
        assert session.scalars(select(MediaRow.attempts)).one() == 2
    assert Vault(SECRET_KEY).open(sealed) == written.getvalue()
    assert heard(place) == {A1: 1, A2: 1}


@pytest.mark.slow
def test_row_15_a_replay_an_hour_later_has_no_effect_in_a_process_that_never_saw_it(place: Place) -> None:
    at = place.at(0)
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", form("SM1"))
    with place.process("work", **at):
        with place.web(**at) as web:
            assert web.post("/sms/twilio", content=body, headers=headers).status_code == 200
            until(lambda: heard(place)[A1] == 1)
        place.at(60)
        with place.web(**at) as web:
            assert web.post("/sms/twilio", content=body, headers=headers).status_code == 200
            all_is_said(place, web)
    assert outcomes(place) == ["accepted", "command"]
    told = heard(place)  # and those whose reports are late by then, where they are reminded before the test ends
    assert (told[A1], told[A2]) == (1, 1)


@pytest.mark.slow
def test_row_16_when_the_worker_is_killed_the_webhook_answers_within_a_second_and_the_next_one_reads_all(
    place: Place,
) -> None:
    at, waits = place.at(0), []
    with place.web(**at) as web:
        with place.process("work", **at):
            all_is_said(place, web)
        for number in range(40):
            began = time.perf_counter()
            texted(web, A1, f"SET H07{number:02d} M1 A1", f"SM{number}")
            waits.append(time.perf_counter() - began)
        a_minute_later(place.engine)
        with place.process("work", **at):
            until(lambda: len(outcomes(place)) == 41 and heard(place)[A1] == 40 and nothing_waits(place))
    assert sorted(waits)[20] < 1
    assert outcomes(place) == ["command"] + ["accepted"] * 40


@pytest.mark.slow
def test_row_17_what_came_while_nobody_listened_is_found_by_asking_once(place: Place) -> None:
    """Two of twelve texts reached the hub; then it was gone, for Twilio as for Telegram."""
    url = f"http://127.0.0.1:{free_port()}"
    known = {"HUB_TELEGRAM_WEBHOOK_SECRET": SECRET, "HUB_PUBLIC_URL": url} | place.at(0)
    sids = [missed(place, (A1, A2)[number % 2], f"SET H07{number:02d} M1 A1") for number in range(12)]
    with place.web(**known | {"HUB_PUBLIC_URL": PUBLIC}) as web:
        for number in range(2):
            texted(web, (A1, A2)[number], f"SET H07{number:02d} M1 A1", sids[number])
    for number in range(3):
        update_of(place, A4_TELEGRAM, f"SET H07{number:02d} M1 A1")
    for _ in range(2):
        with place.process("recover", "--since", "2030-03-10T00:00", **known) as recovering:
            assert recovering.wait(PATIENCE) == 0
        assert count(place.engine, JournalRow.id) == 15
    assert at_telegram(place) == {"url": f"{url}/telegram", "pending_update_count": 0}
    with place.process("work", **known):
        until(lambda: len(outcomes(place)) == 15 and nothing_waits(place))
    assert outcomes(place) == ["accepted"] * 15
    assert heard(place) == {A1: 6, A2: 6}
    assert replied(place) == {A4_TELEGRAM: 3}


@pytest.mark.slow
def test_row_19_who_sends_stop_is_marked_and_shown_and_heard_and_told_nothing_until_start(place: Place) -> None:
    at = place.at(0)
    with place.web(**at) as web, place.process("work", **at):
        texted(web, A1, "STOP", "SM1")
        texted(web, A1, REPORT, "SM2")
        all_is_said(place, web)
        assert outcomes(place) == ["ignored", "accepted", "command"]
        assert heard(place) == {A2: 1}
        assert opted_out(place) == ["001"]
        with reading(place.engine) as session:
            assert session.scalars(select(WorkItemRow.detail)).all() == [{"stopped": True}]
        texted(web, A1, "START", "SM3")
        texted(web, A1, "STATUS", "SM4")
        until(lambda: heard(place)[A1] == 1)
    assert opted_out(place) == []


@pytest.mark.slow
def test_row_21_of_a_long_sms_with_a_part_missing_nothing_is_stored_until_it_is_sent_again_as_asked(
    place: Place,
) -> None:
    parts, at = {1: "SET H07", 2: "15 M1", 3: " A1"}, place.at(0)
    with place.web(HUB_KANNEL_TOKEN="kannel", **at) as web, place.process("work", **at):
        for number in (3, 1):
            part_comes(web, 7, number, parts[number])
        until(lambda: count(place.engine, InboxRow.journal_id, InboxRow.attempts == 1) == 2)
        assert heard(place) == {}
        nobody_waits_longer(place)
        until(lambda: heard(place)[A1] == 1)
        assert [it["body"] for it in place.twilio.sent] == ["Il manque la partie 2 sur 3. Renvoyez tout."]
        with reading(place.engine) as session:
            assert session.scalars(select(WorkItemRow.detail)).one()["missing_parts"] == "2"
        assert count(place.engine, StationRecordRow.station_id) == 0
        for number in (2, 3, 1):
            part_comes(web, 8, number, parts[number])
        until(lambda: "accepted" in outcomes(place))
        nobody_waits_longer(place)
        until(lambda: len(outcomes(place)) == 5 and heard(place)[A1] == 2)
    assert Counter(outcomes(place)) == {"accepted": 1, "rejected": 1, "ignored": 3}
    with reading(place.engine) as session:
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:15", "M": "1", "A": "1"}


@pytest.mark.slow
def test_row_23_an_event_of_the_phone_that_is_doubled_is_one_report_and_a_stale_one_is_refused(place: Place) -> None:
    known = {"HUB_SMSGATE_SIGNING_KEY": "key"} | place.at(0)
    with place.web(**known) as web, place.process("work", **known):
        now = int(time.time())
        with ThreadPoolExecutor(3) as repeats:
            doubled = [repeats.submit(event, web, id, now) for id in ("E1", "E2", "E1")]
            assert [it.result() for it in doubled] == [200, 200, 200]
        assert event(web, "E3", now - 301) == 403
        until(lambda: heard(place)[A1] == 1)
        all_is_said(place, web)
        assert counted(web, "smsgate", "refused_403") == 1
    with reading(place.engine) as session:
        kept = session.scalars(select(JournalRow.provider_id).where(JournalRow.gateway == "smsgate"))
        assert sorted(kept) == ["E1", "E2"]
    assert outcomes(place) == ["accepted", "ignored", "command"]
    assert heard(place) == {A1: 1, A2: 1}


def event(web: httpx.Client, id: str, at: int) -> int:
    payload = {"messageId": "a1", "sender": A1, "message": REPORT, "receivedAt": "2030-03-10T08:30:00.123+01:00"}
    body = json.dumps({"event": "sms:received", "id": id, "payload": payload}).encode()
    signature = hmac.new(b"key", body + str(at).encode(), hashlib.sha256).hexdigest()
    return web.post(
        "/sms/smsgate", content=body, headers={"x-signature": signature, "x-timestamp": str(at)}
    ).status_code


def mms(place: Place, photo: bytes) -> dict[str, str]:
    """A photo without words comes to Twilio; how its webhook names it."""
    url = place.environment["HUB_TWILIO_API_URL"]
    files = [{"content": base64.b64encode(photo).decode()}]
    sid = httpx.post(f"{url}/control/twilio/message", json={"from": A1, "files": files}).json()["sid"]
    [message] = [it for it in place.twilio.messages if it["sid"] == sid]
    return place.twilio.named(message) | {"MessageSid": sid}


def missed(place: Place, sender: str, said: str) -> str:
    """A text that only Twilio knows of; its id."""
    url = place.environment["HUB_TWILIO_API_URL"]
    sid = httpx.post(f"{url}/control/twilio/message", json={"from": sender, "body": said}).json()["sid"]
    [message] = [it for it in place.twilio.messages if it["sid"] == sid]
    message |= {"at": MORNING.timestamp(), "date_sent": formatdate(MORNING.timestamp())}
    return str(sid)


def update_of(place: Place, sender: int, said: str) -> None:
    """Somebody writes to the bot in the election's morning."""
    who = {"id": sender, "type": "private"}
    message = {"message_id": 1, "date": int(MORNING.timestamp()), "chat": who, "from": who, "text": said}
    url = place.environment["HUB_TELEGRAM_API_URL"]
    httpx.post(f"{url}/control/update", json={"update": {"message": message}}).raise_for_status()


def part_comes(web: httpx.Client, reference: int, number: int, said: str) -> None:
    """One of three parts that Kannel could not put together."""
    udh = quote(bytes([5, 0, 3, reference, 3, number]))
    asked = f"token=kannel&id=K{reference}-{number}&from={quote(A1)}&to=4400&text={quote(said)}&coding=0&udh={udh}"
    web.get(f"/sms/kannel?{asked}").raise_for_status()


def nobody_waits_longer(place: Place) -> None:
    """The two minutes are over in which a part waits for the others."""
    with writing(place.engine) as session:
        session.execute(update(InboxRow).values(not_before=None))


def form(sid: str) -> dict[str, str]:
    return {"MessageSid": sid, "AccountSid": SID, "From": A1, "To": "+15005550006", "Body": REPORT, "NumMedia": "0"}


def posted(web: httpx.Client, fields: dict[str, str]) -> None:
    body, headers = signed_form(TOKEN, f"{PUBLIC}/sms/twilio", fields)
    web.post("/sms/twilio", content=body, headers=headers).raise_for_status()


def all_is_said(place: Place, web: httpx.Client) -> None:
    """A later message has its answer: what came before it has been read, and what was to be sent has gone."""
    texted(web, A2, "STATUS", "SMlast")
    until(lambda: heard(place)[A2] == 1 and nothing_waits(place))


def nothing_waits(place: Place) -> bool:
    return count(place.engine, OutboxRow.id, OutboxRow.state.in_(("pending", "sending"))) == 0


def outcomes(place: Place) -> list[str]:
    with reading(place.engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))


def opted_out(place: Place) -> list[str]:
    with reading(place.engine) as session:
        return list(session.scalars(select(ContactRow.hint).where(ContactRow.state == "opted_out")))


def replied(place: Place) -> Counter[int]:
    return Counter(int(it["chat_id"]) for it in place.bot_api.sent if it["method"] == "sendMessage")


def at_telegram(place: Place) -> dict[str, Any]:
    """What Telegram says of our webhook."""
    told = httpx.get(f"{place.environment['HUB_TELEGRAM_API_URL']}/bot{BOT}/getWebhookInfo").json()["result"]
    return dict(told)


def counted(web: httpx.Client, gateway: str, result: str) -> float:
    """What the metrics say became of the messages of a gateway."""
    wanted = f'hub_webhooks_total{{gateway="{gateway}",result="{result}"}} '
    lines = web.get("/metrics").text.splitlines()
    return next((float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted)), 0.0)
