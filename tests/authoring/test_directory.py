"""What is loaded can be written out again, and loads as the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.authoring import directory
from hub.election import configuration, placing
from tests.authoring.conftest import ARVENIA

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"


@pytest.mark.parametrize("source", [ARVENIA, KYRGYZSTAN], ids=["arvenia", "kyrgyzstan"])
def test_a_configuration_written_out_loads_as_the_same(source: Path, tmp_path: Path) -> None:
    before = configuration.load(source)
    placing.place(tmp_path / "written", directory.written(before))
    after = configuration.load(tmp_path / "written")
    assert after.election.model_dump(mode="json") == before.election.model_dump(mode="json")
    assert after.stations == before.stations
    assert after.people == before.people
