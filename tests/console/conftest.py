from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.accounts import accounts
from hub.database import open_engine
from tests.console.browsers import chromium, complaints, url
from tests.console.house import QUICK, House, build, open_house

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
