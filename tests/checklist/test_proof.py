"""The code at the end of a text: found as phones write it, never kept, never read as an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.checklist import grammar, proof
from hub.checklist.reading import IncidentText, ReportText
from hub.election import configuration

ARVENIA = configuration.load(Path(__file__).parent.parent / "elections" / "arvenia").election.checklist


@pytest.mark.parametrize(
    ("text", "reported", "code"),
    [
        ("TAL R900 V50 PIN 482193", "TAL R900 V50", "482193"),
        ("TAL R900 V50 pin482193", "TAL R900 V50", "482193"),
        ("TAL R900 V50PIN 482 193.", "TAL R900 V50", "482193"),
        ("TAL R900 V50\nПин: 482193", "TAL R900 V50", "482193"),
        ("TAL R900 РІN-48219O", "TAL R900", "482190"),
        ("TAL R900 PIN ٤٨٢١٩٣", "TAL R900", "482193"),
        ("INC 10001 03 they fight # PIN 482193 ", "INC 10001 03 they fight #", "482193"),
        ("PIN 482193", "", "482193"),
        (f"TAL R900{' ' * 80}pin: 4 8 2 1 9 3{' ' * 80}", "TAL R900", "482193"),
        ("TAL R900 PIN ••••", "TAL R900", ""),
        ("TAL R900 V50", "TAL R900 V50", ""),
        ("SPIN 482193", "SPIN 482193", ""),
        ("my PIN 482193 is lost", "my PIN 482193 is lost", ""),
        ("TAL PIN 48", "TAL PIN 48", ""),
    ],
)
def test_a_code_is_what_stands_behind_the_word_at_the_end(text: str, reported: str, code: str) -> None:
    assert (proof.without(text), proof.code(text)) == (reported, code)
    masked = proof.masked(text)
    assert proof.code(masked) == ""
    assert proof.without(masked) == reported
    assert (masked == text) == (not code)


def test_only_a_code_is_alone() -> None:
    assert proof.alone(" Pin 482193 ")
    assert proof.alone("PIN ••••")
    assert not proof.alone("TAL PIN 482193")
    assert not proof.alone("482193")


@pytest.mark.parametrize("end", ["", " PIN 482193", " PIN ••••", "\nпин 482 193"])
def test_a_text_is_read_as_though_it_had_no_code(end: str) -> None:
    report = grammar.read(f"TAL 10001 R900 V50 YA20 YB30{end}", ARVENIA)
    assert isinstance(report, ReportText)
    assert not report.problems
    assert {code: it.value for code, it in report.answers.items()} == {"R": "900", "V": "50", "YA": "20", "YB": "30"}
    incident = grammar.read(f"ALR 101 they fight{end}", ARVENIA)
    assert isinstance(incident, IncidentText)
    assert incident.description == "they fight"
