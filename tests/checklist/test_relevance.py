"""A question that is asked only where something holds: neither missing where it does not, nor answered in vain."""

from __future__ import annotations

from datetime import date, time

import pytest

from hub.checklist import grammar, rules, validation
from hub.checklist.definition import Checklist, Form, Option, Question, StationCode
from hub.checklist.people import Person, Station
from hub.checklist.rules import UnsoundRules
from hub.checklist.validation import Judgement

TEXT = {"en": "?"}
YES_NO = (Option(code="1", text=TEXT), Option(code="2", text=TEXT))
ANNA = Person(1, "anna", "observer", "en", "", ("1001",))
STATION = Station(1, "1001", "north", "north", "a", 1000, True)


def checklist(relevant: str) -> Checklist:
    questions = (
        Question(code="D", type="choice", text=TEXT, options=YES_NO),
        Question(code="E", type="integer", text={"en": "How many"}, relevant=relevant),
    )
    return Checklist(
        languages=("en",),
        forms=(
            Form(code="MID", title=TEXT, day=date(2030, 3, 10), due=time(16), questions=questions),
            Form(code="TUR", title=TEXT, day=date(2030, 3, 10), due=time(12), questions=questions[:1]),
        ),
        commands={"help": ("HELP",), "status": ("STATUS",), "ack": ("ACK",), "done": ("DONE",)},
        station=StationCode(lengths=(4,)),
    )


def judged(relevant: str, text: str, before: dict[str, dict[str, str]] | None = None) -> Judgement:
    known = checklist(relevant)
    read = grammar.read(text, known)
    return validation.judge(
        read, senders=[ANNA], stations={"1001": STATION}, records=lambda *_: before or {}, checklist=known
    )


# the condition, what was reported before, the text, what is wrong with it
CASES = [
    ("D == 1", {}, "MID 1001 D1", "missing E"),
    ("D == 1", {}, "MID 1001 D2", ""),
    ("D == 1", {}, "MID 1001 D1 E5", ""),
    ("D == 1", {}, "MID 1001 D2 E5", "relevant_e D E"),
    ("D == 1", {"MID": {"E": "5"}}, "MID 1001 D2", "relevant_e D"),
    ("D == 1", {"MID": {"D": "2"}}, "MID 1001 E5", "relevant_e E"),
    ("D == 1", {}, "MID 1001 E5", "missing D"),
    ("TUR.D == 1", {}, "MID 1001 D1", ""),
    ("TUR.D == 1", {"TUR": {"D": "1"}}, "MID 1001 D1", "missing E"),
    ("TUR.D == 1", {"MID": {"D": "1", "E": "5"}}, "TUR 1001 D2", "MID.relevant_e D"),
    ("station.voters > 2000", {}, "MID 1001 D1 E5", "relevant_e E"),
    ("station.voters < 2000", {}, "MID 1001 D1", "missing E"),
]


@pytest.mark.parametrize(("relevant", "before", "text", "wrong"), CASES, ids=lambda value: str(value))
def test_it_is_missed_where_it_is_relevant_and_flagged_where_it_is_not(
    relevant: str, before: dict[str, dict[str, str]], text: str, wrong: str
) -> None:
    made = judged(relevant, text, before)
    assert made.outcome == "accepted"
    told = [_told(problem.code, problem.detail) for problem in made.problems]
    assert " ".join(told) == wrong


def test_what_it_says_is_the_question() -> None:
    (problem,) = judged("D == 1", "MID 1001 D2 E5").problems
    assert problem.detail["message"] == {"en": "E: How many"}
    assert problem.detail["severity"] == "flag"


@pytest.mark.parametrize("relevant", ["E == 1", "Q == 1", "D ==", "D + 1"])
def test_an_unsound_condition_does_not_load(relevant: str) -> None:
    with pytest.raises(UnsoundRules, match="relevant_e"):
        rules.compile_rules(checklist(relevant))


def _told(code: str, detail: dict[str, object]) -> str:
    codes = detail["codes"]
    assert isinstance(codes, list)
    return f"{detail.get('rule', 'missing')} {' '.join(sorted(codes))}"
