"""Sends e-mail. A way out alone: for what the hub tells outside parties, not for reports."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bots.gateway import Channel, InboundMessage, OutboundMessage, Refused, SendError, Sent, WebhookRequest
from bots.wire import tls

TIMEOUT = 15.0  # seconds


class EmailGateway:
    """`server`: smtps://user:password@host, or smtp://… where the server offers STARTTLS (no password goes without)."""

    name = "email"
    channel: Channel = "email"

    def __init__(self, server: str, sender: str) -> None:
        self._server = urlsplit(server)
        self._sender = sender

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:  # noqa: ARG002
        raise Refused(403, "no reports come by e-mail")

    async def send(self, message: OutboundMessage) -> Sent:
        letter = EmailMessage()
        letter["From"], letter["To"] = self._sender, message.to
        letter["Subject"] = " ".join(message.text.split()[:2])
        letter["Message-ID"] = f"<{message.reference}@{self._sender.rpartition('@')[2]}>"
        letter.set_content(message.text)
        await asyncio.to_thread(self._hand_over, letter)
        return Sent(letter["Message-ID"])

    async def close(self) -> None:
        """Nothing is open."""

    def _hand_over(self, letter: EmailMessage) -> None:
        server = self._server
        try:
            if server.scheme == "smtps":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.hostname or "", server.port or 465, timeout=TIMEOUT, context=tls()
                )
            else:
                connection = smtplib.SMTP(server.hostname or "", server.port or 587, timeout=TIMEOUT)
            with connection:
                if server.scheme == "smtp" and connection.has_extn("starttls"):
                    connection.starttls(context=tls())
                if server.username:
                    connection.login(unquote(server.username), unquote(server.password or ""))
                connection.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            raise SendError("email: the server refuses this address", permanent=True) from error
        except (smtplib.SMTPException, OSError) as error:
            # Only the kind of error: its text may hold an address. A second checkpoint does no harm.
            raise SendError(f"email: {type(error).__name__}") from error
