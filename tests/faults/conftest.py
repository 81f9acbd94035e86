from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database import open_engine
from tests.faults.place import Place, opened
from tests.journeys.town import Town, open_town


@pytest.fixture
async def town(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Town]:
    """On one database: what is tested here is what a provider does, and what it is answered."""
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    url = f"sqlite:///{tmp_path}/hub.db"
    engine = open_engine(url)
    async with open_town(engine, url) as town:
        yield town
    engine.dispose()


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Place]:
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    url = f"sqlite:///{tmp_path}/hub.db"
    engine = open_engine(url)
    with opened(engine, url, tmp_path) as place:
        yield place
    engine.dispose()


@pytest.fixture
def either(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[Place]:
    """The same on each kind of database."""
    with opened(engine, database_url, tmp_path) as place:
        yield place
