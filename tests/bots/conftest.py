"""Emulated providers on real loopback sockets, and the real gateways pointed at them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.emulated.twilio_api import TwilioApi
from bots.telegram import TelegramGateway
from bots.twilio import TwilioGateway

BOT_TOKEN = "4200:AA-emulated"
ACCOUNT = "AC00000000000000000000000000000001"
AUTH_TOKEN = "an auth token"
OUR_NUMBER = "+15005550006"


@dataclass(frozen=True)
class Emulation:
    client: httpx.Client
    bot_api: BotApi
    twilio_api: TwilioApi


@pytest.fixture(scope="module")
def emulation() -> Iterator[Emulation]:
    bot_api = BotApi(BOT_TOKEN, retry_seconds=0.02)
    twilio_api = TwilioApi(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, callbacks=False)
    with running(bot_api, twilio_api) as url, httpx.Client(base_url=url) as client:
        yield Emulation(client, bot_api, twilio_api)


@pytest.fixture
def emulated_url(emulation: Emulation) -> str:
    """Both providers, freshly forgetful."""
    for control in ("/control/reset", "/control/twilio/reset"):
        assert emulation.client.post(control).is_success
    return str(emulation.client.base_url).rstrip("/")


@pytest.fixture
def bot_api(emulation: Emulation, emulated_url: str) -> BotApi:
    return emulation.bot_api


@pytest.fixture
def twilio_api(emulation: Emulation, emulated_url: str) -> TwilioApi:
    return emulation.twilio_api


@pytest.fixture
async def telegram(emulated_url: str) -> AsyncIterator[TelegramGateway]:
    gateway = TelegramGateway(BOT_TOKEN, "hook-secret", emulated_url)
    yield gateway
    await gateway.close()


@pytest.fixture
async def twilio(emulated_url: str) -> AsyncIterator[TwilioGateway]:
    gateway = TwilioGateway(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, "https://hub.example", emulated_url)
    yield gateway
    await gateway.close()


@pytest.fixture
def closed_url() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
