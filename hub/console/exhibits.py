"""The findings as they are handed out: drawings and tables to look at and to save. Only what may be released."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hub.analysis import kept
from hub.analysis.tables import Findings
from hub.console.access import Caller, Here, pages
from hub.console.download import as_csv, as_file, as_workbook
from hub.console.frame import language_of, page
from hub.context import Hub
from hub.database import reading
from hub.publication import day, exhibits, pictures
from hub.publication.exhibits import Exhibit
from hub.publication.words import Words

routes = pages("findings")
CURVE, STATIONS = "reports", "stations:"  # keys of the day's own drawings, beside those of the figures


@routes.get("/charts")
def shown(request: Request, caller: Caller, hub: Here, key: str = "") -> Response:
    """`key`: which figure; the first that there is where none is named."""
    words = Words(hub.election, language_of(request, caller))
    found = _findings(hub)
    figures = {each: _title(found, words, each) for each in exhibits.keys(found)}
    days = _day_keys(hub, words)
    chosen = key if key in figures or key in days else next(iter([*figures, *days]), "")
    one = exhibits.exhibit(found, words, chosen) if chosen in figures else None
    return page(
        request,
        "findings/charts.html",
        figures=figures,
        days=days,
        chosen=chosen,
        exhibit=one,
        drawings=_drawings(hub, words, chosen, one),
        written=words.cell,
        held=sorted(set(found.keys()) - set(found.releasable().keys())),
    )


@routes.get("/charts/{key}/{name}.{kind}")
def drawing(request: Request, caller: Caller, hub: Here, key: str, name: str, kind: str) -> Response:
    """One drawing (svg, png) or the tables (csv: `figure` or `strata`; xlsx: both) of a figure. 404 where there is
    none, or it may not be released."""
    words = Words(hub.election, language_of(request, caller))
    found = _findings(hub)
    one = exhibits.exhibit(found, words, key) if key in exhibits.keys(found) else None
    drawings = _drawings(hub, words, key, one)
    file = f"{key.replace(':', '-').replace(' ', '-')}-{name}"
    match kind:
        case "svg" if name in drawings:
            return as_file(file, "svg", drawings[name].encode())
        case "png" if name in drawings:
            return as_file(file, "png", _png(drawings[name]))
        case "csv" if one and name in ("figure", "strata"):
            table = one.tables[name == "strata"]
            return as_csv(file, table.headings, table.rows)
        case "xlsx" if one:
            return as_workbook(one.file, one.tables)
    raise HTTPException(404)


def _png(svg: str) -> bytes:
    try:
        return pictures.png(svg)
    except pictures.NoTypesetter as error:
        raise HTTPException(501, str(error)) from error


def _findings(hub: Hub) -> Findings:
    with reading(hub.engine) as session:
        return kept.of(session, hub.election).look(session)[2]


def _title(found: Findings, words: Words, key: str) -> str:
    if key in found.tables:
        return f"{key} {words.said(found.tables[key].text)}"
    return words.say("turnout" if key == exhibits.TURNOUT else "shares")


def _day_keys(hub: Hub, words: Words) -> dict[str, str]:
    """The drawings of the day itself: what has come, and from where."""
    forms = {f"{STATIONS}{it.code}": f"{it.code} {words.said(it.title)}" for it in hub.election.checklist.forms}
    return {CURVE: words.say("curve")} | {key: words.say("grid", form=form) for key, form in forms.items()}


def _drawings(hub: Hub, words: Words, key: str, one: Exhibit | None) -> dict[str, str]:
    if one:
        return dict(one.drawings)
    if key not in _day_keys(hub, words):
        return {}
    now = hub.clock()
    with reading(hub.engine) as session:
        seen = kept.of(session, hub.election).coverage(session, now)
    drawn = day.curve(seen, words, now) if key == CURVE else day.stations(seen, words, key.removeprefix(STATIONS))
    return {"day": drawn} if drawn else {}
