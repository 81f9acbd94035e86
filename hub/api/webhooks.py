"""Where providers knock: signature, journal, and only then 200. Nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bots.gateway import DeliveryStatus, Gateway, InboundMessage, Refused, ReportingGateway, WebhookRequest
from bots.smsgate import SmsGateGateway
from hub.api import metrics
from hub.api.doors import Door
from hub.bootstrap import Gateways
from hub.context import Hub
from hub.delivery import sending
from hub.intake.journal import Journal, JournalFull

TWIML = Response('<?xml version="1.0" encoding="UTF-8"?><Response></Response>', media_type="text/xml")
DONE = Response("{}", media_type="application/json")
EMPTY = Response("")  # what Kannel is answered goes back to the sender as an SMS


def doors(hub: Hub, gateways: Gateways, journal: Journal) -> Mapping[str, Mapping[str, Door]]:
    """Path → method → door of the configured gateways; those of the others answer 404 and say so."""
    twilio, telegram, kannel, smsgate = gateways.twilio, gateways.telegram, gateways.kannel, gateways.smsgate
    no_twilio, no_kannel = _absent("twilio", "HUB_TWILIO_AUTH_TOKEN"), _absent("kannel", "HUB_KANNEL_TOKEN")
    no_smsgate, no_telegram = _absent("smsgate", "HUB_SMSGATE_SIGNING_KEY"), _absent("telegram", "HUB_TELEGRAM_TOKEN")
    return {
        "/sms/twilio": {"POST": _receiver(twilio, journal, TWIML) if twilio else no_twilio},
        "/sms/twilio/status": {"POST": _status(hub, twilio) if twilio else no_twilio},
        "/sms/kannel": {"GET": _receiver(kannel, journal, EMPTY) if kannel else no_kannel},
        "/sms/kannel/status": {"GET": _status(hub, kannel) if kannel else no_kannel},
        "/sms/smsgate": {"POST": _phone(hub, smsgate, journal) if smsgate else no_smsgate},
        "/telegram": {"POST": _receiver(telegram, journal, DONE) if telegram else no_telegram},
    }


def _receiver(gateway: Gateway, journal: Journal, answer: Response) -> Door:
    kept = metrics.WEBHOOKS.labels(gateway.name, "kept")

    async def receive(request: WebhookRequest) -> Response:
        try:
            messages = gateway.decode(request)
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        failure = await _keep(gateway.name, journal, messages)
        if failure is None:
            kept.inc(len(messages))
        return failure or answer

    return receive


async def _keep(name: str, journal: Journal, messages: Sequence[InboundMessage]) -> Response | None:
    try:
        await journal.append(messages)
    except JournalFull:
        metrics.WEBHOOKS.labels(name, "full").inc()
        return Response("too many messages are waiting; send it again", 503, {"Retry-After": "5"})
    except (SQLAlchemyError, OSError):
        metrics.WEBHOOKS.labels(name, "store_failed").inc()
        return Response("the message could not be stored; send it again", 503, {"Retry-After": "5"})
    return None


def _status(hub: Hub, gateway: ReportingGateway) -> Door:
    async def status(request: WebhookRequest) -> Response:
        try:
            report = gateway.decode_status(request)
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        return await _told(hub, report, EMPTY)

    return status


def _phone(hub: Hub, gateway: SmsGateGateway, journal: Journal) -> Door:
    """A phone posts to one address what it received and what became of what we sent."""
    receive = _receiver(gateway, journal, DONE)

    async def event(request: WebhookRequest) -> Response:
        try:
            report = gateway.decode_status(request)
        except Refused as refusal:
            return _refuse(gateway.name, refusal)
        return await (_told(hub, report, DONE) if report else receive(request))

    return event


async def _told(hub: Hub, report: DeliveryStatus, answer: Response) -> Response:
    try:
        await run_in_threadpool(sending.report, hub, report)
    except SQLAlchemyError:
        metrics.WEBHOOKS.labels(report.gateway, "store_failed").inc()
        return Response("the report could not be stored; send it again", 503, {"Retry-After": "5"})
    return answer


def _absent(name: str, setting: str) -> Door:
    async def absent(_request: WebhookRequest) -> Response:
        return Response(f"the {name} gateway is not configured ({setting} is not set)", 404)

    return absent


def _refuse(name: str, refusal: Refused) -> Response:
    metrics.WEBHOOKS.labels(name, f"refused_{refusal.status}").inc()
    return Response(refusal.reason, refusal.status)
