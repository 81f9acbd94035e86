"""Findings: what may we say? Every figure with its margin, the stations it rests on, and whether it may be released."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from fastapi.responses import Response

from hub.analysis import tables
from hub.analysis.tables import RatioFigure
from hub.console.access import Here, pages
from hub.console.frame import page
from hub.database import reading

routes = pages("findings")


@routes.get("")
def shown(request: Request, hub: Here, form: str = "") -> Response:
    """`form`: the questions of one form alone; "" is all, with turnout and shares."""
    with reading(hub.engine) as session:
        found = tables.findings(session, hub.election)
    asked = {table.form for table in found.tables.values()}
    forms = [it for it in hub.election.checklist.forms if it.code in asked]
    return page(
        request, "findings.html", found=found, forms=forms, chosen=form if form in asked else "", ranked=_ranked
    )


def _ranked(parts: Sequence[RatioFigure]) -> list[RatioFigure]:
    """The largest first; those without an estimate last."""
    return sorted(parts, key=lambda part: -(part.estimate.estimate or 0))
