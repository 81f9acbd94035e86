"""The day as drawings: reports against what was due, and every station at a glance. Coverage, and no finding."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from hub.analysis.coverage import Coverage
from hub.charts import grid, times
from hub.charts.sheet import Caption
from hub.publication.words import Words

_SHAPES = {"complete": "full", "partial": "half", "flagged": "hatched", "missing": "open", "awaited": "dot"}


def curve(seen: Coverage, words: Words, now: datetime) -> str | None:
    """None before anything has come or fallen due."""
    zone, points = words.election.zone, seen.curve
    if len(points) < 2:
        return None
    due = [(point.at.astimezone(zone), point.due) for point in points]
    came = [(point.at.astimezone(zone), point.received) for point in points if point.received is not None]
    count = words.number(came[-1][1] if came else 0, 0)
    caption = Caption("curve", words.say("curve"), words.say("curve_note", n=len(seen.grid), reports=count))
    return times.curve(caption, due, came, (words.say("curve_due"), words.say("curve_came")), now.astimezone(zone))


def stations(seen: Coverage, words: Words, form: str) -> str | None:
    """One form at every drawn station, by region; None without a sample. Raises `KeyError` without such a form."""
    asked = seen.forms[form]
    groups: dict[str, list[str]] = defaultdict(list)
    for station in seen.grid:
        groups[station.region].append(station.states[form])
    if not groups:
        return None
    title = words.say("grid", form=f"{form} {words.said(asked.title)}")
    caption = Caption(f"stations-{form}", title, words.say("grid_note", n=len(seen.grid)))
    return grid.grid(caption, groups, {state: (shape, words.say(state)) for state, shape in _SHAPES.items()})
