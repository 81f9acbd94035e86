"""Telegram's Bot API as a bot sees it: polling, a webhook, sending. What users do comes from the control side.

POST /control/update {"from": 700123, "text": "OPN 5191 A1"}     a private message (with "chat": in a group)
POST /control/update {"from": 700123, "data": "ack:17"}          a pressed button
POST /control/file?id=F1 (any bytes)                             a file that getFile knows from then on
POST /control/update {"update": {…}} or {"raw": "…"}             any JSON, or any text, as an update
GET  /control/sent?after=0                                       everything sent, oldest first
POST /control/fault  {"method": "sendMessage", "status": 429, "retry_after": 3}
    POST /control/reset                                              everything above forgotten, the webhook too
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from bots.emulated.faults import Fault, Faults, act_under

_DESCRIPTIONS = {
    400: "Bad Request: chat not found",
    403: "Forbidden: bot was blocked by the user",
    429: "Too Many Requests: retry later",
    500: "Internal Server Error",
}
_ME = {"id": 4200, "is_bot": True, "first_name": "Hub", "username": "emulated_hub_bot"}


class Deed(BaseModel):
    """What a user does. Without `chat` it happens in private, where the chat has the user's id."""

    sender: int = Field(default=0, alias="from")
    chat: int = 0
    text: str = ""
    data: str | None = None
    update: Any = None
    raw: str | None = None


class BotApi:
    def __init__(self, token: str, retry_seconds: float = 0.5) -> None:
        self.sent: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}  # what getFile knows, by file_id
        self.faults = Faults()  # of a download: method "file", to the file_id
        self._token = token
        self._retry_seconds = retry_seconds
        self._updates: deque[tuple[int, str]] = deque()
        self._last_update = 1000
        self._last_message = 0
        self._arrived = asyncio.Event()
        self._poller = 0
        self._webhook, self._secret = "", ""
        self._delivery: asyncio.Task[None] | None = None
        self._methods: dict[str, Callable[[dict[str, Any]], Awaitable[Response]]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message,
            "answercallbackquery": self._answer_callback_query,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "getfile": self._get_file,
        }

    def routes(self) -> APIRouter:
        router = APIRouter()
        # Plain, as what a rehearsal calls thousands of times: FastAPI's reading of parameters would cost a third.
        router.add_route("/bot{token}/{method}", self._call, methods=["GET", "POST"])
        router.add_route("/file/bot{token}/files/{id}", self._download, methods=["GET"])
        router.add_route("/control/file", self._take_file, methods=["POST"])
        router.add_api_route("/control/update", self.do, methods=["POST"])
        router.add_api_route("/control/sent", self._sent, methods=["GET"])
        router.add_api_route("/control/fault", self._order, methods=["POST"])
        router.add_api_route("/control/reset", self._reset, methods=["POST"])
        return router

    async def do(self, deed: Deed) -> dict[str, int]:
        """Queues what a user did; the answer names the update's id."""
        self._last_update += 1
        raw = deed.raw if deed.raw is not None else json.dumps(self._update(deed), ensure_ascii=False)
        self._updates.append((self._last_update, raw))
        self._arrived.set()
        return {"update_id": self._last_update}

    async def close(self) -> None:
        await self._stop_delivery()

    async def _sent(self, after: int = 0) -> Response:
        return _json(self.sent[after:])

    async def _order(self, fault: Fault) -> None:
        self.faults.order(fault)

    async def _reset(self) -> None:
        await self._set_webhook({})
        self._updates.clear()
        self.sent.clear()
        self.files.clear()
        self.faults.forget()

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        if request.path_params["token"] != self._token:
            return _error(401, "Unauthorized")
        act = self._methods.get(method.lower())
        if act is None:
            return _error(404, "Not Found")
        asked = await _asked(request)
        fault = self.faults.take(method, str(asked.get("chat_id", "")))
        return await act_under(fault, lambda: act(asked), _refusal)

    async def _get_me(self, asked: dict[str, Any]) -> Response:  # noqa: ARG002
        return _ok(_ME)

    async def _get_updates(self, asked: dict[str, Any]) -> Response:
        if self._webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        self._poller += 1
        poller = self._poller
        self._forget_before(int(asked.get("offset", 0)))
        await self._something(float(asked.get("timeout", 0)), poller)
        if poller != self._poller:
            return _error(409, "Conflict: terminated by other getUpdates request")
        batch = [raw for _, raw in list(self._updates)[: int(asked.get("limit", 100))]]
        # Put together by hand: an update may be any text.
        return Response(f'{{"ok":true,"result":[{",".join(batch)}]}}', media_type="application/json")

    async def _send_message(self, asked: dict[str, Any]) -> Response:
        text = str(asked.get("text", ""))
        if not text:
            return _error(400, "Bad Request: message text is empty")
        if len(text) > 4096:
            return _error(400, "Bad Request: message is too long")
        self._last_message += 1
        return _ok(self._keep("sendMessage", asked, self._last_message))

    async def _edit_message(self, asked: dict[str, Any]) -> Response:
        return _ok(self._keep("editMessageText", asked, int(asked.get("message_id", 0))))

    async def _answer_callback_query(self, asked: dict[str, Any]) -> Response:
        self.sent.append({"method": "answerCallbackQuery", **asked, "at": time.time()})
        return _ok(True)

    async def _get_file(self, asked: dict[str, Any]) -> Response:
        id = str(asked.get("file_id", ""))
        if id not in self.files:
            return _error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return _ok({"file_id": id, "file_size": len(self.files[id]), "file_path": f"files/{id}"})

    async def _download(self, request: Request) -> Response:
        id = request.path_params["id"]

        async def content() -> Response:
            if request.path_params["token"] != self._token or id not in self.files:
                return _error(404, "Not Found")
            return Response(self.files[id], media_type="application/octet-stream")

        return await act_under(self.faults.take("file", id), content, _refusal)

    async def _take_file(self, request: Request) -> Response:
        self.files[request.query_params["id"]] = await request.body()
        return _ok(True)

    async def _set_webhook(self, asked: dict[str, Any]) -> Response:
        await self._stop_delivery()
        self._webhook, self._secret = str(asked.get("url", "")), str(asked.get("secret_token", ""))
        if self._webhook:
            self._delivery = asyncio.create_task(self._deliver())
        return _ok(True)

    async def _delete_webhook(self, asked: dict[str, Any]) -> Response:  # noqa: ARG002
        return await self._set_webhook({})

    async def _get_webhook_info(self, asked: dict[str, Any]) -> Response:  # noqa: ARG002
        return _ok({"url": self._webhook, "pending_update_count": len(self._updates)})

    def _update(self, deed: Deed) -> Any:
        if deed.update is not None:
            return {"update_id": self._last_update} | deed.update if isinstance(deed.update, dict) else deed.update
        user = {"id": deed.sender, "is_bot": False, "first_name": f"User {deed.sender}"}
        self._last_message += 1
        message = {
            "message_id": self._last_message,
            "date": int(time.time()),
            "chat": _chat(deed.chat or deed.sender),
            "text": deed.text,
        }
        if deed.data is None:
            return {"update_id": self._last_update, "message": message | {"from": user}}
        query = {"id": f"press-{self._last_update}", "from": user, "chat_instance": "1", "data": deed.data}
        return {"update_id": self._last_update, "callback_query": query | {"message": message | {"from": _ME}}}

    def _forget_before(self, offset: int) -> None:
        while self._updates and self._updates[0][0] < offset:
            self._updates.popleft()

    async def _something(self, seconds: float, poller: int) -> None:
        """Waits until there is an update, another poller, or no time left."""
        self._arrived.set()  # whoever waits looks again, and sees that another one polls
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._updates and poller == self._poller:
                    self._arrived.clear()
                    await self._arrived.wait()

    def _keep(self, method: str, asked: dict[str, Any], message_id: int) -> dict[str, Any]:
        self.sent.append({"method": method, **asked, "message_id": message_id, "at": time.time()})
        message = {
            "message_id": message_id,
            "date": int(time.time()),
            "from": _ME,
            "chat": _chat(int(asked.get("chat_id", 0))),
            "text": asked.get("text", ""),
        }
        # Telegram gives back a keyboard under the message, and none that takes the place of the reader's own.
        keyboard = asked.get("reply_markup")
        return message | ({"reply_markup": keyboard} if keyboard and "inline_keyboard" in keyboard else {})

    async def _deliver(self) -> None:
        """One update after the other, each until the webhook takes it, as Telegram does."""
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": self._secret}
        async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
            while True:
                while not self._updates:
                    self._arrived.clear()
                    await self._arrived.wait()
                update_id, raw = self._updates[0]
                fault = self.faults.take("webhook")
                taken = await _posted(client, self._webhook, raw, headers)
                if taken and not (fault and fault.kind in ("twice", "lose")):
                    self._forget_before(update_id + 1)
                elif not taken:
                    await asyncio.sleep(self._retry_seconds)

    async def _stop_delivery(self) -> None:
        if self._delivery is not None:
            self._delivery.cancel()
            await asyncio.gather(self._delivery, return_exceptions=True)
            self._delivery = None


async def _asked(request: Request) -> dict[str, Any]:
    """The parameters of a call, from wherever a client may put them."""
    asked: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if "json" in request.headers.get("content-type", ""):
        asked |= json.loads(body)
    else:
        asked |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    if isinstance(asked.get("reply_markup"), str):
        asked["reply_markup"] = json.loads(asked["reply_markup"])
    return asked


async def _posted(client: httpx.AsyncClient, url: str, raw: str, headers: dict[str, str]) -> bool:
    try:
        return (await client.post(url, content=raw.encode(), headers=headers)).is_success
    except httpx.HTTPError:
        return False


def _chat(chat_id: int) -> dict[str, Any]:
    if chat_id < 0:
        return {"id": chat_id, "type": "group", "title": f"Group {chat_id}"}
    return {"id": chat_id, "type": "private", "first_name": f"User {chat_id}"}


def _refusal(fault: Fault) -> Response:
    parameters = {"retry_after": fault.retry_after, "migrate_to_chat_id": fault.migrate_to}
    return _error(
        fault.status,
        fault.description or _DESCRIPTIONS.get(fault.status, "Bad Request"),
        {name: value for name, value in parameters.items() if value},
    )


def _error(status: int, description: str, parameters: dict[str, int] | None = None) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return _json(body | ({"parameters": parameters} if parameters else {}), status)


def _ok(result: object) -> Response:
    return _json({"ok": True, "result": result})


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
