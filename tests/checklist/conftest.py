"""The golden election and Arvenia, an invented one with other codes, words, lengths and types."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.checklist.definition import Checklist
from hub.election import configuration
from hub.election.configuration import Configuration

ROOT = Path(__file__).parents[2]
GOLDEN_DAY = ROOT / "config" / "kyrgyzstan-2021" / "day"


@pytest.fixture(scope="session")
def golden_election() -> Configuration:
    return configuration.load(ROOT / "config" / "kyrgyzstan-2021")


@pytest.fixture(scope="session")
def kyrgyz(golden_election: Configuration) -> Checklist:
    return golden_election.election.checklist


@pytest.fixture(scope="session")
def arvenian() -> Checklist:
    return configuration.load(ROOT / "tests" / "elections" / "arvenia").election.checklist
