"""Photos, documents and places, as dialogues: what is sent, what is answered, what is kept and for what."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from bots.emulated.faults import Fault
from bots.emulated.twilio_api import Texted, TextedFile
from hub.database import reading, writing
from hub.intake import recovery
from hub.intake.recovery import Recovered
from hub.media import archive, export, fetching
from hub.media.archive import File
from hub.media.fetching import Fetching
from hub.models import IncidentRow, JournalRow, MediaBlobRow, MediaRow
from tests.journeys.town import MORNING, Town

A1, PHONE, STRANGER = 8100001, "+237670000001", 8199999


def photo(colour: str = "red", **saved: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(written, "JPEG", **saved)
    return written.getvalue()


PHOTO = photo()
EVENING = MORNING + timedelta(hours=14)  # when the tally is due, and photos are taken to be of it


async def send_photo(
    town: Town, id: str, caption: str = "", sender: int = A1, content: bytes = PHOTO, **more: Any
) -> None:
    """As Telegram does: the same photo in two sizes, the smaller one first."""
    town.bot_api.files[id] = content
    sizes = [{"file_id": f"{id}-small", "width": 9, "height": 7}, {"file_id": id, "width": 40, "height": 30}]
    message = {"message_id": town.updates, "date": 0, "chat": {"id": sender, "type": "private"}, "from": {"id": sender}}
    words = {"caption": caption} if caption else {}
    assert (await town.update({"message": message | {"photo": sizes} | words | more})).status_code == 200


async def send_file(town: Town, id: str, content: bytes, kind: str = "document", **told: Any) -> None:
    town.bot_api.files[id] = content
    message = {"message_id": town.updates, "date": 0, "chat": {"id": A1, "type": "private"}, "from": {"id": A1}}
    await town.update({"message": message | {kind: {"file_id": id} | told}})


async def mms(town: Town, body: str = "", *files: TextedFile, sender: str = PHONE) -> None:
    """From a phone at Twilio to our webhook, signed, with the files where Twilio says they are."""
    sent = await town.twilio_api.text(Texted.model_validate({"from": sender, "body": body, "files": files}))
    message = next(it for it in town.twilio_api.messages if it["sid"] == sent["sid"])
    assert (await town.sms(sender, body, sent["sid"], **town.twilio_api.named(message))).status_code == 200


def texted(content: bytes = PHOTO, type: str = "image/jpeg") -> TextedFile:
    return TextedFile(content=base64.b64encode(content).decode(), type=type)


async def fetch(town: Town) -> None:
    while await Fetching(town.hub, town.gateways.all()).round():
        pass


def files(town: Town) -> list[File]:
    """All there are, oldest first."""
    with reading(town.hub.engine) as session:
        return [
            found
            for id in session.scalars(select(MediaRow.id).order_by(MediaRow.id))
            if (found := archive.one(session, id))
        ]


def states(town: Town) -> list[tuple[str, str]]:
    return [(file.state, file.reason) for file in files(town)]


async def test_a_photo_without_words_is_kept_with_its_hash_time_and_sender_for_the_form_that_is_due(town: Town) -> None:
    await send_photo(town, "F1")
    await town.work()
    assert town.told() == [("8100001", "Reçu pour SET 10001. Envoyez aussi le texte.")]
    [submission] = town.submissions()
    assert (submission.outcome, submission.form) == ("media", "SET")
    await fetch(town)
    [file] = files(town)
    assert (file.who, file.station, file.form, file.received_at) == ("A1", "10001", "SET", MORNING)
    assert (file.state, file.type, file.size) == ("kept", "image/jpeg", len(PHOTO))
    assert file.sha256 == hashlib.sha256(PHOTO).hexdigest()
    with reading(town.hub.engine) as session:
        assert archive.original(session, town.hub.vault, file) == PHOTO
        assert PHOTO not in session.scalars(select(MediaBlobRow.sealed)).one()
    assert town.desk() == []


async def test_a_caption_that_is_a_report_is_read_as_any_text_and_has_its_photo(town: Town) -> None:
    await send_photo(town, "F1", "SET 10001 H0715 M1 A1")
    await town.work()
    assert town.told() == [("8100001", "SET 10001 : reçu. H07:15 M1 A1")]
    await fetch(town)
    [file] = files(town)
    assert (file.station, file.form, file.text) == ("10001", "SET", "SET 10001 H0715 M1 A1")


async def test_a_photo_belongs_to_the_report_before_it_and_one_that_came_first_to_the_report_after_it(
    town: Town,
) -> None:
    await send_photo(town, "F1")
    await town.work()
    await town.sms(PHONE, "ALR 10001 201 affiches")
    await town.work()
    await send_photo(town, "F2")
    await town.work()
    first, second = files(town)
    with reading(town.hub.engine) as session:
        number = session.scalars(select(IncidentRow.id)).one()
        assert [file.id for file in archive.of_incident(session, number)] == [second.id, first.id]
    assert ("8100001", f"Reçu avec l'incident {number}.") in town.told()
    town.clock[0] += timedelta(hours=1)
    await town.sms(PHONE, "SET 10001 H0715 M1 A1")
    await town.work()
    assert [file.incident_id for file in files(town)] == [number, number]  # an hour later they speak of something else


async def test_a_photo_and_the_report_after_it_in_one_batch_belong_together(town: Town) -> None:
    town.clock[0] = EVENING
    await send_photo(town, "F1")
    await town.telegram(A1, "SET 10001 H0715 M1 A1")
    await send_photo(town, "F2")
    await town.work()
    assert [(file.form, file.station) for file in files(town)] == [("SET", "10001")] * 2
    assert "Reçu avec SET 10001." in [text for _, text in town.told()]


async def test_the_parts_of_an_album_belong_to_one_report_and_are_answered_once(town: Town) -> None:
    town.clock[0] = EVENING
    for id, caption in (("F1", ""), ("F2", "SET 10001 H0715 M1 A1"), ("F3", "")):
        await send_photo(town, id, caption, media_group_id="album-1")
        await town.work()
    assert [file.form for file in files(town)] == ["SET"] * 3
    assert len([text for _, text in town.told() if "Reçu" in text]) == 1
    with reading(town.hub.engine) as session:
        assert len(archive.of_item(session, files(town)[1].journal_id, None, "")) == 3


async def test_an_mms_is_fetched_with_the_accounts_credentials_and_kept_as_a_photo_is(town: Town) -> None:
    await mms(town, "SET 10001 H0715 M1 A1", texted(), texted(photo("blue")))
    await mms(town, "", texted(photo("green")))
    await mms(town, "", texted(photo("black")), sender=f"whatsapp:{PHONE}")
    await town.work()
    await fetch(town)
    assert [(file.state, file.form, file.who) for file in files(town)] == [("kept", "SET", "A1")] * 4
    assert "Reçu avec SET 10001." in [text for _, text in town.told()]


async def test_a_missed_mms_is_recovered_with_its_files(town: Town) -> None:
    asked = {"from": PHONE, "body": "", "delivered": False, "files": [texted()]}
    await town.twilio_api.text(Texted.model_validate(asked))
    assert town.gateways.twilio
    since = MORNING.replace(year=2020)
    assert await recovery.from_twilio(town.hub, town.gateways.twilio, since) == Recovered("twilio", 1, 1)
    await town.work()
    await fetch(town)
    assert states(town) == [("kept", "")]


async def test_what_cannot_be_fetched_now_is_fetched_later(town: Town) -> None:
    town.bot_api.faults.order(Fault(method="getFile", status=429, retry_after=1))
    town.bot_api.faults.order(Fault(method="file", status=500))
    await send_photo(town, "F1")
    await town.work()
    for _ in range(2):
        await fetch(town)
        assert files(town)[0].state == "waiting"
        _wait(town)
    await fetch(town)
    assert states(town) == [("kept", "")]


async def test_what_is_gone_for_good_goes_to_the_desk_and_can_be_asked_for_again(town: Town) -> None:
    await send_photo(town, "F1")
    gone = town.bot_api.files.pop("F1")
    await town.work()
    await fetch(town)
    assert states(town) == [("lost", "getFile 400")]
    [item] = town.desk()
    assert (item.kind, item.form, item.detail) == ("message", "SET", {"file": "lost", "why": "getFile 400"})
    town.bot_api.files["F1"] = gone
    with writing(town.hub.engine) as session:
        assert archive.ask_for(session, files(town)[0].id, town.hub.timer())
    await fetch(town)
    assert states(town) == [("kept", "")]


async def test_a_file_that_fails_for_hours_is_lost_and_the_desk_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ATTEMPTS", 2)
    town.bot_api.faults.order(Fault(method="file", status=500, times=2))
    await send_photo(town, "F1")
    await town.work()
    await fetch(town)
    _wait(town)
    await fetch(town)
    assert states(town) == [("lost", "500")]
    assert len(town.desk()) == 1


async def test_bytes_that_are_no_photo_are_refused_whatever_they_are_called(town: Town) -> None:
    await mms(town, "", texted(b"MZ\x90 a program", "image/jpeg"))
    await town.work()
    await fetch(town)
    assert states(town) == [("refused", "type")]
    assert [item.detail["file"] for item in town.desk()] == ["refused"]


async def test_a_file_larger_than_the_limit_is_refused_before_it_is_fetched_or_while(town: Town) -> None:
    limit = town.hub.settings.file_limit
    await send_file(town, "F1", b"", file_size=limit + 1, mime_type="application/pdf")
    await send_file(town, "F2", b"%PDF-" + bytes(limit))
    await send_file(town, "F3", b"", "video", mime_type="video/mp4")
    await send_file(town, "F4", b"OggS voice", "voice", mime_type="audio/ogg")
    await town.work()
    assert sorted(text for _, text in town.told()) == [
        "Pas de vidéo, s'il vous plaît.",
        "Plus de 10 Mo.",
        "Reçu pour SET 10001. Envoyez aussi le texte.",
        "Reçu pour SET 10001. Envoyez aussi le texte.",
    ]
    await fetch(town)
    assert states(town) == [("refused", "too large"), ("refused", "too large"), ("refused", "video"), ("kept", "")]


async def test_a_bomb_is_kept_as_evidence_and_never_shown(town: Town) -> None:
    written = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(written, "PNG")
    await send_photo(town, "F1", content=written.getvalue())
    await town.work()
    await fetch(town)
    [file] = files(town)
    assert (file.state, file.type, file.has_picture) == ("kept", "image/png", False)


async def test_a_worker_killed_while_it_fetched_leaves_the_file_to_the_next_one(town: Town) -> None:
    await send_photo(town, "F1")
    await town.work()
    dead = Fetching(town.hub, town.gateways.all())
    assert len(dead._claim()) == 1  # and no more is heard of it
    await fetch(town)
    assert files(town)[0].state == "waiting"
    _wait(town)
    await fetch(town)
    assert states(town) == [("kept", "")]


async def test_a_strangers_photo_is_not_fetched_until_the_desk_asks_for_it(town: Town) -> None:
    await send_photo(town, "F1", sender=STRANGER)
    await town.work()
    await fetch(town)
    assert states(town) == [("held", "")]
    assert [item.detail for item in town.desk()] == [{"file": "held"}]


async def test_nobody_can_fill_the_disk(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town.hub.settings, "files_per_person", 1)
    for id in ("F1", "F2"):
        await send_photo(town, id)
        await town.work()
    assert [file.state for file in files(town)] == ["waiting", "held"]


async def test_an_edited_caption_ties_the_photo_anew_and_adds_none(town: Town) -> None:
    town.clock[0] = EVENING
    await send_photo(town, "F1")
    await town.work()
    assert [file.form for file in files(town)] == ["TAL"]
    [entry] = town.journal()
    number = int(entry.context["message"])
    sizes = [{"file_id": "F1", "width": 40, "height": 30}]
    sender = {"chat": {"id": A1, "type": "private"}, "from": {"id": A1}, "message_id": number, "photo": sizes}
    await town.update({"edited_message": sender | {"caption": "SET 10001 H0715 M1 A1", "edit_date": 1}})
    await town.work()
    assert [file.form for file in files(town)] == ["SET"]


async def test_a_place_is_kept_as_evidence_sealed_and_unanswered(town: Town) -> None:
    await town.update(
        {
            "message": {
                "message_id": 1,
                "date": 0,
                "chat": {"id": A1, "type": "private"},
                "from": {"id": A1},
                "location": {"latitude": 4.05, "longitude": 9.7},
            }
        }
    )
    await town.work()
    assert town.told() == []
    [file] = files(town)
    assert (file.kind, file.state, file.station, file.form) == ("location", "kept", "10001", "SET")
    with reading(town.hub.engine) as session:
        assert archive.original(session, town.hub.vault, file) == b"geo:4.05,9.7"
        assert "9.7" not in str(session.scalars(select(JournalRow.context)).one())


async def test_the_same_bytes_sent_twice_are_kept_once(town: Town) -> None:
    for id in ("F1", "F2"):
        await send_photo(town, id)
    await town.work()
    await fetch(town)
    assert states(town) == [("kept", "")] * 2
    with reading(town.hub.engine) as session:
        assert len(session.scalars(select(MediaBlobRow.sha256)).all()) == 1


def _wait(town: Town) -> None:
    """As if the pause, or the lease, were over."""
    with writing(town.hub.engine) as session:
        session.execute(update(MediaRow).values(not_before=MORNING.replace(year=2020), lease_until=None))


async def test_what_is_exported_tells_nothing_of_the_phone_and_is_tied_to_its_original(
    town: Town, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Phone"
    content = photo(exif=exif)
    await send_photo(town, "F1", "SET 10001 H0715 M1 A1", content=content)
    await send_file(town, "F2", b"%PDF-1.7 by Secret Author")
    await town.work()
    await fetch(town)
    with reading(town.hub.engine) as session:
        assert export.write(session, town.hub.vault, tmp_path / "out") == 1
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["10001-SET-1.jpg", "index.csv"]
    exported = (tmp_path / "out" / "10001-SET-1.jpg").read_bytes()
    assert b"Secret" in content
    assert b"Secret" not in exported
    index = (tmp_path / "out" / "index.csv").read_text("utf-8-sig")
    for known in (exported, content, b"%PDF-1.7 by Secret Author"):
        assert hashlib.sha256(known).hexdigest() in index
