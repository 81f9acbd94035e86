"""How much may go now, by moments that are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.delivery.pace import Pace

NOON = datetime(2030, 3, 10, 12, tzinfo=UTC)


def after(milliseconds: int) -> datetime:
    return NOON + timedelta(milliseconds=milliseconds)


def sent(pace: Pace, key: str, milliseconds: range) -> list[int]:
    """When something went, where as much as may go goes at each of these moments."""
    gone = []
    for moment in milliseconds:
        count = pace.allowed(key, after(moment))
        pace.spend(key, after(moment), count)
        gone += [moment] * count
    return gone


@pytest.mark.parametrize(("rate", "most"), [(25, 30), (1, 1), (10, 12), (1000, 1200)])
def test_no_second_holds_more_than_the_rate_and_a_fifth(rate: float, most: int) -> None:
    gone = sent(Pace(rate), "telegram", range(0, 5000, 20))
    assert max(sum(start <= moment < start + 1000 for moment in gone) for start in range(0, 4000, 20)) <= most
    assert len(gone) >= rate * 4.9


@pytest.mark.parametrize("among", [2, 3, 5])
def test_several_who_share_a_rate_send_no_more_than_one_alone(among: int) -> None:
    gone = []
    for _ in range(among):
        pace = Pace(25)
        pace.share(among)
        gone += sent(pace, "telegram", range(0, 5000, 20))
    assert max(sum(start <= moment < start + 1000 for moment in gone) for start in range(0, 4000, 20)) <= 30
    assert len(gone) >= 25 * 4.8


def test_each_key_has_a_rate_of_its_own() -> None:
    pace = Pace(1)
    pace.spend("8100001", NOON)
    assert [pace.allowed(key, NOON) for key in ("8100001", "8100002")] == [0, 1]
    assert pace.wait("8100001", NOON) == timedelta(seconds=1)
    assert pace.wait("8100001", after(1000)) <= timedelta(0)


def test_what_went_though_it_had_to_wait_is_paid_for_by_what_comes_after() -> None:
    pace = Pace(1)
    for _ in range(3):  # critical, and not held up
        pace.spend("8100001", NOON)
    assert pace.wait("8100001", NOON) == timedelta(seconds=3)


def test_it_remembers_no_more_than_it_needs() -> None:
    pace = Pace(10)
    for n in range(20_000):
        pace.spend(str(n), after(n))
    assert len(pace._paid) < 11_000
