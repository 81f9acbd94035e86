"""Growth in seconds: the long one is `hub bench --stored 10000 --stored 100000 --stored 1000000`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

import pytest

from hub.bench import growth

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"


@pytest.mark.slow
def test_each_figure_is_measured_at_each_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "FRESH", 100)
    monkeypatch.setattr(growth, "FEW", 5)
    with mock.patch.dict(os.environ):
        growth.run(KYRGYZSTAN, sizes=[300, 600], stores=("sqlite",), output=tmp_path / "growth.json")
    steps = json.loads((tmp_path / "growth.json").read_text())["sqlite"]
    assert [step["stored"] for step in steps] == [300, 600]
    for step in steps:
        assert step.keys() == {"stored", *growth.LABELS}
        assert all(step[name] > 0 for name in growth.LABELS if name != "database_us")
