"""Puts the hub together from its settings: the one place that knows every gateway."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from bots.email import EmailGateway
from bots.gateway import Gateway
from bots.kannel import KannelGateway
from bots.smsgate import SmsGateGateway
from bots.telegram import TelegramGateway
from bots.twilio import TwilioGateway
from hub import clock, leadership
from hub.context import Hub
from hub.database import open_engine, reading, time_there
from hub.sample import importer
from hub.settings import Settings
from hub.vault import Vault


class NotReady(Exception):
    """The hub cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Gateways:
    """The roads that are configured. An unset secret leaves a road out; it never opens one to everybody."""

    twilio: TwilioGateway | None = None
    telegram: TelegramGateway | None = None
    kannel: KannelGateway | None = None
    smsgate: SmsGateGateway | None = None
    email: EmailGateway | None = None

    def all(self) -> list[Gateway]:
        """In the order in which they are tried for a message that answers none."""
        roads = (self.telegram, self.kannel, self.twilio, self.smsgate, self.email)
        return [gateway for gateway in roads if gateway is not None]


def open_hub(settings: Settings, *, rotating: bool = False) -> Hub:
    """Raises `NotReady` where the secret is missing, keys are to be rotated first, or no election is loaded."""
    try:
        vault = Vault(settings.secret_key.get_secret_value(), settings.secret_key_old.get_secret_value())
    except ValueError as error:
        raise NotReady(str(error)) from error
    engine = open_engine(settings.database_url)
    with reading(engine) as session:
        try:
            election = importer.election(session)
        except ValidationError as error:
            raise NotReady(f"{_unknown(error)}; bring this machine up to the version that wrote it") from error
        timer = clock.agreed(told) if (told := time_there(session)) else clock.system
        rotated = vault.old is None or leadership.seen(session, f"key {vault.fingerprint}") is not None
    if election is None:
        raise NotReady("no election is loaded; load one with: hub init config/<election>")
    if not rotated and not rotating:
        raise NotReady("HUB_SECRET_KEY_OLD is set: run hub rotate-key first; its first step takes a second")
    now = clock.rehearsal(settings.rehearsal_clock) if settings.rehearsal_clock else clock.system
    return Hub(settings, engine, vault, election, now, timer)


def _unknown(error: ValidationError) -> str:
    """An older version beside a newer one: it goes on with the election it knows, and reads no newer one."""
    places = sorted({".".join(map(str, it["loc"])) for it in error.errors()})
    return f"this version of the hub cannot read the election in the database: {', '.join(places)}"


def sms_road(settings: Settings) -> str:
    """The gateway by which an SMS leaves that answers none; "" where none is configured."""
    roads = {
        "kannel": settings.kannel_token,
        "twilio": settings.twilio_auth_token,
        "smsgate": settings.smsgate_signing_key,
    }
    return next((name for name, secret in roads.items() if secret.get_secret_value()), "")


def open_gateways(settings: Settings) -> Gateways:
    twilio = telegram = kannel = smsgate = email = None
    if settings.twilio_auth_token.get_secret_value():
        twilio = TwilioGateway(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            from_number=settings.twilio_from,
            public_url=settings.public_url,
            api_url=settings.twilio_api_url,
        )
    if settings.telegram_token.get_secret_value():
        telegram = TelegramGateway(
            token=settings.telegram_token.get_secret_value(),
            webhook_secret=settings.telegram_webhook_secret.get_secret_value(),
            api_url=settings.telegram_api_url,
        )
    if token := settings.kannel_token.get_secret_value():
        kannel = KannelGateway(token, settings.kannel_send_url, settings.public_url)
    if signing_key := settings.smsgate_signing_key.get_secret_value():
        smsgate = SmsGateGateway(signing_key, settings.smsgate_api_url)
    if server := settings.smtp_url.get_secret_value():
        email = EmailGateway(server, settings.smtp_from)
    return Gateways(twilio, telegram, kannel, smsgate, email)
