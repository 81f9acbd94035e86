"""A peak and two workers in seconds: the long ones are `hub bench --peak 10` and `hub bench --workers 2`."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest

from hub.bench import peak, stage, workers

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_peak_is_over_when_every_message_is_taken_read_and_answered(kind: str, tmp_path: Path) -> None:
    with stage.open_store(kind, tmp_path) as store:
        found = peak.measure(KYRGYZSTAN, store, minutes=0.05, rate=50)
    assert (found.messages, found.statuses, found.again) == (150, {"200": 150}, 0)
    assert 0 < found.taken_p50 <= found.taken_p99 <= found.taken_longest
    assert 0 < found.reply_p99 <= found.reply_longest
    assert found.emptied > 0
    assert found.last_reply < peak.WITHIN


@pytest.mark.slow
def test_one_worker_and_two_read_an_equal_backlog(tmp_path: Path) -> None:
    with stage.open_store("postgresql", tmp_path) as store, mock.patch.dict(os.environ):
        alone, together = workers.measure(KYRGYZSTAN, store, 2, rounds=1, count=1_500)
    assert len(alone) == len(together) == 1
    for reading in (*alone, *together):
        assert reading.rate > 0
        assert 0 < reading.processors <= (os.cpu_count() or 1) + 0.5
