"""The day: is it going as planned? Six figures, the curve, coverage by form and stratum, every station at a glance."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from hub.alerts import board
from hub.analysis import coverage, kept
from hub.analysis.coverage import Coverage, DayFigures, StationCoverage, Tally
from hub.console.access import Caller, Here, pages
from hub.console.frame import language_of, page
from hub.context import Hub
from hub.database import reading
from hub.desk import queue
from hub.publication import day
from hub.publication.words import Words

routes = pages("day")


@routes.get("")
def shown(request: Request, caller: Caller, hub: Here, form: str = "") -> Response:
    """`form`: which form the grid of stations shows; the one that fell due last, if none is named."""
    now, region = hub.clock(), caller.region
    with reading(hub.engine) as session:
        seen = kept.of(session, hub.election).coverage(session, now)
        figures = (
            _regional(session, hub, seen, region, now) if region else coverage.day_figures(session, hub.election, now)
        )
    chosen = form if form in seen.forms else _last_due(seen, now)
    return page(
        request,
        "day.html",
        figures=figures,
        forms=list(seen.forms.values()),
        tallies={code: it.by_region.get(region, Tally()) if region else it.all for code, it in seen.forms.items()},
        groups=[region] if region else list(next(iter(seen.forms.values())).by_stratum) if seen.forms else [],
        by="by_region" if region else "by_stratum",
        release=hub.election.analysis.process_release,
        curve=None if region else day.curve(seen, Words(hub.election, language_of(request, caller)), now),
        chosen=chosen,
        grid=_grid(seen, region),
        states=("complete", "partial", "missing", "flagged", "awaited"),
    )


def _regional(session: Session, hub: Hub, seen: Coverage, region: str, now: datetime) -> DayFigures:
    """The six figures of one region alone."""
    tallies = {code: it.by_region.get(region, Tally()) for code, it in seen.forms.items()}
    due = [code for code, it in seen.forms.items() if it.due_at <= now]
    return DayFigures(
        expected=sum(tallies[code].expected for code in due),
        received=sum(tally.received for tally in tallies.values()),
        waiting=queue.count(session, region=region),
        late=sum(tally.late for tally in tallies.values()),
        alerts_open=board.count(session, hub.election.alerting, region=region, states=("raised", "acknowledged")),
        conflicts=queue.count(session, region=region, kind="conflict"),
    )


def _last_due(seen: Coverage, now: datetime) -> str:
    due = [it for it in seen.forms.values() if it.due_at <= now]
    first = next(iter(seen.forms), "")
    return max(due, key=lambda it: it.due_at).form if due else first


def _grid(seen: Coverage, region: str) -> dict[str, list[StationCoverage]]:
    grid: dict[str, list[StationCoverage]] = defaultdict(list)
    for station in seen.grid:
        if not region or station.region == region:
            grid[station.region].append(station)
    return dict(grid)
