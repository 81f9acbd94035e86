"""Everything that can be tried before the day, tried: `hub doctor` prints it as the go-live checklist."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError

from bots import standing
from bots.standing import Ask, Standing
from hub.database import open_engine, reading
from hub.doctor import machine, people
from hub.doctor.checks import Check, doubtful, fine, wrong
from hub.sample import importer
from hub.settings import Settings

BY_HAND = (
    "The secret key is kept in two places apart from the database, and somebody else knows where.",
    "A backup was restored on another machine, and `hub doctor` was content there.",
    "A phone of every carrier in every region sent each form and one incident, and got its reply.",
    "A coordinator of each region pressed Acknowledge, and was called where they did not.",
    "Every operator logged in on the computer they will sit at, and corrected a message.",
    "The providers' support numbers and our account numbers are on the wall; so is docs/RUNBOOK.md.",
    "The credit at the providers lasts for three times the messages of the day.",
    "There is a second power supply, a second way into the net, and somebody awake with the machine all night.",
)


def examine(settings: Settings, now: datetime) -> dict[str, list[Check]]:
    """Heading → checks. `now`: real time. Nothing is sent to anybody; nothing is written but a probe in the spool."""
    found = {"Machine": [*machine.settings(settings), *machine.files(settings), *machine.disks(settings)]}
    found["Providers"] = asyncio.run(_providers(settings, now))
    try:
        engine = open_engine(settings.database_url)
    except (ArgumentError, OSError) as error:
        return found | {"Database": [wrong("database", f"HUB_DATABASE_URL cannot be used ({type(error).__name__})")]}
    try:
        found["Database"] = list(machine.database(engine, now))
        if all(check.state != "wrong" for check in found["Database"] if check.what in ("database", "schema")):
            found["Election"] = _election(engine, settings)
    finally:
        engine.dispose()
    return found


async def _providers(settings: Settings, now: datetime) -> list[Check]:
    """All are asked at once: one that does not answer takes ten seconds."""
    asked = _calls(settings)
    standings = await asyncio.gather(*(standing.ask(call) for call in asked.values()))
    found = [check for name, told in zip(asked, standings, strict=True) for check in _judged(name, told, now)]
    if urlsplit(settings.public_url).scheme != "https":
        found.insert(0, wrong("public address", f"{settings.public_url} is not https: set HUB_PUBLIC_URL"))
    if len(asked) == 1:
        found.append(wrong("gateways", "none is configured, so that nobody can report: see config/settings.example"))
    return found


def _calls(settings: Settings) -> dict[str, Ask]:
    """Of what is configured, as `bootstrap.open_gateways` has it."""
    public = settings.public_url.rstrip("/")
    calls = {"public address": standing.hub(public)}
    if token := settings.telegram_token.get_secret_value():
        hook = f"{public}/telegram" if settings.telegram_webhook_secret.get_secret_value() else ""
        calls["telegram"] = standing.telegram(token, settings.telegram_api_url, hook)
    if token := settings.twilio_auth_token.get_secret_value():
        account, number = settings.twilio_account_sid, settings.twilio_from
        calls["twilio"] = standing.twilio(account, token, number, f"{public}/sms/twilio", settings.twilio_api_url)
    if settings.kannel_token.get_secret_value():
        calls["kannel"] = standing.kannel(settings.kannel_send_url)
    if settings.smsgate_signing_key.get_secret_value():
        calls["smsgate"] = standing.smsgate(settings.smsgate_api_url)
    return calls


def _judged(name: str, told: Standing, now: datetime) -> Iterator[Check]:
    yield from (wrong(name, words) for words in told.wrong)
    yield from (doubtful(name, words) for words in told.doubtful)
    if not told.wrong and not told.doubtful:
        yield fine(name, told.who)
    if told.clock is not None:
        # A Date header has whole seconds, and was on its way for some.
        yield machine.clock(f"clock of {name}", told.clock, now)


def _election(engine: Engine, settings: Settings) -> list[Check]:
    with reading(engine) as session:
        loaded = importer.election(session)
        if loaded is None:
            return [wrong("election", "none is loaded: hub init DIR")]
        return list(people.election(session, loaded, people.roads(settings)))
