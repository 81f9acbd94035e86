"""/healthz: the process answers. /readyz: it can do its work, or what is wrong. /metrics for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from hub import leadership, outbox
from hub.alerts import times
from hub.alerts.times import Timed
from hub.api import metrics
from hub.context import Hub
from hub.database import reading
from hub.intake import journal
from hub.intake.spool import Spool

SILENT_AFTER = 30.0  # seconds without a worker's heartbeat


def router(hub: Hub, spool: Spool) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> Response:
        return Response("ok")

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        wrong = _what_is_wrong(hub, spool)
        return JSONResponse({"ready": not wrong, "wrong": wrong}, 503 if wrong else 200)

    @routes.get("/metrics")
    def read_metrics() -> Response:
        metrics.SPOOL.set(len(spool.waiting()))
        with suppress(SQLAlchemyError):  # what does not need the database is told all the same
            _measure(hub)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


def _what_is_wrong(hub: Hub, spool: Spool) -> list[str]:
    batches = len(spool.waiting())
    spooled = [f"{batches} batches of messages wait on this disk for the database"] if batches else []
    try:
        age = _measure(hub)
    except SQLAlchemyError as error:
        return [f"the database does not answer ({type(error).__name__})", *spooled]
    if age is None:
        return ["no worker has ever run: start one with `hub work`", *spooled]
    return ([f"no worker for {age:.0f} s: start one with `hub work`"] if age > SILENT_AFTER else []) + spooled


def _measure(hub: Hub) -> float | None:
    with reading(hub.engine) as session:
        metrics.INBOX.set(journal.unread(session))
        metrics.OUTBOX.set(outbox.unsent(session))
        seen = leadership.seen(session, "worker")
        _measure_alerts(times.of_each(session))
    if seen is None:
        return None
    age = (hub.timer() - seen).total_seconds()
    metrics.WORKER_AGE.set(age)
    return age


def _measure_alerts(each: Sequence[Timed]) -> None:
    metrics.ALERTS.clear()
    for (severity, state), number in Counter((str(it.severity), it.state) for it in each).items():
        metrics.ALERTS.labels(severity, state).set(number)
    metrics.ALERT_WAIT.clear()
    for region, told in times.by_region(each).items():
        for until, wait in (("acknowledged", told.acknowledged), ("resolved", told.resolved)):
            for quantile, seconds in (("0.5", wait.median), ("0.95", wait.p95), ("1", wait.longest)):
                if seconds is not None:
                    metrics.ALERT_WAIT.labels(region, until, quantile).set(seconds)
