"""A short storm, in every run of the tests: the long one is `make torture`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.bench import torture

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"


@pytest.mark.slow
def test_row_02_of_what_is_acknowledged_while_web_and_worker_are_killed_nothing_is_lost_or_doubled() -> None:
    account = torture.strike(KYRGYZSTAN, "sqlite", alone=False, kills=2, others=0, rate=20, seed=1, patient=False)
    assert account.struck.total() == 2
    assert account.acknowledged == account.sent > 0
    assert (account.lost, account.doubled) == ([], [])
    assert account.alerts == account.paged > 0
