"""The protocols that differ from the official results, line by line, with the observer's photo beside them."""

from __future__ import annotations

from itertools import groupby

from fastapi import Request
from fastapi.responses import Response

from hub.analysis import kept, reconciliation
from hub.console.access import Caller, Here, pages
from hub.console.frame import page
from hub.database import reading
from hub.media import archive
from hub.sample import roster

routes = pages("findings")


@routes.get("/protocols")
def shown(request: Request, caller: Caller, hub: Here) -> Response:
    """For the lawyers: the stations where both sides name a figure and it is not the same one, of their region."""
    form = hub.election.analysis.reconciled_form or ""
    with reading(hub.engine) as session:
        known = kept.of(session, hub.election).known(session)
        differ = [it for it in reconciliation.compare(session, hub.election, known) if it.kind == "differs"]
        stations = roster.stations(session, {it.station for it in differ})
        visible = [it for it in differ if caller.region in ("", stations[it.station].region)]
        by_station = {code: list(lines) for code, lines in groupby(visible, key=lambda it: it.station)}
        files = archive.of_stations(session, list(by_station), form) if "find" in caller.sees else {}
        published = bool(form) and reconciliation.official_stations(session, form)
    return page(
        request,
        "findings/protocols.html",
        form=form,
        published=published,
        by_station=by_station,
        stations=stations,
        photos=files,
    )
