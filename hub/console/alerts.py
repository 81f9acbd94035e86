"""Alerts: what burns, and who has it?"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import audit
from hub.alerts import board, life
from hub.alerts.life import Who
from hub.alerts.pages import what as said_of
from hub.console.access import Caller, Forbidden, Here, Visitor, pages
from hub.console.frame import language_of, page
from hub.context import Hub
from hub.database import reading, writing

routes = pages("alerts")


@routes.get("")
def shown(request: Request, caller: Caller, hub: Here, state: str = "", region: str = "") -> Response:
    """A coordinator sees the own region whatever the address asks for."""
    return page(request, "alerts/page.html", **_values(request, caller, hub, state, region))


@routes.get("/cards")
def cards(request: Request, caller: Caller, hub: Here, state: str = "", region: str = "") -> Response:
    """The cards alone, asked for every few seconds."""
    return page(request, "alerts/cards.html", **_values(request, caller, hub, state, region))


@routes.post("/{alert_id}/acknowledge")
def acknowledge(caller: Caller, hub: Here, alert_id: int) -> Response:
    _within_region(caller, hub, alert_id)
    now, account = hub.clock(), caller.account
    with writing(hub.engine) as session:
        won = life.acknowledge(session, hub.election.alerting, alert_id, _who(caller), now)
        if won:
            audit.record(
                session,
                "acknowledge",
                now,
                account_id=account.id,
                subject=f"alert {alert_id}",
                address=caller.address,
            )
    return RedirectResponse(f"/alerts#alert-{alert_id}", 303)


@routes.post("/{alert_id}/resolve")
def resolve(caller: Caller, hub: Here, alert_id: int, words: Annotated[str, Form()] = "") -> Response:
    _within_region(caller, hub, alert_id)
    now, account = hub.clock(), caller.account
    with writing(hub.engine) as session:
        won = life.resolve(session, alert_id, _who(caller), now, words.strip())
        if won:
            audit.record(
                session,
                "resolve",
                now,
                account_id=account.id,
                subject=f"alert {alert_id}",
                address=caller.address,
                after={"words": words.strip()},
            )
    return RedirectResponse(f"/alerts#alert-{alert_id}", 303)


def _who(caller: Visitor) -> Who:
    return Who("console", caller.account.person_id, caller.account.id)


def _values(request: Request, caller: Visitor, hub: Hub, state: str, region: str) -> dict[str, Any]:
    language = language_of(request, caller)
    with reading(hub.engine) as session:
        found = board.cards(session, region=caller.region or region, state=state)
        regions = [caller.region] if caller.region else board.regions(session)
    what = {card.topic: said_of(hub.election, card.topic, language) for card in found}
    return {"cards": found, "what": what, "state": state, "region": caller.region or region, "regions": regions}


def _within_region(caller: Visitor, hub: Hub, alert_id: int) -> None:
    with reading(hub.engine) as session:
        region = board.region_of(session, alert_id)
    if region is None:
        raise HTTPException(404)
    if caller.region and region != caller.region:
        raise Forbidden("region")
