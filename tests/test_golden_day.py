"""The whole published day, through real processes and emulated providers: nothing lost, nothing different."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.rehearsal import day, demo

KYRGYZSTAN = Path(__file__).parent.parent / "config" / "kyrgyzstan-2021"


def test_the_golden_day_is_played_without_losing_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.run(KYRGYZSTAN, once=True, speed=1, port=0) == 0


def test_a_day_that_differs_from_what_was_expected_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changed = tmp_path / "election"
    changed.symlink_to(KYRGYZSTAN)
    whole = day.load
    monkeypatch.setattr(day, "load", lambda path: whole(path)[:12])
    assert demo.run(changed, once=True, speed=1, port=0) == 1
