"""A peak and two workers in seconds: the long ones are `hub bench --peak 10` and `hub bench --workers 2`."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest import mock

import pytest

from hub.bench import peak, stage, workers
from hub.bench.peak import Peak
from hub.bench.stage import Store, Unsound

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


@pytest.mark.parametrize(("sqlite", "postgresql", "status"), [(59.0, 0.0, 0), (59.0, 61.0, 1), (None, 0.0, 1)])
def test_a_reply_that_comes_late_or_a_message_that_is_lost_on_either_store_fails(
    sqlite: float | None, postgresql: float, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = {"sqlite": sqlite, "postgresql": postgresql}

    def measured(_directory: Path, store: Store, _minutes: float, _rate: float) -> Peak:
        if (late := last[store.kind]) is None:
            raise Unsound("1 lost")
        return Peak(1, {"200": 1}, 0, 1, 1, 1, 1, 1, 1, 1, last_reply=late)

    def opened(kind: str) -> AbstractContextManager[Store]:
        return nullcontext(Store(kind, "", tmp_path))

    monkeypatch.setattr(peak, "measure", measured)
    monkeypatch.setattr(stage, "open_store", opened)
    output = tmp_path / "peak.json"
    assert peak.run(KYRGYZSTAN, minutes=1, rate=1, stores=("sqlite", "postgresql"), output=output) == status
    told = json.loads(output.read_text())["stores"]
    assert {kind: peak["last_reply"] for kind, peak in told.items()} == {k: v for k, v in last.items() if v is not None}


@pytest.mark.slow
def test_one_worker_and_two_read_an_equal_backlog(tmp_path: Path) -> None:
    with stage.open_store("postgresql", tmp_path) as store, mock.patch.dict(os.environ):
        alone, together = workers.measure(KYRGYZSTAN, store, 2, rounds=1, count=1_500)
    assert len(alone) == len(together) == 1
    for reading in (*alone, *together):
        assert reading.rate > 0
        assert 0 < reading.processors <= (os.cpu_count() or 1) + 0.5
