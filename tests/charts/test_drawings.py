"""Drawings: greys and shapes alone, their content in words too, nothing that a strict page forbids."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from defusedxml import ElementTree

from hub.charts import bars, grid, times
from hub.charts.bars import Bar
from hub.charts.sheet import WIDTH, Caption, ticks

CAPTION = Caption("a-1", "Was the box <sealed> & empty?", "Polling stations: 300")
YES, NO = Bar("yes", 0.613, 0.56, 0.665, "61.3% ±5.2"), Bar("no", None, None, None, "not available")
MORNING = datetime(2030, 3, 10, 8)
DRAWN = {
    "bars": bars.bars(CAPTION, [YES, NO]),
    "many": bars.bars(CAPTION, [YES] * 20, top=0.7, bar=0.05),
    "dots": bars.dots(CAPTION, [YES, NO], YES),
    "band": times.band(
        CAPTION, [times.Point(MORNING + timedelta(hours=hour), 0.1 * hour, 0.09 * hour, None, "x") for hour in (1, 4)]
    ),
    "curve": times.curve(
        CAPTION, [(MORNING, 2), (MORNING + timedelta(hours=3), 4)], [(MORNING, 3)], ("due", "received")
    ),
    "grid": grid.grid(
        CAPTION, {"North": ["a", "b", "c"]}, {"a": ("full", "in"), "b": ("open", "out"), "c": ("dot", "-")}
    ),
}


@pytest.mark.parametrize("svg", DRAWN.values(), ids=DRAWN)
def test_a_drawing_is_sound_says_what_it_is_and_needs_no_colour_and_no_style(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    spoken = [each.text for each in root[:2]]
    assert spoken[0] == CAPTION.title
    assert spoken[1]
    assert spoken[1].endswith(CAPTION.note)
    colours = re.findall(r"#[0-9a-f]{3,6}", svg)
    assert all(len(set(colour[1:])) <= 2 and colour[1:3] in (colour[3:5], colour[1] * 2) for colour in colours)
    assert "style=" not in svg
    assert "<script" not in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(set(ids)) == len(ids)
    assert all(id.startswith("a-1-") for id in ids)
    assert {"nan", "inf"}.isdisjoint(re.findall(r"[a-z]+", re.sub(r"<[a-z]+|>[^<]*<", "", svg)))


def test_every_bar_is_read_aloud_with_its_figures() -> None:
    assert "yes: 61.3% ±5.2; no: not available." in DRAWN["bars"]
    assert ">61.3% ±5.2<" in DRAWN["bars"]


def test_what_has_no_estimate_has_no_bar() -> None:
    assert bars.bars(CAPTION, [NO]).count("<rect") == 2  # the sheet and the ground


def test_a_drawing_of_many_bars_stays_on_a_page() -> None:
    height = float(re.findall(rf'viewBox="0 0 {WIDTH} (\d+)"', DRAWN["many"])[0])
    assert height < 1.5 * WIDTH


@pytest.mark.parametrize(
    ("top", "labels"),
    [(1.0, [0, 25, 50, 75, 100]), (0.4, [0, 10, 20, 30, 40]), (0.15, [0, 5, 10, 15]), (0.03, [0, 1, 2, 3])],
)
def test_an_axis_is_labelled_at_round_fractions(top: float, labels: list[int]) -> None:
    assert [round(100 * tick) for tick in ticks(top)] == labels


def test_a_curve_stays_in_its_drawing_and_never_falls() -> None:
    due = [(MORNING + timedelta(hours=hour), 10 * hour) for hour in range(12)]
    drawn = times.curve(CAPTION, due, due[:5], ("due", "received"), MORNING + timedelta(hours=6))
    lines = [
        [tuple(map(float, point.split(","))) for point in line.split()]
        for line in re.findall(r'<polyline points="([^"]*)"', drawn)
    ]
    for points in lines:
        assert all(0 <= x <= WIDTH and 0 <= y <= times.HEIGHT for x, y in points)
        assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    planned, came = lines
    assert came[-1] == (planned[12][0], planned[9][1])  # at the sixth hour still what was there at the fourth
