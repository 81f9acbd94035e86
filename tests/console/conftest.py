from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.accounts import accounts
from hub.database import open_engine
from tests.console.browsers import chromium, complaints, url
from tests.console.house import A1, A2, A3, QUICK, House, build, open_house

__all__ = ["chromium", "complaints", "url"]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", QUICK)
    monkeypatch.setattr(accounts, "_nobody", QUICK.hash("nobody knows this"))


@pytest.fixture(scope="session")
def house_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("house") / "hub.db"
    shutil.copy(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    build(engine)
    engine.dispose()
    return path


@pytest.fixture
def house(house_template: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copy(house_template, tmp_path / "hub.db")
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    yield open_house(engine)
    engine.dispose()


@pytest.fixture
def counted(house: House) -> House:
    """Two drawn stations, both counted; at the second more ballots than voters, over a rule that only flags."""
    house.evening()
    house.text(A1, "TAL R900 V500 YA300 YB200")
    house.text(A2, "TAL R900 V500 YA300 YB200")
    house.text(A3, "TAL R400 V396 YA300 YB96")
    return house


@pytest.fixture
def both(engine: Engine) -> House:
    """The same house on both databases, for what changes many tables at once."""
    build(engine)
    return open_house(engine)
