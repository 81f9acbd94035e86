"""Heads told to outside parties: by Telegram, by e-mail, and what they then prove."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_string

import pytest
from sqlalchemy import update

from bots.email import EmailGateway
from bots.gateway import OutboundMessage, SendError
from hub.context import Hub
from hub.custody import anchors
from hub.custody.chain import Sealer
from hub.database import reading, writing
from hub.models import OutboxRow
from hub.settings import Settings
from tests.custody.archive import Archive


def told_to(archive: Archive, whom: str, later: timedelta = timedelta(0)) -> Hub:
    settings = archive.hub.settings.model_copy(update={"anchors": whom})
    real = archive.hub.timer
    return replace(archive.hub, settings=settings, timer=lambda: real() + later)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_head_goes_out_every_five_minutes_and_proves_what_was_rewritten(archive: Archive) -> None:
    archive.town.told()
    Sealer(told_to(archive, "telegram:-100123")).take()
    Sealer(told_to(archive, "telegram:-100123")).take()
    await archive.town.work()
    [(chat, text)] = archive.town.told()
    assert (chat, text) == ("-100123", f"arvenia-2030 {archive.head()}")
    assert archive.verdict(text).counts["checkpoint"] == 2  # as it is in the outbox, and as it was kept
    later = told_to(archive, "telegram:-100123", anchors.EVERY)
    Sealer(later).take()
    with reading(archive.hub.engine) as session:
        assert len(anchors.sent(session)) == 1  # nothing was said since: the same head is not told twice
    with writing(archive.hub.engine) as session:
        session.execute(update(OutboxRow).where(OutboxRow.kind == anchors.KIND).values(text="all is well"))
    assert "written anew" in archive.verdict().broken


@pytest.mark.parametrize("setting", ["-100123", "telegram:", "signal:5"])
def test_a_recipient_is_a_road_and_an_address(setting: str) -> None:
    with pytest.raises(ValueError, match="anchors"):
        Settings(anchors=setting)


def test_a_mailbox_needs_a_server_to_send_by() -> None:
    with pytest.raises(ValueError, match="HUB_SMTP_URL"):
        Settings(anchors="mailto:notary@example.org")


class Server(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            word = line.split()[0].upper()
            if word == b"RCPT" and b"nobody" in line:
                self.wfile.write(b"550 no such user\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(letter.decode())  # type: ignore[attr-defined]
                self.wfile.write(b"250 taken\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


@contextmanager
def mail_server() -> Iterator[tuple[str, list[str]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}", server.letters  # type: ignore[attr-defined]
        server.shutdown()


async def test_a_letter_says_what_it_is_and_refusals_are_told_from_failures() -> None:
    with mail_server() as (url, letters):
        gateway = EmailGateway(url, "hub@example.org")
        text = "arvenia-2030 #17 2030-03-10T08:35:00Z 3f2a"
        sent = await gateway.send(OutboundMessage(to="notary@example.org", text=text, reference="out5"))
        letter = message_from_string(letters[0])
        told = letter["Subject"], letter["To"], letter["Message-ID"], letter.get_payload().strip()  # type: ignore[union-attr]
        assert told == ("arvenia-2030 #17", "notary@example.org", sent.provider_id, text)
        with pytest.raises(SendError) as refused:
            await gateway.send(OutboundMessage(to="nobody@example.org", text=text, reference="out6"))
        assert refused.value.permanent
    with pytest.raises(SendError) as away:
        await gateway.send(OutboundMessage(to="notary@example.org", text=text, reference="out7"))
    assert (away.value.permanent, "example.org" in away.value.reason) == (False, False)
