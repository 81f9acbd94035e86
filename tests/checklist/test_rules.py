"""Rules: what loads, what does not and where it is wrong, and what is judged when."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from hub.checklist import rules
from hub.checklist.definition import Checklist, Form, Option, Question, Rule, StationCode
from hub.checklist.rules import RuleError, Rules, UnsoundRules

TEXT = {"en": "?"}
OPTIONS = tuple(Option(code=code, text=TEXT) for code in ("1", "2", "3"))
QUESTIONS = (
    Question(code="V", type="integer", text=TEXT),
    Question(code="R", type="integer", text=TEXT, min=1, max=6000),
    Question(code="A", type="choice", text=TEXT, options=OPTIONS),
    Question(code="E", type="multiple", text=TEXT, options=OPTIONS),
    Question(code="W", type="decimal", text=TEXT, max=100),
    Question(code="H", type="time", text=TEXT),
    Question(code="Z", type="confirmation", text=TEXT),
)


def checklist(*checks: str) -> Checklist:
    """Two forms, TAL with these rules and MID without; both ask the same."""
    compiled = tuple(Rule(name=f"rule{n}", check=check, message=TEXT) for n, check in enumerate(checks))
    common: dict[str, Any] = {"title": TEXT, "day": date(2030, 3, 10), "due": time(20), "questions": QUESTIONS}
    return Checklist(
        languages=("en",),
        forms=(Form(code="TAL", rules=compiled, **common), Form(code="MID", **common)),
        commands={"help": ("HELP",), "status": ("STATUS",), "ack": ("ACK",), "done": ("DONE",)},
        station=StationCode(lengths=(4,)),
    )


def compiled(*checks: str) -> Rules:
    return rules.compile_rules(checklist(*checks))


SOUND = [
    ("V <= R", True),
    ("V > R", False),
    ("MID.V <= TAL.V", True),
    ("2 * V <= 3 * station.voters", True),
    ("A == 2 || V > 0", True),
    ("E.size() > 1 && 3 in E", True),
    ("E.all(option, option < 3)", False),
    ("W >= 12.5", True),
    ("double(V) > W", False),
    ("H < '08:00' && H.startsWith('07')", True),
    ("Z == 1", True),
    ("'R.X' != H", True),
]
ANSWERS = {"V": "10", "R": "20", "A": "2", "E": "1,3", "W": "12.5", "H": "07:15", "Z": "1"}


@pytest.mark.parametrize(("check", "holds"), SOUND)
def test_a_rule_is_judged_on_answers_of_every_type(check: str, holds: bool) -> None:
    assert len(compiled(check, f"!({check})").violations("TAL", ANSWERS, {"MID": ANSWERS}, 900)) == 1
    assert (compiled(check).violations("TAL", ANSWERS, {"MID": ANSWERS}, 900) == []) is holds


UNSOUND = [
    ("V <=", "Syntax error: mismatched input '<EOF>'", 4),
    ("V <= 'x", "Syntax error", 5),
    ("V <= Q", "there is no question Q", 5),
    ("V + MID.Q > 1", "there is no question MID.Q", 4),
    ("OPN.V > 1", "there is no question OPN.V", 0),
    ("station.people > 1", "there is no question station.people", 0),
    ("MID > 1", "there is no question MID", 0),
    ("V + W > 1.0", "No such overload", 0),
    ("V + 1", "it is neither true nor false, but 1", 0),
    ("true", "it names no question", 0),
    ("unheard(V)", "Undefined variable or function: 'unheard'", 0),
    ("V > " + "1 + " * 245 + "1", None, 0),
    ("(" * 21 + "V" + ")" * 21 + " > 1", "its brackets are nested deeper than 20", 20),
    ("E.all(x, E.all(y, E.all(z, x + y + z > 0)))", "it has more than 2 of all, exists", 0),
]


@pytest.mark.parametrize(("check", "message", "column"), UNSOUND)
def test_an_unsound_rule_does_not_load_and_says_where(check: str, message: str | None, column: int) -> None:
    if message is None:
        assert compiled(check)  # long, but sound
        return
    with pytest.raises(UnsoundRules) as caught:
        compiled(check)
    [error] = caught.value.errors
    assert message in error.message
    assert error.column == column


def test_a_rule_of_more_than_a_thousand_characters_is_refused() -> None:
    rule = Rule.model_construct(name="long", check="V > 0" + " " * 1000, message=TEXT, severity="flag", critical=False)
    form = checklist().forms[0].model_copy(update={"rules": (rule,)})
    with pytest.raises(UnsoundRules, match="longer than 1000 characters"):
        rules.compile_rules(checklist().model_copy(update={"forms": (form,)}))


def test_all_unsound_rules_are_told_at_once_each_with_a_caret() -> None:
    with pytest.raises(UnsoundRules) as caught:
        compiled("V <= Q", "V <= R", "V >")
    assert len(caught.value.errors) == 2
    assert "TAL.rule0: there is no question Q\n    V <= Q\n         ^" in str(caught.value)


def test_the_caret_stands_under_the_line_it_means() -> None:
    error = RuleError("TAL", "sum", "V ==\n  Q + R", "no Q", 7)
    assert str(error) == "TAL.sum: no Q\n      Q + R\n      ^"


def test_a_rule_waits_until_all_that_it_names_is_known() -> None:
    waiting = compiled("V > MID.V", "V > station.voters")
    assert waiting.violations("TAL", {"V": "5"}, {}, None) == []
    assert [it.key for it in waiting.violations("TAL", {"V": "5"}, {"MID": {"R": "3"}}, 900)] == ["rule1"]


def test_a_rule_is_judged_by_whichever_report_completes_it_under_its_own_forms_name() -> None:
    [violation] = compiled("V <= MID.V").violations("MID", {"V": "5", "R": "9"}, {"TAL": {"V": "7"}}, None)
    assert (violation.key, violation.form, violation.codes) == ("TAL.rule0", "TAL", ("V",))


def test_a_rule_is_judged_on_what_the_station_says_now_not_on_what_it_said() -> None:
    assert compiled("V <= R").violations("TAL", {"V": "5"}, {"TAL": {"V": "50", "R": "9"}}, None) == []


def test_only_rules_that_name_an_answer_of_the_report_are_judged() -> None:
    assert compiled("V <= R").violations("TAL", {"A": "1"}, {"TAL": {"V": "50", "R": "9"}}, None) == []


def test_what_cannot_be_computed_is_not_judged() -> None:
    assert compiled("100 / V > 5", "100 / V <= 5").violations("TAL", {"V": "0"}, {}, None) == []
    assert compiled("V * V > 5", "V * V <= 5").violations("TAL", {"V": "999999999999"}, {}, None) == []


def test_the_rules_of_a_checklist_are_compiled_once() -> None:
    one = checklist("V <= R")
    assert rules.of(one) is rules.of(one)
