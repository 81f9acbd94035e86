"""Search by station, code, last digits or words; a station's page and an observer's page with one timeline each."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.console.access import Caller, Forbidden, Here, pages
from hub.console.frame import page
from hub.database import reading
from hub.desk import timeline
from hub.media import archive

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
def station(request: Request, caller: Caller, hub: Here, code: str) -> Response:
    with reading(hub.engine) as session:
        found = timeline.station(session, code)
        happenings = timeline.of_station(session, found.id) if found else []
        files = archive.of_station(session, found.id) if found else []
    if found is None:
        raise HTTPException(404)
    if caller.region and caller.region != found.region:
        raise Forbidden("region")
    about = f"{found.district}, {found.region}"
    told: dict[str, Any] = {
        "station": found,
        "observer": None,
        "happenings": happenings,
        "files": files,
        "newest": timeline.LONGEST,
    }
    return page(request, "find/one.html", code=code, about=about, **told)


@routes.get("/observer/{code}")
def observer(request: Request, caller: Caller, hub: Here, code: str) -> Response:
    with reading(hub.engine) as session:
        found = timeline.observer(session, code)
        happenings = timeline.of_observer(session, found.id) if found else []
        files = archive.of_person(session, found.id) if found else []
    if found is None:
        raise HTTPException(404)
    if caller.region and caller.region not in found.regions:
        raise Forbidden("region")
    told: dict[str, Any] = {
        "station": None,
        "observer": found,
        "happenings": happenings,
        "files": files,
        "newest": timeline.LONGEST,
    }
    return page(request, "find/one.html", code=code, about="", **told)
