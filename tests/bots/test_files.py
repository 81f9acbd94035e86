"""Files of messages: what is named, and fetching it from emulated providers with bad days."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest

import bots.downloads
from bots.emulated.bot_api import BotApi
from bots.emulated.faults import Fault
from bots.emulated.twilio_api import Texted, TwilioApi
from bots.gateway import Attachment, FetchError, TooLarge
from bots.telegram import TelegramGateway, decode_update
from bots.twilio import TwilioGateway
from tests.bots.conftest import BOT_TOKEN

SIZES = [{"file_id": "big", "width": 1280, "file_size": 9000}, {"file_id": "small", "width": 90, "file_size": 90}]


@pytest.mark.parametrize(
    ("content", "files"),
    [
        ({"photo": SIZES}, (Attachment("photo", "big", "image/jpeg", 9000),)),
        ({"photo": []}, ()),
        ({"photo": [{"width": 1}, "?"]}, ()),
        (
            {"document": {"file_id": "D", "mime_type": "application/pdf"}},
            (Attachment("document", "D", "application/pdf"),),
        ),
        ({"voice": {"file_id": "V", "file_size": 5}}, (Attachment("audio", "V", "", 5),)),
        ({"video_note": {"file_id": "N"}}, (Attachment("video", "N"),)),
        ({"animation": {"file_id": "G"}, "document": {"file_id": "G"}}, (Attachment("video", "G"),)),
        ({"sticker": {"file_id": "S"}}, ()),
        ({"text": "no file"}, ()),
    ],
)
def test_telegram_names_one_file_of_a_message(content: dict[str, Any], files: tuple[Attachment, ...]) -> None:
    message = {"message_id": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}, "media_group_id": "G1"}
    decoded = decode_update(json.dumps({"update_id": 1, "message": message | content}).encode())
    assert (decoded.files, decoded.album) == (files, "G1")


def test_a_shared_place_is_told_but_not_somebodys_way() -> None:
    message = {"message_id": 1, "chat": {"id": 7, "type": "private"}, "from": {"id": 7}}
    place = {"location": {"latitude": 42.87, "longitude": 74.59}}
    once, moving = (
        decode_update(json.dumps({"update_id": 1, kind: message | place}).encode())
        for kind in ("message", "edited_message")
    )
    assert (once.kind, once.location) == ("location", "geo:42.87,74.59")
    assert (moving.kind, moving.location) == ("other", "")


async def test_a_telegram_file_comes_whole_or_not_at_all(telegram: TelegramGateway, bot_api: BotApi) -> None:
    bot_api.files["F"] = b"x" * 1000
    assert await telegram.fetch("F", 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        await telegram.fetch("F", 999)


async def test_what_is_permanent_is_told_apart_from_what_passes(telegram: TelegramGateway, bot_api: BotApi) -> None:
    bot_api.files["F"] = b"x"
    for fault, permanent, wait in (
        (Fault(method="getFile", status=400), True, None),
        (Fault(method="getFile", status=429, retry_after=3), False, 3),
        (Fault(method="getFile", kind="lose"), False, None),
        (Fault(method="file", status=500), False, None),
        (Fault(method="file", status=404), False, None),
        (Fault(method="file", status=410), True, None),
        (Fault(method="file", kind="refuse"), False, None),
    ):
        bot_api.faults.order(fault)
        with pytest.raises(FetchError) as failed:
            await telegram.fetch("F", 10)
        assert (failed.value.permanent, failed.value.retry_after) == (permanent, wait), fault


async def test_a_file_that_takes_too_long_is_given_up(
    telegram: TelegramGateway, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.downloads, "IN_ALL", 0.1)
    bot_api.files["F"] = b"x"
    bot_api.faults.order(Fault(method="file", kind="late", seconds=0.5))
    with pytest.raises(FetchError, match="too slow"):
        await telegram.fetch("F", 10)


async def test_no_log_and_no_error_says_the_token(
    telegram: TelegramGateway, bot_api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.INFO)
    bot_api.files["F"] = b"x"
    await telegram.fetch("F", 10)
    with pytest.raises(FetchError) as failed:
        await telegram.fetch("another", 10)
    assert BOT_TOKEN not in caplog.text + str(failed.value)


async def test_a_twilio_file_is_fetched_with_credentials_which_its_redirect_does_not_get(
    twilio: TwilioGateway, twilio_api: TwilioApi
) -> None:
    assert await twilio.fetch(await _mms(twilio_api), 10) == b"bytes"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://twiliocdn.com.example.org/x",
        "http://media.twiliocdn.com/x",
        "https://media.twiliocdn.com:8443/x",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_to_anywhere_else_is_not_followed(
    twilio: TwilioGateway, twilio_api: TwilioApi, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.setattr(twilio_api, "elsewhere", elsewhere)
    with pytest.raises(FetchError, match="redirected") as failed:
        await twilio.fetch(await _mms(twilio_api), 10)
    assert failed.value.permanent


@pytest.mark.parametrize(
    "reference",
    [
        "https://api.twilio.com.example.org/2010-04-01/Accounts/{}/Messages/SM1/Media/ME1",
        "https://example.org/2010-04-01/Accounts/{}/Messages/SM1/Media/ME1",
        "https://api.twilio.com/2010-04-01/Accounts/{}/../ACother/Messages/SM1",
        "https://api.twilio.com/2010-04-01/Accounts/ACother/Messages/SM1/Media/ME1",
        "https://api.twilio.com@example.org/2010-04-01/Accounts/{}/Media/ME1",
        "http://[",
        "",
    ],
)
async def test_only_our_accounts_files_are_asked_for(twilio: TwilioGateway, reference: str) -> None:
    with pytest.raises(FetchError, match="not a file of our account") as failed:
        await twilio.fetch(reference.format(twilio._account_sid), 10)
    assert failed.value.permanent


async def _mms(twilio_api: TwilioApi) -> str:
    file = {"content": base64.b64encode(b"bytes").decode()}
    sent = await twilio_api.text(Texted.model_validate({"from": "+996555010123", "files": [file], "delivered": False}))
    message = next(it for it in twilio_api.messages if it["sid"] == sent["sid"])
    return twilio_api.named(message)["MediaUrl0"]
