"""Twilio's Messages resource: sending, listing, signed callbacks. What phones do comes from the control side.

POST /control/twilio/message {"from": "+996555010123", "body": "OPN 5191 A1"}   an SMS to our number
     "delivered": false keeps it from the webhook, as a missed one: only the list has it
     "files": [{"content": "<base64>", "type": "image/jpeg"}] makes it an MMS, whatever the bytes really are
GET  /control/twilio/sent?after=0                                               everything sent, oldest first
POST /control/twilio/fault {"status": 400, "code": 21610, "to": "+996555010123"}
     {"method": "status", "code": 30005} makes the next message undeliverable, "media" is asking for a file
    POST /control/twilio/reset                                                      everything above forgotten
"""

from __future__ import annotations

import asyncio
import base64
import calendar
import hmac
import json
import time
import uuid
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from bots.emulated.faults import Fault, Faults, act_under
from bots.emulated.signing import signed_form

_OURS = ("asked", "at", "files")  # of a message: not told to whoever lists it


class Texted(BaseModel):
    """An SMS from a phone to our number."""

    sender: str = Field(alias="from")
    to: str = ""
    body: str = ""
    delivered: bool = True
    files: list[TextedFile] = []


class TextedFile(BaseModel):
    """What a phone sends along: any bytes in base64, and the type that the phone says they are."""

    content: str
    type: str = "image/jpeg"


class TwilioApi:
    """`webhook` is where inbound messages go ("" for nowhere); `callbacks` says whether sent ones report back."""

    def __init__(
        self, account_sid: str, auth_token: str, number: str = "+15005550006", webhook: str = "", callbacks: bool = True
    ) -> None:
        self.messages: list[dict[str, Any]] = []  # both ways, oldest first
        self.files: dict[str, tuple[bytes, str]] = {}  # media id → bytes, type
        self.elsewhere = ""  # where a file is redirected to, instead of the place it lies at
        self.faults = Faults()
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._number = number
        self._webhook = webhook
        self._callbacks = callbacks
        self._authorization = "Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._queue: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self._reporting: asyncio.Task[None] | None = None

    def routes(self) -> APIRouter:
        router = APIRouter()
        messages = "/2010-04-01/Accounts/{account}/Messages.json"
        router.add_route(messages, self._create, methods=["POST"])
        router.add_route(messages, self._list, methods=["GET"])
        router.add_route("/2010-04-01/Accounts/{account}.json", self._account, methods=["GET"])
        router.add_route("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", self._numbers, methods=["GET"])
        media = "/2010-04-01/Accounts/{account}/Messages/{message}/Media"
        router.add_route(media + ".json", self._list_files, methods=["GET"])
        router.add_route(media + "/{id}", self._redirect_to_file, methods=["GET"])
        router.add_route("/stored/{id}", self._stored_file, methods=["GET"])
        router.add_api_route("/control/twilio/message", self.text, methods=["POST"])
        router.add_api_route("/control/twilio/sent", self._sent, methods=["GET"])
        router.add_api_route("/control/twilio/fault", self._order, methods=["POST"])
        router.add_api_route("/control/twilio/reset", self._reset, methods=["POST"])
        return router

    async def text(self, texted: Texted) -> dict[str, str]:
        """A phone texts our number; the answer names the message's id."""
        message = self._keep("inbound", texted.sender, texted.to or self._number, texted.body, "received")
        for file in texted.files:
            self.files[f"ME{uuid.uuid4().hex}"] = base64.b64decode(file.content), file.type
        message["files"] = list(self.files)[len(self.files) - len(texted.files) :]
        message["num_media"] = str(len(texted.files))
        if texted.delivered and self._webhook:
            form = {"From": message["from"], "To": message["to"], "Body": message["body"]} | self.named(message)
            self._report(self._webhook, form | {"MessageSid": message["sid"], "AccountSid": self._account_sid})
        return {"sid": message["sid"]}

    def named(self, message: dict[str, Any]) -> dict[str, str]:
        """The files of a message as a webhook names them: at Twilio's own address, wherever this is."""
        fields = {"NumMedia": message["num_media"]}
        for place, id in enumerate(message["files"]):
            base = f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}/Messages/{message['sid']}"
            fields |= {f"MediaUrl{place}": f"{base}/Media/{id}", f"MediaContentType{place}": self.files[id][1]}
        return fields

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["direction"] == "outbound-api"]

    async def close(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.gather(self._reporting, return_exceptions=True)

    async def _sent(self, after: int = 0) -> Response:
        return _json(self.sent[after:])

    async def _order(self, fault: Fault) -> None:
        self.faults.order(fault)

    async def _reset(self) -> None:
        self.messages.clear()
        self.files.clear()
        self.faults.forget()

    async def _create(self, request: Request) -> Response:
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        fault = self.faults.take("Messages", form.get("To", ""))
        return await act_under(fault, lambda: self._accept(form), _refusal)

    async def _accept(self, form: dict[str, str]) -> Response:
        if not form.get("To"):
            return _error(400, 21604, "A 'To' phone number is required.")
        if not form.get("Body"):
            return _error(400, 21602, "Message body is required.")
        if len(form["Body"]) > 1600:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        sender = form.get("From") or self._number
        message = self._keep("outbound-api", sender, form["To"], form["Body"], "queued")
        message["asked"] = form
        if self._callbacks and "StatusCallback" in form:
            self._report_delivery(form["StatusCallback"], message)
        return _json({name: value for name, value in message.items() if name not in _OURS}, 201)

    async def _account(self, request: Request) -> Response:
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        named = {"sid": self._account_sid, "friendly_name": "Emulated", "status": "active", "type": "Full"}
        return _json(named)

    async def _numbers(self, request: Request) -> Response:
        """Our one number, where it is asked for."""
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        ours = [{"phone_number": self._number, "sms_url": self._webhook}]
        asked = request.query_params.get("PhoneNumber", self._number)
        return _json({"incoming_phone_numbers": [it for it in ours if it["phone_number"] == asked]})

    async def _list_files(self, request: Request) -> Response:
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        sid = request.path_params["message"]
        files = [id for it in self.messages if it["sid"] == sid for id in it["files"]]
        base = request.url.path.removesuffix(".json")
        listed = [{"sid": id, "content_type": self.files[id][1], "uri": f"{base}/{id}.json"} for id in files]
        return _json({"media_list": listed, "page": 0, "page_size": 50, "uri": request.url.path, "next_page_uri": None})

    async def _redirect_to_file(self, request: Request) -> Response:
        """A file is asked for with the account's credentials, and lies elsewhere."""
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        id = request.path_params["id"]

        async def redirect() -> Response:
            if id not in self.files:
                return _error(404, 20404, "The requested resource was not found")
            return Response(status_code=307, headers={"location": self.elsewhere or f"/stored/{id}"})

        return await act_under(self.faults.take("media", id), redirect, _refusal)

    async def _stored_file(self, request: Request) -> Response:
        """Open to whoever has the address, and, as S3, to nobody who brings credentials."""
        content, type = self.files.get(request.path_params["id"], (b"", ""))
        if not content or "authorization" in request.headers:
            return Response(status_code=400)
        return Response(content, media_type=type)

    async def _list(self, request: Request) -> Response:
        """Newest first. Filters: To, From, DateSent> and DateSent< (to the second); pages of PageSize."""
        if not self._is_ours(request):
            return _error(401, 20003, "Authenticate")
        asked = dict(request.query_params)
        found = [message for message in reversed(self.messages) if _matches(message, asked)]
        page, size = int(asked.get("Page", 0)), int(asked.get("PageSize", 50))
        more = len(found) > (page + 1) * size
        next_page = f"{request.url.path}?{urlencode(asked | {'Page': page + 1, 'PageToken': 'PT'})}"
        shown = found[page * size : (page + 1) * size]
        return _json(
            {
                "messages": [{k: v for k, v in message.items() if k not in _OURS} for message in shown],
                "page": page,
                "page_size": size,
                "uri": request.url.path,
                "next_page_uri": next_page if more else None,
            }
        )

    def _is_ours(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        account = str(request.path_params["account"])
        return account == self._account_sid and hmac.compare_digest(given.encode(), self._authorization.encode())

    def _keep(self, direction: str, sender: str, to: str, body: str, status: str) -> dict[str, Any]:
        now = time.time()
        sid = f"SM{uuid.uuid4().hex}"
        message: dict[str, Any] = {
            "sid": sid,
            "account_sid": self._account_sid,
            "api_version": "2010-04-01",
            "body": body,
            "date_created": formatdate(now),
            "date_sent": formatdate(now),
            "date_updated": formatdate(now),
            "direction": direction,
            "error_code": None,
            "error_message": None,
            "from": sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "files": [],
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "status": status,
            "subresource_uris": {},
            "to": to,
            "uri": f"/2010-04-01/Accounts/{self._account_sid}/Messages/{sid}.json",
            "at": now,
        }
        self.messages.append(message)
        return message

    def _report_delivery(self, url: str, message: dict[str, Any]) -> None:
        fault = self.faults.take("status", message["to"])
        last = ("undelivered", str(fault.code)) if fault else ("delivered", "")
        for status, error in (("sent", ""), last):
            form = {
                "MessageSid": message["sid"],
                "MessageStatus": status,
                "AccountSid": self._account_sid,
                "To": message["to"],
                "From": message["from"],
            }
            self._report(url, form | ({"ErrorCode": error} if error else {}))

    def _report(self, url: str, form: dict[str, str]) -> None:
        self._queue.put_nowait((url, form))
        if self._reporting is None:
            self._reporting = asyncio.create_task(self._post_reports())

    async def _post_reports(self) -> None:
        """Each once: Twilio does not repeat a webhook that failed, either."""
        async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
            while True:
                url, form = await self._queue.get()
                body, headers = signed_form(self._auth_token, url, form)
                try:
                    await client.post(url, content=body, headers=headers)
                except httpx.HTTPError:
                    continue


def _matches(message: dict[str, Any], asked: dict[str, str]) -> bool:
    def moment(name: str) -> float:
        return calendar.timegm(time.strptime(asked[name], "%Y-%m-%dT%H:%M:%SZ"))

    return (
        asked.get("To", message["to"]) == message["to"]
        and asked.get("From", message["from"]) == message["from"]
        and ("DateSent>" not in asked or message["at"] >= moment("DateSent>"))
        and ("DateSent<" not in asked or message["at"] <= moment("DateSent<"))
    )


def _refusal(fault: Fault) -> Response:
    code = fault.code or (20429 if fault.status == 429 else 20500)
    answer = _error(fault.status, code, fault.description or "Refused, as ordered.")
    if fault.retry_after:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def _error(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return _json({"code": code, "message": message, "more_info": more, "status": status}, status)


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
