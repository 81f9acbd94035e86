"""A copy of the small election, and workbooks as people make them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from hub.election import documents

ARVENIA = Path(__file__).parent.parent / "elections" / "arvenia"


@pytest.fixture(scope="package", autouse=True)
def composed_once() -> Iterator[None]:
    """Most tests change one file: the others need not be parsed again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_compose", lru_cache(documents._compose))
        yield


@pytest.fixture
def arvenia(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ARVENIA, tmp_path / "arvenia"))
