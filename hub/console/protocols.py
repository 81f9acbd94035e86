"""The protocols beside the official results: what differs line by line, with the observer's photo beside it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from hub.analysis import kept, reconciliation
from hub.console.access import Caller, Here, pages
from hub.console.frame import language_of, page
from hub.database import reading
from hub.media import archive
from hub.publication import report
from hub.publication.words import Words
from hub.sample import roster

routes = pages("findings")


@routes.get("/protocols")
def shown(request: Request, caller: Caller, hub: Here) -> Response:
    """How many are equal and what is missing; for the lawyers, of their region: the stations where both sides name a
    figure and it is not the same one, and the control ratios that do not hold; the official totals."""
    election, words = hub.election, Words(hub.election, language_of(request, caller))
    form = election.analysis.reconciled_form or ""
    with reading(hub.engine) as session:
        known, _, found = kept.of(session, election).look(session)
        regions = {each.code: each.region for each in known.frame.drawn}
        compared = [
            each
            for each in reconciliation.by_station(session, election, known)
            if caller.region in ("", regions[each.station])
        ]
        totals = reconciliation.totals(session, election, found.ratios())
        lines = {each.station: [it for it in each.lines if it.kind == "differs"] for each in compared}
        by_station = {station: differ for station, differ in lines.items() if differ}
        stations = roster.stations(session, by_station.keys())
        files = archive.of_stations(session, list(by_station), form) if "find" in caller.sees else {}
        published = bool(form) and reconciliation.official_stations(session, form)
    tables = (report.official_totals(words, found, totals), report.control(words, compared)) if published else ()
    return page(
        request,
        "findings/protocols.html",
        form=form,
        published=published,
        summary=report.compared_note(words, compared),
        tables=[table for table in tables if table],
        written=words.cell,
        by_station=by_station,
        stations=stations,
        photos=files,
    )
