"""Who may say what from where: one line a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from hub.checklist import grammar, validation
from hub.checklist.definition import Checklist, Rule
from hub.checklist.people import Person, Station
from hub.checklist.validation import Judgement

STATIONS = {
    "1001": Station(1, "1001", "north", "north", "a", 1000, True),
    "1002": Station(2, "1002", "north", "north", "a", 1000, True),
    "1003": Station(3, "1003", "north", "north", "a", 1000, False),
}
NOW = datetime(2021, 11, 28, 17, 0, tzinfo=UTC)


def person(code: str, role: str = "observer", *stations: str) -> Person:
    return Person(len(code), code, role, "en", "", stations)


ANNA, OTTO = person("anna", "observer", "1001"), person("otto", "observer", "1002")
PEOPLE = {
    "nobody": [],
    "anna": [ANNA],
    "twice": [person("twice", "observer", "1001", "1002")],
    "shared": [ANNA, OTTO],
    "spouses": [ANNA, person("anton", "observer", "1001")],
    "mobile": [person("mobile", "mobile")],
    "lawyer": [person("lawyer", "lawyer")],
    "moved": [person("moved", "observer", "1003")],
    "both": [person("mobile", "mobile"), ANNA],
}


def judged(
    checklist: Checklist,
    text: str,
    senders: Sequence[Person] = (ANNA,),
    records: Mapping[str, Mapping[str, str]] | None = None,
    now: datetime | None = NOW,
) -> Judgement:
    return validation.judge(
        grammar.read(text, checklist),
        senders=senders,
        stations=STATIONS,
        records=lambda *_: records or {},
        checklist=checklist,
        now=now,
    )


def told(made: Judgement) -> str:
    station = made.station.code if made.station else "-"
    said = [made.outcome, made.form or "-", station, *(f"{code}{value}" for code, value in made.answers.items())]
    return " ".join([*said, *(f"!{problem.code}" for problem in made.problems)])


CASES = [
    ("anna", "TUR 1001 T5", "accepted TUR 1001 T5"),
    ("anna", "TUR T5", "accepted TUR 1001 T5"),
    ("anna", "ARR", "accepted ARR 1001"),
    ("anna", "ARR 1001 hello", "partial ARR 1001 !unknown_field"),
    ("anna", "TUR 1002 T5", "rejected TUR - !station_not_assigned"),
    ("anna", "TUR 1003 T5", "rejected TUR - !station_out_of_sample"),
    ("anna", "TUR 9999 T5", "rejected TUR - !unknown_station"),
    ("anna", "TUR 100 T5", "rejected TUR - !unknown_station"),
    ("anna", "TUR 1001 1002 T5", "rejected TUR - !unknown_station"),
    ("anna", "CLS 1002 A7 T5", "rejected CLS - !station_not_assigned !unknown_option"),
    ("moved", "TUR T5", "rejected TUR - !station_out_of_sample"),
    ("twice", "TUR T5", "rejected TUR - !station_missing"),
    ("twice", "TUR 1002 T5", "accepted TUR 1002 T5"),
    ("shared", "TUR T5", "rejected TUR - !station_missing"),
    # Two at one phone and one station: the comment begins with who writes.
    ("spouses", "TUR T5", "rejected TUR - !person_missing"),
    ("spouses", "TUR 1001 T5", "rejected TUR - !person_missing"),
    ("spouses", "TUR 1001 T5 # otto", "rejected TUR - !person_missing"),
    ("spouses", "TUR 1001 T5 # the queue, anna says", "rejected TUR - !person_missing"),
    ("spouses", "TUR T5 #anton", "accepted TUR 1001 T5"),
    ("spouses", "TUR 1001 T5 @ ANNA: queue outside", "accepted TUR 1001 T5"),
    ("spouses", "TUR 1002 T5", "rejected TUR - !station_not_assigned"),
    ("spouses", "INC 14 x", "accepted INC 1001"),
    ("spouses", "INC 1001 14 x", "accepted INC 1001"),
    ("both", "TUR T5", "accepted TUR 1001 T5"),
    ("mobile", "TUR 1001 T5", "rejected TUR - !station_not_assigned"),
    ("mobile", "TUR 1003 T5", "rejected TUR - !station_not_assigned"),
    ("mobile", "TUR 9999 T5", "rejected TUR - !unknown_station"),
    ("mobile", "TUR T5", "rejected TUR - !station_missing"),
    ("lawyer", "TUR 1001 T5", "rejected TUR - !station_not_assigned"),
    ("nobody", "TUR 1001 T5", "rejected TUR 1001 !unknown_sender"),
    ("nobody", "TUR 1003 T5", "rejected TUR - !unknown_sender"),
    ("nobody", "TUR 1001 T-5", "rejected TUR 1001 !unknown_sender"),
    ("nobody", "call me please", "rejected - - !unknown_sender"),
    ("nobody", "HELP", "rejected - - !unknown_sender"),
    ("nobody", "INC 1003 14 x", "rejected INC 1003 !unknown_sender"),
    # Incidents: observers from their own station, mobile teams and staff from anywhere in the frame.
    ("anna", "INC 1001 14 x", "accepted INC 1001"),
    ("anna", "INC 14 x", "accepted INC 1001"),
    ("anna", "INC 1002 14 x", "rejected INC - !station_not_assigned"),
    ("anna", "INC 1003 14 x", "rejected INC - !station_not_assigned"),
    ("anna", "INC 99 x", "rejected INC 1001 !unknown_category"),
    ("anna", "INC they hit us", "rejected INC 1001 !unknown_category"),
    ("mobile", "INC 1001 14 x", "accepted INC 1001"),
    ("mobile", "INC 1003 14 x", "accepted INC 1003"),
    ("mobile", "INC 9999 14 x", "rejected INC - !unknown_station"),
    ("mobile", "INC 14 x", "rejected INC - !station_missing"),
    ("lawyer", "INC 1003 14 x", "accepted INC 1003"),
    ("both", "INC 1003 14 x", "accepted INC 1003"),
    # What is stored of a report that is not sound altogether.
    ("anna", "CLS A2 B7 T5", "partial CLS 1001 A2 T5 !unknown_option"),
    ("anna", "CLS A2 T-5 ZZ4", "partial CLS 1001 A2 !not_a_number !unknown_field !missing_answers"),
    ("anna", "CLS A2 B1", "accepted CLS 1001 A2 B1 !missing_answers"),
    ("anna", "CLS A2 B1 T5 TUR T5", "partial CLS 1001 A2 B1 T5 !second_form"),
    ("anna", "CLS TUR T5", "rejected CLS 1001 !second_form !missing_answers"),
    ("anna", "CLS", "rejected CLS 1001 !missing_answers"),
    ("anna", "TUR T-5", "rejected TUR 1001 !not_a_number"),
    ("anna", "TUR TOO many", "rejected TUR 1001 !unknown_field !unknown_field !missing_answers"),
    ("anna", "QQQ 1001 A1", "rejected - - !unknown_form"),
    ("anna", "", "rejected - - !unreadable"),
]


@pytest.mark.parametrize(("who", "text", "expected"), CASES)
def test_a_message_becomes_what_its_sender_may_say(kyrgyz: Checklist, who: str, text: str, expected: str) -> None:
    assert told(judged(kyrgyz, text, PEOPLE[who])) == expected


TWINS = [person("1001-1", "observer", "1001"), person("1001-12", "observer", "1001"), person("А1", "observer", "1001")]


@pytest.mark.parametrize(
    ("comment", "who"),
    [
        ("#1001-1", "1001-1"),
        ("# 1001‑12 queue", "1001-12"),
        ("#1001 1", "1001-1"),
        ("#a1", "А1"),  # a Latin A for a Cyrillic one
        ("#1001", None),
        ("#1001-2", None),
        ("", None),
    ],
)
def test_who_writes_is_read_as_tolerantly_as_the_report(kyrgyz: Checklist, comment: str, who: str | None) -> None:
    made = judged(kyrgyz, f"TUR 1001 T5 {comment}", TWINS)
    assert (made.person.code if made.outcome == "accepted" and made.person else None) == who


def test_the_station_in_the_text_tells_who_of_a_shared_telephone_writes(kyrgyz: Checklist) -> None:
    assert judged(kyrgyz, "TUR 1002 T5", PEOPLE["shared"]).person == OTTO


def test_the_desk_sees_what_was_readable_of_a_message_from_elsewhere(kyrgyz: Checklist) -> None:
    made = judged(kyrgyz, "INC 1002 06 they hit us", PEOPLE["anna"])
    assert (made.station_code, made.rejected_station) == ("1002", STATIONS["1002"])
    assert (made.category, made.description, made.person) == ("06", "they hit us", ANNA)


def test_a_station_not_assigned_is_told_with_those_that_are(kyrgyz: Checklist) -> None:
    text = "TUR 1002 T5"
    [problem] = judged(kyrgyz, text).problems
    assert text[problem.start : problem.end] == "1002"
    assert problem.detail == {"station": "1002", "stations": ["1001"]}


def test_missing_answers_are_one_problem_with_all_codes(kyrgyz: Checklist) -> None:
    [problem] = judged(kyrgyz, "CLS T5").problems
    assert (problem.code, problem.detail["codes"]) == ("missing_answers", ["A", "B"])


def test_what_the_station_has_said_before_is_not_missing(kyrgyz: Checklist) -> None:
    assert told(judged(kyrgyz, "CLS T5", records={"CLS": {"A": "1", "B": "1"}})) == "accepted CLS 1001 T5"


def test_a_form_that_has_not_opened_or_has_closed_stores_nothing(kyrgyz: Checklist) -> None:
    checklist = _with_times(kyrgyz, opens=NOW - timedelta(hours=1), closes=NOW + timedelta(hours=1))
    assert told(judged(checklist, "TUR T5")) == "accepted TUR 1001 T5"
    early, late = NOW - timedelta(hours=2), NOW + timedelta(hours=2)
    assert told(judged(checklist, "TUR T5", now=early)) == "rejected TUR 1001 !report_not_due"
    assert told(judged(checklist, "TUR T5", now=late)) == "rejected TUR 1001 !form_closed"
    assert told(judged(checklist, "TUR T5", now=None)) == "accepted TUR 1001 T5"


RULES = [
    ("flag", "accepted TUR 1001 T900 !rule_violated"),
    ("note", "accepted TUR 1001 T900 !rule_violated"),
    ("reject", "rejected TUR 1001 !rule_violated"),
]


@pytest.mark.parametrize(("severity", "expected"), RULES)
def test_a_violated_rule_is_told_and_refuses_only_where_it_says_so(
    kyrgyz: Checklist, severity: str, expected: str
) -> None:
    rule = Rule.model_validate({"name": "few", "check": "T < 800", "message": {"en": "!"}, "severity": severity})
    checklist = _with(kyrgyz, "TUR", rules=(rule,))
    made = judged(checklist, "TUR T900")
    assert told(made) == expected
    [problem] = made.problems
    assert (problem.field, problem.detail["rule"], problem.detail["severity"]) == ("T", "few", severity)


def test_a_rule_over_two_forms_is_judged_when_the_later_one_comes_whichever_it_is(kyrgyz: Checklist) -> None:
    assert told(judged(kyrgyz, "MID T5", records={})).endswith("T5 !missing_answers")
    made = judged(kyrgyz, "MID T5", records={"TUR": {"T": "9"}})
    assert [it.detail["rule"] for it in made.problems if it.code == "rule_violated"] == [_growing(kyrgyz)]
    made = judged(kyrgyz, "TUR T9", records={"MID": {"T": "5"}})
    assert [it.detail["rule"] for it in made.problems] == [f"MID.{_growing(kyrgyz)}"]


def _growing(checklist: Checklist) -> str:
    return next(rule.name for rule in checklist.form("MID").rules if "TUR" in rule.check)


def _with_times(checklist: Checklist, opens: datetime, closes: datetime) -> Checklist:
    return _with(checklist, "TUR", opens=opens, closes=closes)


def _with(checklist: Checklist, code: str, **changes: object) -> Checklist:
    """The checklist with one form changed: built anew, as nothing that was computed from the old one may stay."""
    forms = [form.model_copy(update=changes) if form.code == code else form for form in checklist.forms]
    unchanged = {name: getattr(checklist, name) for name in Checklist.model_fields}
    return Checklist(**(unchanged | {"forms": tuple(forms)}))
