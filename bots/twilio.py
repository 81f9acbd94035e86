"""SMS and WhatsApp through Twilio.

A message comes as a signed form, here decoded (the real one has a few more fields):

    POST /sms/twilio        X-Twilio-Signature: 0rBdDSCWqYQFvC1mOvKt0Z0tWyk=
    MessageSid=SM7f0c5a1e…  AccountSid=AC5f1d…  From=+996555010123  To=+15005550006  Body=OPN 5191 A1 B2
    NumMedia=0  NumSegments=1  ApiVersion=2010-04-01

with a photo (MMS, WhatsApp) besides

    NumMedia=1  MediaUrl0=https://api.twilio.com/2010-04-01/Accounts/AC5f1d…/Messages/MM7f…/Media/ME2c…
    MediaContentType0=image/jpeg

and what became of one of ours so:

    POST /sms/twilio/status?reference=812
    MessageSid=SM9b2e…  AccountSid=AC5f1d…  MessageStatus=undelivered  ErrorCode=30005  To=+996555010123
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from bots.downloads import download
from bots.gateway import (
    Attachment,
    Channel,
    DeliveryState,
    DeliveryStatus,
    FetchError,
    FileKind,
    InboundMessage,
    Kind,
    OutboundMessage,
    Refused,
    SendError,
    Sent,
    WebhookRequest,
)
from bots.wire import broken_off, opt_kind, storable, tls

TIMEOUT = 10.0  # seconds; a lease on an outgoing message must be three times as long
MOST_FIELDS = 500
LONGEST_TEXT = 1600  # characters
URGENT_VALIDITY = 600  # seconds: an alert that is ten minutes late has been escalated already
WHATSAPP = "whatsapp:"
API_URL = "https://api.twilio.com"
MOST_FILES = 10  # in one message
# Where Twilio sends whoever asks it for a file.
_FILE_HOSTS = re.compile(r"([\w-]+\.)*twiliocdn\.com|s3-external-1\.amazonaws\.com")
_DEGREES = re.compile(r"-?\d{1,3}(\.\d+)?")
_FILE_KINDS: dict[str, FileKind] = {"image": "photo", "audio": "audio", "video": "video"}

_STATES: dict[str, DeliveryState] = {
    "queued": "sent",
    "accepted": "sent",
    "scheduled": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}

_REASONS = {
    20003: "wrong account or token",
    20429: "too many requests",
    21211: "no such number",
    21408: "region not permitted",
    21610: "opted out",
    21612: "number cannot be reached",
    21614: "not a mobile number",
    30003: "handset unreachable",
    30005: "unknown number",
    30006: "landline or unreachable",
}
OPTED_OUT = 21610
# What is wrong with the number for good. A wrong sender, or a region that is not permitted, is ours to mend, and says
# nothing of the number.
_DEAD = {21211, 21214, 21217, 21614, 30005, 30006}


class TwilioGateway:
    """One number (or messaging service, `MG…`) of one account. Lives in one event loop.

    `public_url` is the address Twilio knows us by: signatures are computed over it, never over the host of a request.
    `api_url` replaces https://api.twilio.com, for rehearsals.
    """

    name = "twilio"
    channel: Channel = "sms"

    def __init__(self, account_sid: str, auth_token: str, from_number: str, public_url: str, api_url: str = "") -> None:
        if not account_sid or not auth_token:
            raise ValueError(
                "Twilio needs its account SID and its auth token: without a secret nobody can be told apart"
            )
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._api_url = api_url.rstrip("/") or API_URL
        self._from_number = from_number
        self._public_url = public_url.rstrip("/")
        self._signed_bases = _with_and_without_port(self._public_url)
        self._key = auth_token.encode()
        self._http = _Http(api_url)
        self._client = Client(account_sid, auth_token, http_client=self._http)

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:
        """The message in a signed form. `Refused`: 403 if it is not genuine, 400 if it lacks what it must have."""
        form = self._genuine_form(request)
        if not form.get("MessageSid") or not form.get("From"):
            raise Refused(400, "no MessageSid or no From")
        return [self._message(form, request.body)]

    def decode_status(self, request: WebhookRequest) -> DeliveryStatus:
        """What became of a message we sent. Refuses as `decode` does."""
        form = self._genuine_form(request)
        state = _STATES.get(form.get("MessageStatus", ""))
        if state is None or not form.get("MessageSid"):
            raise Refused(400, "no MessageSid or no known MessageStatus")
        error = form.get("ErrorCode", "") if state == "failed" else ""
        reference = dict(parse_qsl(request.query)).get("reference", "")
        return DeliveryStatus(self.name, form["MessageSid"], state, error, reference)

    async def send(self, message: OutboundMessage) -> Sent:
        """Hands one message over; to `whatsapp:+…` it goes by WhatsApp. Buttons have no place in an SMS."""
        try:
            created = await self._client.messages.create_async(**self._parameters(message))
        except httpx.HTTPError as error:
            raise broken_off(self.name, error) from None
        except (TwilioRestException, TwilioServiceException) as error:
            raise _refusal(error) from None
        except (TwilioException, ValueError, AttributeError):
            # The library gave up on an answer that was no error: the message was taken.
            raise SendError(f"{self.name}: unreadable answer", unknown=True) from None
        if not created.sid:
            raise SendError(f"{self.name}: an answer without a message id", unknown=True)
        return Sent(created.sid)

    async def received(self, since: datetime) -> list[InboundMessage]:
        """What came to any of the account's numbers since then, oldest first. Raises `SendError`."""
        try:
            listed = await self._client.messages.list_async(date_sent_after=since, page_size=1000)
            return [await self._listed(it) for it in reversed(listed) if it.direction == "inbound"]
        except httpx.HTTPError as error:
            raise broken_off(self.name, error) from None
        except (TwilioRestException, TwilioServiceException) as error:
            raise _refusal(error) from None

    async def fetch(self, reference: str, limit: int) -> bytes:
        """The bytes of a file by its address, asked of our own account at the configured API and of nobody else."""
        path = reference.removeprefix(API_URL).removeprefix(self._api_url)
        if not re.fullmatch(rf"/2010-04-01/Accounts/{re.escape(self._account_sid)}(/\w+)+", path):
            raise FetchError("not a file of our account", permanent=True)
        auth = (self._account_sid, self._auth_token)
        return await download(self._http.client, self._api_url + path, limit, auth=auth, may_follow=self._may_follow)

    async def sent_to(self, message: OutboundMessage, since: datetime) -> list[DeliveryStatus]:
        """What became of each message with this text that went to this address since then. Raises `SendError`."""
        try:
            listed = await self._client.messages.list_async(to=message.to, date_sent_after=since, page_size=100)
        except httpx.HTTPError as error:
            raise broken_off(self.name, error) from None
        except (TwilioRestException, TwilioServiceException) as error:
            raise _refusal(error) from None
        body = self._parameters(message)["body"]
        return [
            DeliveryStatus(self.name, it.sid, _STATES[it.status], str(it.error_code or ""), message.reference)
            for it in reversed(listed)
            if it.direction != "inbound" and it.body == body and it.status in _STATES
        ]

    async def close(self) -> None:
        await self._http.close()

    async def _listed(self, listed: Any) -> InboundMessage:
        form = {"MessageSid": listed.sid, "From": listed.from_, "To": listed.to, "Body": listed.body or ""}
        form |= await self._listed_files(listed) if str(listed.num_media or 0) != "0" else {}
        form = {name: storable(value or "") for name, value in form.items()}
        raw = json.dumps(form | {"recovered": True, "DateSent": str(listed.date_sent)}).encode()
        return self._message(form, raw, listed.date_sent)

    async def _listed_files(self, listed: Any) -> dict[str, str]:
        """The same fields as a webhook has: the list says only how many files there are."""
        files = await self._client.messages(listed.sid).media.list_async(limit=MOST_FILES)
        fields = {"NumMedia": str(len(files))}
        for place, file in enumerate(files):
            fields[f"MediaUrl{place}"] = API_URL + file.uri.removesuffix(".json")
            fields[f"MediaContentType{place}"] = file.content_type
        return fields

    def _may_follow(self, url: httpx.URL) -> bool:
        return str(url).startswith(f"{self._api_url}/") or (
            url.scheme == "https" and url.port is None and bool(_FILE_HOSTS.fullmatch(url.host))
        )

    def _message(self, form: dict[str, str], raw: bytes, sent_at: datetime | None = None) -> InboundMessage:
        sender = form["From"]
        on_whatsapp = sender.startswith(WHATSAPP)
        return InboundMessage(
            gateway=self.name,
            channel="whatsapp" if on_whatsapp else "sms",
            provider_id=form["MessageSid"],
            sender=sender.removeprefix(WHATSAPP).strip(),
            text=form.get("Body", ""),
            raw=raw,
            kind=_kind(form),
            recipient=form.get("To", "").removeprefix(WHATSAPP).strip(),
            chat=sender if on_whatsapp else "",
            sent_at=sent_at,
            files=tuple(_files(form)) if "MediaUrl0" in form else (),
            location=_location(form) if "Latitude" in form else "",
        )

    def _genuine_form(self, request: WebhookRequest) -> dict[str, str]:
        form = _form(request.body)
        signature = request.headers.get("x-twilio-signature", "")
        if form is None or not signature or not self._is_signed(request, form, signature):
            raise Refused(403, "not signed by Twilio")
        if form.get("AccountSid") != self._account_sid:
            raise Refused(403, "signed for another account")
        if b"%00" in request.body or b"\0" in request.body:  # which no database takes in a text
            return {name: storable(value) for name, value in form.items()}
        return form

    def _is_signed(self, request: WebhookRequest, form: dict[str, str], signature: str) -> bool:
        """Base64 of HMAC-SHA1 over the URL and the fields by name (Twilio, "Webhooks Security"). The library's own
        validator looks at each field for lists, which our forms cannot hold, and takes longer than all the rest."""
        target = request.path + (f"?{request.query}" if request.query else "")
        signed = target + "".join([name + form[name] for name in sorted(form)])
        given = signature.encode("utf-8", "replace")
        try:
            texts = [(base + signed).encode() for base in self._signed_bases]
        except UnicodeEncodeError:
            return False
        return any(hmac.compare_digest(b64encode(hmac.digest(self._key, text, "sha1")), given) for text in texts)

    def _parameters(self, message: OutboundMessage) -> dict[str, Any]:
        # The reference comes back with every status, also when the answer to this request is lost.
        parameters: dict[str, Any] = {
            "to": message.to,
            "body": _shortened(message.text),
            "status_callback": f"{self._public_url}/sms/twilio/status?reference={quote(message.reference, safe='')}",
        }
        sender = message.sender or self._from_number
        if sender.startswith("MG"):
            parameters["messaging_service_sid"] = sender
        else:
            parameters["from_"] = (WHATSAPP if message.to.startswith(WHATSAPP) else "") + sender
        if message.urgent:
            parameters["validity_period"] = URGENT_VALIDITY
        return parameters


class _Http(HttpClient):  # type: ignore[misc]
    """Twilio's client over httpx, which tells a connection that never was from an answer that was lost."""

    def __init__(self, api_url: str) -> None:
        super().__init__(logging.getLogger(__name__), True, TIMEOUT)
        self._api_url = api_url.rstrip("/")
        self.client = httpx.AsyncClient(timeout=TIMEOUT, verify=tls())

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        allow_redirects: bool = False,
    ) -> Response:
        where = self._api_url + httpx.URL(url).raw_path.decode() if self._api_url else url
        answer = await self.client.request(
            method,
            where,
            params=params or None,
            data=data,
            headers=headers,
            auth=auth,
            timeout=timeout or TIMEOUT,
            follow_redirects=allow_redirects,
        )
        if answer.status_code == 429 or answer.status_code >= 500:
            # Here and not below: the library's exceptions drop the headers.
            raise SendError(
                f"twilio: {answer.status_code}", retry_after=_seconds(answer.headers.get("retry-after", ""))
            )
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        await self.client.aclose()


def _with_and_without_port(url: str) -> list[str]:
    """The two spellings of one address: which of them Twilio signs is not consistent."""
    parts = urlsplit(url)
    bare = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [parts._replace(netloc=netloc).geturl() for netloc in (bare, f"{bare}:{port}")]


def _form(body: bytes) -> dict[str, str] | None:
    """The fields of a form, blank ones too: they are signed. None where it is no form.

    The signature runs names and values together, so a name that comes twice may have been cut out of another's value.
    """
    try:
        pairs = body.decode().replace("+", " ").split("&", MOST_FIELDS)
    except ValueError:
        return None
    form: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if "%" in pair:
            name, value = _plain(name), _plain(value)
        form[name] = value
    return form if len(form) == len(pairs) <= MOST_FIELDS else None


def _plain(quoted: str) -> str:
    """As `urllib.parse.unquote` makes it, in half of its time."""
    return unquote_to_bytes(quoted).decode(errors="replace") if "%" in quoted else quoted


def _kind(form: dict[str, str]) -> Kind:
    body = form.get("Body", "")
    told = opt_kind(form.get("OptOutType", "")) or opt_kind(body)
    if told or form.get("NumMedia", "") not in ("", "0"):
        return told or "media"
    return "location" if form.get("Latitude") and not body else "text"


def _files(form: dict[str, str]) -> Iterator[Attachment]:
    for place in range(MOST_FILES):
        if url := form.get(f"MediaUrl{place}"):
            type = form.get(f"MediaContentType{place}", "")
            yield Attachment(_FILE_KINDS.get(type.split("/")[0], "document"), url, type)


def _location(form: dict[str, str]) -> str:
    """A place shared on WhatsApp."""
    place = form.get("Latitude", ""), form.get("Longitude", "")
    return f"geo:{place[0]},{place[1]}" if all(_DEGREES.fullmatch(it) for it in place) else ""


def _shortened(text: str) -> str:
    # Three dots and no ellipsis: that one letter would make UCS-2 of a GSM-7 text.
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


def _seconds(header: str) -> float | None:
    try:
        return max(0.0, float(header))
    except ValueError:
        return None


def _refusal(error: TwilioRestException | TwilioServiceException) -> SendError:
    """Twilio's own words repeat the number, so only the code is told."""
    reason = _REASONS.get(error.code, "refused")
    ours = error.code == 20003 or error.status in (401, 408)
    return SendError(
        f"twilio: {reason} ({error.status}/{error.code})",
        permanent=400 <= error.status < 500 and not ours,
        address="opted_out" if error.code == OPTED_OUT else "blocked" if error.code in _DEAD else "",
    )
