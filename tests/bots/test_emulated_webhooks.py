"""The webhooks that the emulated providers send: taken by the real gateways, repeated as the real ones repeat."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import APIRouter, Request, Response

from bots.emulated.bot_api import BotApi
from bots.emulated.faults import Fault
from bots.emulated.server import running
from bots.emulated.twilio_api import TwilioApi
from bots.gateway import OutboundMessage, WebhookRequest
from bots.telegram import TelegramGateway
from bots.twilio import TwilioGateway

TOKEN = "4200:AA-emulated"
ACCOUNT = "AC00000000000000000000000000000001"


@dataclass
class Hub:
    """Takes any webhook; answers 500 to the first `failures`."""

    failures: int = 0
    requests: list[WebhookRequest] = field(default_factory=list)

    def routes(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/{path:path}", self._take, methods=["POST"])
        return router

    async def close(self) -> None:
        """Nothing is open."""

    async def _take(self, request: Request) -> Response:
        if self.failures:
            self.failures -= 1
            return Response(status_code=500)
        body, url = await request.body(), request.url
        self.requests.append(WebhookRequest("POST", url.path, url.query, dict(request.headers), body))
        return Response()


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def hub_url(hub: Hub) -> Iterator[str]:
    with running(hub) as url:
        yield url


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - it happens in another thread
            await asyncio.sleep(0.01)


async def test_telegram_repeats_a_webhook_until_it_is_taken_and_keeps_the_order(
    hub: Hub, hub_url: str, bot_api: BotApi, emulated_url: str, telegram: TelegramGateway
) -> None:
    hub.failures = 2
    bot_api.faults.order(Fault(kind="twice", method="webhook"))
    async with httpx.AsyncClient(base_url=emulated_url) as client:
        for n in range(3):
            await client.post("/control/update", json={"from": 700123, "text": f"OPN {n}"})
        webhook = {"url": f"{hub_url}/telegram", "secret_token": "hook-secret"}
        assert (await client.post(f"/bot{TOKEN}/setWebhook", json=webhook)).json() == {"ok": True, "result": True}
        await until(lambda: len(hub.requests) >= 3)
        await client.post(f"/bot{TOKEN}/deleteWebhook")
    texts = [message.text for request in hub.requests for message in telegram.decode(request)]
    assert texts == ["OPN 0", "OPN 1", "OPN 2"]


async def test_telegram_repeats_a_webhook_whose_answer_was_lost(
    hub: Hub, hub_url: str, bot_api: BotApi, emulated_url: str, telegram: TelegramGateway
) -> None:
    bot_api.faults.order(Fault(kind="lose", method="webhook"))
    async with httpx.AsyncClient(base_url=emulated_url) as client:
        webhook = {"url": f"{hub_url}/telegram", "secret_token": "hook-secret"}
        await client.post(f"/bot{TOKEN}/setWebhook", json=webhook)
        await client.post("/control/update", json={"from": 700123, "text": "OPN 5191"})
        await until(lambda: len(hub.requests) == 2)
    assert len({telegram.decode(request)[0].provider_id for request in hub.requests}) == 1


async def test_twilio_signs_what_phones_text_and_what_became_of_ours(hub: Hub, hub_url: str) -> None:
    emulated = TwilioApi(ACCOUNT, "an auth token", webhook=f"{hub_url}/sms/twilio")
    with running(emulated) as url:
        gateway = TwilioGateway(ACCOUNT, "an auth token", "+15005550006", hub_url, url)
        async with httpx.AsyncClient(base_url=url) as phones:
            texted = await phones.post("/control/twilio/message", json={"from": "+996555010123", "body": "OPN & 5191"})
            await phones.post(
                "/control/twilio/message", json={"from": "+996555010123", "body": "missed", "delivered": False}
            )
        emulated.faults.order(Fault(method="status", code=30005, to="+996555010124"))
        failed = await gateway.send(OutboundMessage("+996555010124", "a", "7"))
        sent = await gateway.send(OutboundMessage("+996555010125", "a", "8"))
        await until(lambda: len(hub.requests) == 5)
        await gateway.close()
    (message,) = gateway.decode(hub.requests[0])
    assert (message.provider_id, message.text) == (texted.json()["sid"], "OPN & 5191")
    statuses = [gateway.decode_status(request) for request in hub.requests[1:]]
    assert [(status.provider_id, status.state, status.error, status.reference) for status in statuses] == [
        (failed.provider_id, "sent", "", "7"),
        (failed.provider_id, "failed", "30005", "7"),
        (sent.provider_id, "sent", "", "8"),
        (sent.provider_id, "delivered", "", "8"),
    ]


async def test_what_was_sent_is_told_from_where_one_left_off(telegram: TelegramGateway, emulated_url: str) -> None:
    for n in range(3):
        await telegram.send(OutboundMessage("700123", f"reply {n}", str(n)))
    async with httpx.AsyncClient(base_url=emulated_url) as client:
        told = (await client.get("/control/sent", params={"after": 1})).json()
        assert (await client.get("/control/twilio/sent")).json() == []
    assert [message["text"] for message in told] == ["reply 1", "reply 2"]


async def test_a_fault_can_be_ordered_over_the_wire(twilio: TwilioGateway, emulated_url: str) -> None:
    async with httpx.AsyncClient(base_url=emulated_url) as client:
        assert (await client.post("/control/fault", json={"status": 403})).is_success
        assert (await client.get(f"/bot{TOKEN}/getMe")).status_code == 403
        assert (await client.get(f"/bot{TOKEN}/getMe")).json()["result"]["is_bot"] is True
        assert (await client.post("/control/twilio/fault", json={"kind": "twice"})).is_success
        await twilio.send(OutboundMessage("+996555010124", "a", "7"))
        assert len((await client.get("/control/twilio/sent")).json()) == 2


def test_one_process_serves_both_and_says_when_it_is_ready() -> None:
    command = [
        sys.executable,
        "-m",
        "bots.emulated",
        "--telegram-token",
        TOKEN,
        "--twilio-sid",
        "S",
        "--twilio-token",
        "K",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, url = process.stdout.readline().split()
        assert ready == "ready"
        assert httpx.get(f"{url}/bot{TOKEN}/getMe").is_success
        assert httpx.get(f"{url}/2010-04-01/Accounts/S/Messages.json", auth=("S", "K")).is_success
        assert httpx.get(f"{url}/2010-04-01/Accounts/S/Messages.json", auth=("S", "no")).status_code == 401
        process.terminate()
