"""Search by station, code, last digits or words; a station's page and an observer's page with one timeline each."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.console.access import Caller, Forbidden, Here, Visitor, pages
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading
from hub.desk import timeline
from hub.media import archive
from hub.sample.invitations import Invitation

routes = pages("find")


@routes.get("")
def search(request: Request, caller: Caller, hub: Here, q: str = "") -> Response:
    """What was found; a station's or a person's whole code leads to its page at once."""
    with reading(hub.engine) as session:
        found = timeline.search(session, q, caller.region)
    for kind, hits in (("station", found.stations), ("observer", found.observers)):
        if any(hit.code.casefold() == q.strip().casefold() for hit in hits):
            code = next(hit.code for hit in hits if hit.code.casefold() == q.strip().casefold())
            return RedirectResponse(f"/find/{kind}/{code}", 303)
    return page(request, "find/page.html", q=q, found=found, first=timeline.HITS, newest=timeline.HITS)


@routes.get("/station/{code}")
def station(request: Request, caller: Caller, hub: Here, code: str, done: str = "") -> Response:
    return station_page(request, caller, hub, code, done=done)


@routes.get("/observer/{code}")
def observer(request: Request, caller: Caller, hub: Here, code: str, done: str = "") -> Response:
    return observer_page(request, caller, hub, code, done=done)


def station_page(
    request: Request, caller: Visitor, hub: Hub, code: str, *, done: str = "", wrong: str = "", status: int = 200
) -> Response:
    """`wrong`: why a change of the sample was not made."""
    with reading(hub.engine) as session:
        found = timeline.station(session, code)
        happenings = timeline.of_station(session, found.id) if found else []
        files = archive.of_station(session, found.id) if found else []
    if found is None:
        raise HTTPException(404)
    if caller.region and caller.region != found.region:
        raise Forbidden("region")
    return page(
        request,
        "find/station.html",
        status=status,
        station=found,
        happenings=happenings,
        files=files,
        newest=timeline.LONGEST,
        done=done,
        wrong=wrong,
    )


def observer_page(
    request: Request,
    caller: Visitor,
    hub: Hub,
    code: str,
    *,
    done: str = "",
    wrong: str = "",
    made: Invitation | None = None,
    status: int = 200,
) -> Response:
    """`wrong`: why a change was not made; `made`: a one-time code, shown this once."""
    with reading(hub.engine) as session:
        found = timeline.observer(session, code)
        happenings = timeline.of_observer(session, found.id) if found else []
        files = archive.of_person(session, found.id) if found else []
    if found is None:
        raise HTTPException(404)
    if caller.region and caller.region not in found.regions:
        raise Forbidden("region")
    return page(
        request,
        "find/observer.html",
        status=status,
        observer=found,
        happenings=happenings,
        files=files,
        newest=timeline.LONGEST,
        done=done,
        wrong=wrong,
        made=made,
    )
