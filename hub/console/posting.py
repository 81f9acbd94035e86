"""People sent elsewhere, let in and cut off; a station in another's place. Each asks first and says what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from hub.console.access import Caller, Here, Visitor, pages
from hub.console.find import observer_page, station_page
from hub.context import Hub
from hub.database import writing
from hub.sample import invitations, links, moves, replacements
from hub.sample.roster import NotPossible

routes = pages("find", act="post")
Sure = Annotated[bool, Form()]
Typed = Annotated[str, Form()]


@routes.post("/observer/{code}/move")
def move(
    request: Request, caller: Caller, hub: Here, code: str, station: Typed = "", since: Typed = "", sure: Sure = False
) -> Response:
    """`since`: local time; now where it is left out."""
    now = hub.clock()
    try:
        at = datetime.fromisoformat(since) if since else now
    except ValueError:
        return observer_page(request, caller, hub, code, wrong="time", status=422)
    at = at if at.tzinfo else at.replace(tzinfo=hub.election.zone)

    def act(session: Session, who: dict[str, Any]) -> None:
        moves.move(session, code, station.strip(), at, now, **who)

    return _observer(request, caller, hub, code, act, "moved", sure=sure)


@routes.post("/observer/{code}/relieve")
def relieve(request: Request, caller: Caller, hub: Here, code: str, by: Typed = "", sure: Sure = False) -> Response:
    """Another observer takes over."""

    def act(session: Session, who: dict[str, Any]) -> None:
        moves.relieve(session, code, by.strip(), hub.clock(), **who)

    return _observer(request, caller, hub, code, act, "relieved", sure=sure)


@routes.post("/observer/{code}/unlink")
def unlink(
    request: Request, caller: Caller, hub: Here, code: str, contact: Annotated[int, Form()], sure: Sure = False
) -> Response:
    def act(session: Session, who: dict[str, Any]) -> None:
        if not links.unlink(session, code, hub.clock(), contact=contact, **who):
            raise NotPossible(f"contact {contact} is not {code}'s any more", "gone")

    return _observer(request, caller, hub, code, act, "unlinked", sure=sure)


@routes.post("/observer/{code}/invite")
def invite(request: Request, caller: Caller, hub: Here, code: str) -> Response:
    """A one-time code; one that was made before ends with it."""
    try:
        with writing(hub.engine) as session:
            made = invitations.invite(session, hub.vault, code, hub.clock(), **_who(caller))
    except NotPossible as refusal:
        return observer_page(request, caller, hub, code, wrong=refusal.why, status=422)
    return observer_page(request, caller, hub, code, made=made)


@routes.post("/station/{code}/replace")
def replace(
    request: Request, caller: Caller, hub: Here, code: str, by: Typed = "", reason: Typed = "", sure: Sure = False
) -> Response:
    if not sure:
        return station_page(request, caller, hub, code, wrong="sure", status=422)
    try:
        with writing(hub.engine) as session:
            replacements.replace(session, code, by.strip(), reason, hub.clock(), **_who(caller))
    except NotPossible as refusal:
        return station_page(request, caller, hub, code, wrong=refusal.why, status=422)
    return RedirectResponse(f"/find/station/{code}?done=replaced", 303)


def _observer(
    request: Request,
    caller: Visitor,
    hub: Hub,
    code: str,
    act: Callable[[Session, dict[str, Any]], None],
    done: str,
    *,
    sure: bool,
) -> Response:
    """Does it in one transaction, and says what was done, or why it was not."""
    if not sure:
        return observer_page(request, caller, hub, code, wrong="sure", status=422)
    try:
        with writing(hub.engine) as session:
            act(session, _who(caller))
    except NotPossible as refusal:
        return observer_page(request, caller, hub, code, wrong=refusal.why, status=422)
    return RedirectResponse(f"/find/observer/{code}?done={done}", 303)


def _who(caller: Visitor) -> dict[str, Any]:
    """For the audit, which the rooms behind write themselves."""
    return {"account_id": caller.account.id, "address": caller.address}
