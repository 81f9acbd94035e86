"""Where providers knock: signature, journal, and only then 200. Nothing is read here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from bots.gateway import DeliveryStatus, Gateway, InboundMessage, Refused, ReportingGateway, WebhookRequest
from bots.smsgate import SmsGateGateway
from hub import delivery
from hub.api import metrics
from hub.bootstrap import Gateways
from hub.context import Hub
from hub.intake.journal import Journal, JournalFull

Answer = Callable[[Request], Awaitable[Response]]
TWIML = Response('<?xml version="1.0" encoding="UTF-8"?><Response></Response>', media_type="text/xml")
DONE = Response("{}", media_type="application/json")
EMPTY = Response("")  # what Kannel is answered goes back to the sender as an SMS


def router(hub: Hub, gateways: Gateways, journal: Journal) -> APIRouter:
    """The routes of the configured gateways; those of the others answer 404 and say so."""
    routes = APIRouter(tags=["webhooks"])
    twilio, telegram, kannel, smsgate = gateways.twilio, gateways.telegram, gateways.kannel, gateways.smsgate
    no_twilio, no_kannel = _absent("twilio", "HUB_TWILIO_AUTH_TOKEN"), _absent("kannel", "HUB_KANNEL_TOKEN")
    routes.post("/sms/twilio")(_receiver(twilio, journal, TWIML) if twilio else no_twilio)
    routes.post("/sms/twilio/status")(_status(hub, twilio) if twilio else no_twilio)
    routes.get("/sms/kannel")(_receiver(kannel, journal, EMPTY) if kannel else no_kannel)
    routes.get("/sms/kannel/status")(_status(hub, kannel) if kannel else no_kannel)
    no_smsgate = _absent("smsgate", "HUB_SMSGATE_SIGNING_KEY")
    routes.post("/sms/smsgate")(_phone(hub, smsgate, journal) if smsgate else no_smsgate)
    no_telegram = _absent("telegram", "HUB_TELEGRAM_TOKEN")
    routes.post("/telegram")(_receiver(telegram, journal, DONE) if telegram else no_telegram)
    return routes


def _receiver(gateway: Gateway, journal: Journal, answer: Response) -> Answer:
    async def receive(request: Request) -> Response:
        try:
            messages = gateway.decode(await _webhook(request))
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        return await _keep(gateway.name, journal, messages, answer)

    return receive


async def _keep(name: str, journal: Journal, messages: Sequence[InboundMessage], answer: Response) -> Response:
    try:
        await journal.append(messages)
    except JournalFull:
        metrics.WEBHOOKS.labels(name, "full").inc()
        return Response("too many messages are waiting; send it again", 503, {"Retry-After": "5"})
    except (SQLAlchemyError, OSError):
        metrics.WEBHOOKS.labels(name, "store_failed").inc()
        return Response("the message could not be stored; send it again", 503, {"Retry-After": "5"})
    metrics.WEBHOOKS.labels(name, "kept").inc(len(messages))
    return answer


def _status(hub: Hub, gateway: ReportingGateway) -> Answer:
    async def status(request: Request) -> Response:
        try:
            report = gateway.decode_status(await _webhook(request))
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        return await _told(hub, report, EMPTY)

    return status


def _phone(hub: Hub, gateway: SmsGateGateway, journal: Journal) -> Answer:
    """A phone posts to one address what it received and what became of what we sent."""
    receive = _receiver(gateway, journal, DONE)

    async def event(request: Request) -> Response:
        try:
            report = gateway.decode_status(await _webhook(request))
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        return await (_told(hub, report, DONE) if report else receive(request))

    return event


async def _told(hub: Hub, report: DeliveryStatus, answer: Response) -> Response:
    try:
        await run_in_threadpool(delivery.report, hub, report)
    except SQLAlchemyError:
        metrics.WEBHOOKS.labels(report.gateway, "store_failed").inc()
        return Response("the report could not be stored; send it again", 503, {"Retry-After": "5"})
    return answer


def _absent(name: str, setting: str) -> Answer:
    async def absent(_request: Request) -> Response:
        return Response(f"the {name} gateway is not configured ({setting} is not set)", 404)

    return absent


def _refuse(name: str, refusal: Refused) -> Response:
    metrics.WEBHOOKS.labels(name, f"refused_{refusal.status}").inc()
    return Response(refusal.reason, refusal.status)


async def _webhook(request: Request) -> WebhookRequest:
    return WebhookRequest(
        method=request.method,
        path=request.scope["raw_path"].split(b"?")[0].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw},
        body=await request.body(),
    )
