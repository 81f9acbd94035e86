"""A report's text from its answers, and one answer changed: read back by the grammar as exactly that."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from hub.checklist import grammar, writing
from hub.checklist.definition import Checklist, Question
from hub.checklist.reading import ReportText
from hub.election import configuration

ROOT = Path(__file__).parents[2]
CHECKLISTS = [
    configuration.load(ROOT / folder).election.checklist
    for folder in ("config/kyrgyzstan-2021", "tests/elections/arvenia")
]
ARVENIA = CHECKLISTS[1]


def value(question: Question, chance: Random) -> str:
    match question.type:
        case "choice":
            return chance.choice(question.option_codes)
        case "multiple":
            chosen = chance.sample(question.option_codes, chance.randint(1, len(question.option_codes)))
            return ",".join(code for code in question.option_codes if code in chosen)
        case "integer" | "decimal":
            return str(chance.randint(int(question.min or 0), int(question.max or 9999)))
        case "time":
            return f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}"
        case "text":
            return "quiet"
    return "1"


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=["kyrgyzstan", "arvenia"])
def test_what_is_written_is_read_back_as_the_same_answers(checklist: Checklist) -> None:
    chance = Random(1)
    station = "1" * checklist.station.lengths[0]
    for form in [form for form in checklist.forms if form.questions] * 30:
        answers = {code: value(it, chance) for code, it in form.by_code.items() if chance.random() < 0.6}
        written = writing.report(form, station, answers)
        read = grammar.read(written, checklist)
        assert isinstance(read, ReportText), written
        assert (read.station, {code: it.value for code, it in read.answers.items()}) == (station, answers), written
        assert not read.problems, written


@pytest.mark.parametrize(
    ("text", "code", "value", "wanted"),
    [
        ("SET 10001 H0715 M1 A1", "H", "07:25", "SET 10001 H07:25 M1 A1"),
        ("SET 10001 H2570 M1 A1", "H", "07:25", "SET 10001 H07:25 M1 A1"),
        ("SET h 25.70 m1 a1", "H", "07:25", "SET H07:25 m1 a1"),
        ("SET 10001 M1 A1", "H", "07:25", "SET 10001 M1 A1 H07:25"),
        ("SET", "A", "1", "SET A1"),
        ("SET 10001", "A", "1", "SET 10001 A1"),
        ("SET 10001 H0715 M1 A1", "M", "", "SET 10001 H0715 A1"),
        ("SET 10001 H0715 M1 A1", "W", "", "SET 10001 H0715 M1 A1"),
        ("SET A1 M1 A0 H0715", "A", "0", "SET A0 M1 H0715"),
        ("SET M1 A1 # we are cold", "H", "07:15", "SET M1 A1 H07:15 # we are cold"),
        ("TAL V500 YA300 YB200", "Z", "1", "TAL V500 YA300 YB200 Z"),
        ("TAL V500 YA300 YB200", "Q", "1", "TAL V500 YA300 YB200"),
        ("call me", "A", "1", "call me"),
    ],
)
def test_one_answer_is_changed_where_it_stands(text: str, code: str, value: str, wanted: str) -> None:
    assert writing.with_answer(text, ARVENIA, code, value) == wanted
    read = grammar.read(wanted, ARVENIA)
    if isinstance(read, ReportText) and code in ARVENIA.form(read.form).by_code:
        assert (read.answers[code].value if code in read.answers else "") == value
