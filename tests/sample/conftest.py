from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database import writing
from hub.election import configuration
from hub.sample import importer
from tests.sample.people import NOW, VAULT

ARVENIA = Path(__file__).parents[1] / "elections" / "arvenia"


@pytest.fixture
def arvenia(tmp_path: Path) -> Path:
    """A copy of the small election, to be changed."""
    return Path(shutil.copytree(ARVENIA, tmp_path / "arvenia"))


@pytest.fixture
def loaded(engine: Engine, arvenia: Path) -> Engine:
    with writing(engine) as session:
        importer.load(session, configuration.load(arvenia), VAULT, NOW)
    return engine
