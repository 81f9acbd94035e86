"""The double that rehearsals send through."""

from __future__ import annotations

import pytest

from bots.gateway import Gateway, OutboundMessage, Refused, SendError, WebhookRequest
from bots.memory import MemoryGateway

HELLO = OutboundMessage("700123", "Stored", "1")


async def test_it_keeps_what_it_sends() -> None:
    gateway: Gateway = (memory := MemoryGateway("telegram", "telegram"))
    assert (await gateway.send(HELLO)).provider_id != (await gateway.send(HELLO)).provider_id
    await gateway.close()
    assert memory.sent == [HELLO, HELLO]


async def test_it_fails_as_told_and_then_works() -> None:
    memory = MemoryGateway()
    memory.fail_next(SendError("blocked", permanent=True), SendError("lost", unknown=True))
    for expected, arrived in (("blocked", 0), ("lost", 1)):
        with pytest.raises(SendError, match=expected):
            await memory.send(HELLO)
        assert len(memory.sent) == arrived
    assert await memory.send(HELLO)


def test_it_takes_no_webhook() -> None:
    with pytest.raises(Refused):
        MemoryGateway().decode(WebhookRequest("POST", "/", "", {}, b""))
