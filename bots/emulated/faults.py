"""The bad days of a provider, ordered beforehand: the next calls of a method go wrong in the way asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel


class Fault(BaseModel):
    """What happens to the next `times` calls of `method` (any, if empty) for the address `to` (any, if empty).

    answer: refused with `status` · late: done at once, answered after `seconds` · twice: done twice ·
    refuse: the connection closes and nothing is done · lose: it is done and the connection closes without an answer.
    """

    kind: Literal["answer", "late", "twice", "refuse", "lose"] = "answer"
    method: str = ""
    to: str = ""
    times: int = 1
    status: int = 500
    description: str = ""
    code: int = 0  # Twilio's own number of the error
    retry_after: int = 0  # seconds
    migrate_to: int = 0  # the new id of a Telegram group
    seconds: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        self._ordered.append(fault)

    def forget(self) -> None:
        self._ordered.clear()

    def take(self, method: str, to: str = "") -> Fault | None:
        """The fault for this call, used up by one; the earliest ordered comes first."""
        for fault in self._ordered:
            if fault.method.lower() in ("", method.lower()) and fault.to in ("", to):
                fault.times -= 1
                if fault.times <= 0:
                    self._ordered.remove(fault)
                return fault
        return None


async def act_under(
    fault: Fault | None, act: Callable[[], Awaitable[Response]], refusal: Callable[[Fault], Response]
) -> Response:
    """Does what was asked, or what the fault makes of it."""
    if fault is None:
        return await act()
    match fault.kind:
        case "answer":
            return refusal(fault)
        case "refuse":
            return Cut()
        case "lose":
            await act()
            return Cut()
        case "twice":
            await act()
            return await act()
        case "late":
            answer = await act()
            await asyncio.sleep(fault.seconds)
            return answer


class Cut(Response):
    """Promises a body and ends, upon which the server closes the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
