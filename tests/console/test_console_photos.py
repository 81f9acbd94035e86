"""Photos on the pages: who may look, what a browser gets, and what the audit says of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, update

from bots.gateway import Attachment, Channel, InboundMessage, OutboundMessage, Refused, Sent, WebhookRequest
from hub.analysis import reconciliation
from hub.database import reading, writing
from hub.intake import journal, pipeline
from hub.media import archive
from hub.media.fetching import Fetching
from hub.models import AccountRow, WorkItemRow
from tests.console.house import A1, House, post


class Album:
    """A road that has one file, whoever asks for it."""

    name = "twilio"
    channel: Channel = "sms"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        raise Refused(403, "no webhooks")

    async def send(self, message: OutboundMessage) -> Sent:
        return Sent("1")

    async def fetch(self, reference: str, limit: int) -> bytes:
        return self._content

    async def close(self) -> None: ...


def protocol() -> bytes:
    """With what a phone writes beside a photo: where it was taken, upside down."""
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Phone"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (2400, 1200), "white").save(written, "JPEG", exif=exif)
    return written.getvalue()


PROTOCOL = protocol()


@pytest.fixture
def send(house: House) -> Callable[..., None]:
    def send(text: str = "", sender: str = A1, content: bytes = PROTOCOL) -> None:
        house.texts += 1
        files = (Attachment("photo", "a file", "image/jpeg"),)
        message = InboundMessage("twilio", "sms", f"MM{house.texts}", sender, text, b"{}", kind="media", files=files)
        with writing(house.hub.engine) as session:
            journal.store(session, [journal.row(message, house.hub.vault, "CM", house.clock[0])])
        pipeline.settle_batch(house.hub, 100)
        asyncio.run(Fetching(house.hub, [Album(content)]).round())

    return send


def test_a_photo_is_shown_beside_the_form_at_the_desk_and_at_its_station(
    house: House, send: Callable[..., None]
) -> None:
    send("SET H2570 M1 A1")
    for path in (f"/desk/{house.item()}", "/find/station/10001", "/find/observer/A1"):
        page = _get(house, "operator-1", path).text
        assert '<img src="/media/1/preview"' in page, path
        assert 'href="/media/1" download' in page, path


def test_what_a_browser_shows_is_our_own_picture_without_what_the_phone_wrote(
    house: House, send: Callable[..., None]
) -> None:
    send()
    answer = _get(house, "operator-1", "/media/1/preview")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"Secret" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.size, dict(image.getexif())) == ((800, 1600), {})


def test_the_bytes_that_came_are_a_download_whatever_they_are(house: House, send: Callable[..., None]) -> None:
    send("SET H0715 M1 A1", content=b"%PDF-1.7 <script>alert(1)</script>")
    answer = _get(house, "operator-1", "/media/1")
    assert answer.content == b"%PDF-1.7 <script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''10001-SET-1.pdf"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert _get(house, "operator-1", "/media/1/preview").status_code == 404


def test_each_look_is_in_the_audit(house: House, send: Callable[..., None]) -> None:
    send()
    for path in ("/media/1", "/media/1/preview"):
        _get(house, "operator-1", path)
    assert house.audited()[-2:] == ["look", "look"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("operator-1", 200), ("littoral", 200), ("office", 200), ("admin", 200), ("montagne", 403), (None, 303)],
)
def test_only_those_may_look_who_may_read_the_message(
    house: House, send: Callable[..., None], who: str | None, status: int
) -> None:
    send()
    if who == "montagne":
        with writing(house.hub.engine) as session:
            session.execute(update(AccountRow).where(AccountRow.name == "littoral").values(region="Montagne"))
        who = "littoral"
    assert _get(house, who, "/media/1").status_code == status
    assert _get(house, who, "/media/99").status_code in (404, 303)


def test_a_strangers_file_is_fetched_when_the_desk_asks_for_it(house: House, send: Callable[..., None]) -> None:
    send(sender="+237699999999")
    with reading(house.hub.engine) as session:
        item = f"/desk/{session.scalars(select(WorkItemRow.id).where(WorkItemRow.journal_id == 1)).one()}"
    assert "is not on the roster" in _get(house, "operator-1", item).text
    assert _get(house, "operator-1", "/media/1").status_code == 404

    async def ask() -> httpx.Response:
        async with house.browser("operator-1") as browser:
            return await post(browser, "/media/1/fetch")

    assert asyncio.run(ask()).headers["location"] == item
    asyncio.run(Fetching(house.hub, [Album(PROTOCOL)]).round())
    with reading(house.hub.engine) as session:
        file = archive.one(session, 1)
    assert file is not None
    assert file.state == "kept"
    assert house.audited()[-1] == "fetch_file"


def _get(house: House, who: str | None, path: str) -> httpx.Response:
    async def get() -> httpx.Response:
        async with house.browser(who) as browser:
            return await browser.get(path)

    return asyncio.run(get())


def test_the_lawyers_see_the_protocols_photo_beside_what_differs(house: House, send: Callable[..., None]) -> None:
    house.clock[0] += timedelta(hours=14)
    send("TAL 10001 R900 V50 YA20 YB30")
    with writing(house.hub.engine) as session:
        official = {"10001": {"R": "900", "V": "60", "YA": "30", "YB": "30"}}
        reconciliation.take_official(session, "TAL", official, house.clock[0])
    page = _get(house, "office", "/findings/protocols").text
    assert page.index(">V</th>") < page.index(">60</td>") < page.index('<img src="/media/1/preview"')
    assert ">R</th>" not in page
    figures = _get(house, "analyst", "/findings/protocols").text
    assert ">60</td>" in figures
    assert "/media/" not in figures  # a photo names who sent it


def test_an_incident_has_the_photo_that_was_sent_with_it(house: House, send: Callable[..., None]) -> None:
    send("ALR 10001 201 posters")
    assert '<img src="/media/1/preview"' in _get(house, "littoral", "/alerts/incidents/1").text
