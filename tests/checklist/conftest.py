"""The golden election and Arvenia, an invented one with other codes, words, lengths and types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.checklist.definition import Checklist
from hub.election import configuration
from hub.election.configuration import Configuration

ROOT = Path(__file__).parents[2]
Said = dict[str, Any]  # a line of the golden day


@pytest.fixture(scope="session")
def golden_election() -> Configuration:
    return configuration.load(ROOT / "config" / "kyrgyzstan-2021")


@pytest.fixture(scope="session")
def kyrgyz(golden_election: Configuration) -> Checklist:
    return golden_election.election.checklist


@pytest.fixture(scope="session")
def arvenian() -> Checklist:
    return configuration.load(ROOT / "tests" / "elections" / "arvenia").election.checklist


@pytest.fixture(scope="session")
def golden_messages() -> list[Said]:
    return _lines("messages.jsonl")


@pytest.fixture(scope="session")
def golden_noise() -> list[Said]:
    return _lines("noisy.jsonl")


def _lines(name: str) -> list[Said]:
    text = (ROOT / "config" / "kyrgyzstan-2021" / "day" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
