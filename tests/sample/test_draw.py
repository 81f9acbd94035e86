from __future__ import annotations

import csv
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.sample.draw import allocate, compare, draw, systematic

FRAME = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021" / "stations.csv"


class Entry(NamedTuple):
    code: str
    stratum: str
    district: str
    sampled: bool = False


@pytest.fixture(scope="module")
def frame() -> list[Entry]:
    with FRAME.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [Entry(row["station"], row["stratum"], row["district"], row["sampled"] == "1") for row in rows]


def test_300_of_2435_are_allocated_as_published(frame: list[Entry]) -> None:
    shares = allocate(Counter(entry.stratum for entry in frame), 300)
    assert list(shares.values()) == [28, 73, 27, 56, 31, 21, 14, 50]


@pytest.mark.parametrize(
    ("sizes", "n", "shares"),
    [
        ({"a": 10, "b": 10}, 5, {"a": 3, "b": 2}),  # a tie goes to the earlier name
        ({"b": 10, "a": 10}, 5, {"b": 2, "a": 3}),  # in whatever order they come
        ({"a": 1, "b": 99}, 10, {"a": 0, "b": 10}),
        ({"a": 7, "b": 3}, 10, {"a": 7, "b": 3}),
        ({"a": 7, "b": 3}, 0, {"a": 0, "b": 0}),
        ({}, 0, {}),
    ],
)
def test_allocation_is_by_largest_remainder(sizes: dict[str, int], n: int, shares: dict[str, int]) -> None:
    assert allocate(sizes, n) == shares


@pytest.mark.parametrize("n", [-1, 11])
def test_more_than_there_are_cannot_be_allocated(n: int) -> None:
    with pytest.raises(ValueError, match="of 10 stations"):
        allocate({"a": 7, "b": 3}, n)


def test_a_draw_holds_each_stratum_at_its_share_and_no_station_twice(frame: list[Entry]) -> None:
    codes = draw(frame, 300, seed=20211128)
    stratum = {entry.code: entry.stratum for entry in frame}
    assert len(set(codes)) == 300
    assert Counter(stratum[code] for code in codes) == allocate(Counter(stratum.values()), 300)


def test_the_same_seed_draws_the_same_sample_from_a_shuffled_file(frame: list[Entry]) -> None:
    shuffled = random.Random(1).sample(frame, len(frame))
    assert draw(shuffled, 300, seed=7) == draw(frame, 300, seed=7)
    assert draw(frame, 300, seed=8) != draw(frame, 300, seed=7)


def test_a_seed_draws_for_ever_what_it_drew_once() -> None:
    frame = [Entry(str(number), "north" if number < 40 else "south", "d") for number in range(1, 61)]
    assert draw(frame, 6, seed=2021) == ("9", "18", "28", "38", "49", "59")


def test_stations_lie_one_interval_apart_in_the_order_of_district_and_number() -> None:
    frame = [Entry(code, "s", district) for code, district in (("10", "a"), ("9", "a"), ("1", "b"), ("100", "a"))]
    assert draw(frame, 4, seed=1) == ("9", "10", "100", "1")


@pytest.mark.parametrize(
    ("start", "positions"),
    [
        (Fraction(0), [0, 3, 6]),
        (Fraction(1, 2), [1, 5, 8]),
        (Fraction(2**53 - 1, 2**53), [3, 6, 9]),  # the last number that a random fraction can be
    ],
)
def test_units_are_the_floor_of_start_and_intervals(start: Fraction, positions: list[int]) -> None:
    stations = [Entry(str(number), "s", "d") for number in range(10)]
    assert [int(station.code) for station in systematic(stations, 3, start)] == positions


def test_every_station_is_as_likely_as_its_strata_allow() -> None:
    frame = [Entry(str(number), "s", "d") for number in range(1, 11)]
    drawn = Counter(code for seed in range(2000) for code in draw(frame, 4, seed))
    assert set(drawn) == {entry.code for entry in frame}
    assert all(700 < count < 900 for count in drawn.values())


def test_the_sample_of_the_example_is_such_a_draw_though_its_seed_is_unknown(frame: list[Entry]) -> None:
    compared = compare(frame, 300, None)
    assert compared.holds
    assert [share.marked for share in compared.shares] == [28, 73, 27, 56, 31, 21, 14, 50]


def marked(frame: list[Entry], codes: set[str]) -> list[Entry]:
    return [entry._replace(sampled=entry.code in codes) for entry in frame]


def test_a_sample_that_was_drawn_is_found_to_be_so_whatever_the_seed(frame: list[Entry]) -> None:
    for seed in range(5):
        drawn = marked(frame, set(draw(frame, 300, seed)))
        assert compare(drawn, 300, seed).holds
        assert compare(drawn, 300, None).holds


def test_one_station_changed_for_its_neighbour_is_told_by_the_seed_and_by_its_interval(frame: list[Entry]) -> None:
    drawn = draw(frame, 300, 7)
    ordered = sorted(frame, key=lambda entry: (entry.stratum, entry.district, int(entry.code)))
    codes = [entry.code for entry in ordered if entry.stratum == "Osh"]
    old = next(code for code in codes[100:] if code in drawn)
    new = codes[codes.index(old) + 4]
    compared = compare(marked(frame, {*drawn} - {old} | {new}), 300, 7)
    assert (compared.missing, compared.extra) == ((old,), (new,))
    assert [share.stratum for share in compared.shares if not share.holds] == ["Osh"]


def test_another_allocation_is_told(frame: list[Entry]) -> None:
    compared = compare(marked(frame, set(draw(frame, 299, 7))), 300, None)
    assert [(share.due, share.marked) for share in compared.shares if not share.holds] != []
    assert "are due" in str(compared)
