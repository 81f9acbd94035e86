from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database import open_engine


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """For what does not depend on the kind of database."""
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    yield engine
    engine.dispose()
