"""What is suggested for a problem: the nearest sound text, in place of the problem's own, and the problem is gone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from hub.checklist import grammar, validation
from hub.checklist.definition import Checklist
from hub.checklist.people import Person, Station
from hub.checklist.problems import Problem
from hub.checklist.reading import CommandText
from hub.checklist.validation import Judgement

STATIONS = {code: Station(int(code), code, "s", "r", "d", 900, code != "1003") for code in ("1001", "1002", "1003")}
ANNA = Person(1, "anna", "observer", "en", "r", ("1001",))
BEN = Person(2, "ben", "observer", "en", "r", ("1002", "2222"))

MENDED = [
    ("TUR 1001 T14З0", "TUR 1001 T1430"),
    ("TUR 1001 T330чел", "TUR 1001 T330"),
    ("TUR 1001 T about 300", "TUR 1001 T 300"),
    ("TUR 1001 T-330", "TUR 1001 T330"),
    ("TUR 1001 T11430", "TUR 1001 T1430"),
    ("TUR 1001 T2 067", "TUR 1001 T2067"),
    ("TUR 10 01 T330", "TUR 1001 T330"),
    ("TUR 1001 T330 TUR 1002 T330", "TUR 1002 T330 TUR 1002 T330"),
    ("OPN 1001 A11", "OPN 1001 A1"),
    ("OPN 1001 A нетт", "OPN 1001 A 2"),
    ("OPN 1001 A1 B2 A2", "OPN 1001 A1 B2 A1"),
    ("OPN 1001 A1B1C1D1F1G1H1J1K1 Щ1", "OPN 1001 A1B1C1D1F1G1H1J1K1 E1"),
    ("OPN 1001 A1 quiet # here", "OPN 1001 A1 # quiet # here"),
    ("OPN1001A1MID1001B2", "OPN1001A1 #MID1001B2"),
    ("INC 1001 5 fire", "INC 1001 05 fire"),
    ("INC 1001 014 fire", "INC 1001 14 fire"),
    ("0PN1001A1", "OPN1001A1"),
    ("1001 OPN A1", "OPN 1001 A1"),
]
UNMENDED = ["TUR 1001 T1.5", "TUR 1001 T330-340", "TUR 1001 T99999", "TUR 1001 T33Ж", "OPN 1001 A7", "OPN 1001 ZZ4 A1"]


@pytest.mark.parametrize(("text", "mended"), MENDED)
def test_the_nearest_sound_text_is_suggested(kyrgyz: Checklist, text: str, mended: str) -> None:
    assert _mended(text, _problems(text, kyrgyz)[0]) == mended


@pytest.mark.parametrize("text", UNMENDED)
def test_where_nothing_sound_is_near_nothing_is_suggested(kyrgyz: Checklist, text: str) -> None:
    assert [problem.suggestion for problem in _problems(text, kyrgyz)] == [None]


def test_times_and_choices_of_several_are_mended_too(arvenian: Checklist) -> None:
    for text, mended in [("SET H7", "SET H07:00"), ("SET H7 15", "SET H07:15"), ("SET M113", "SET M1,3")]:
        assert _mended(text, _problems(text, arvenian)[0]) == mended


STATION_MENDS = [
    (ANNA, "TUR 9999 T3", "TUR 1001 T3"),
    (ANNA, "TUR 1002 T3", "TUR 1001 T3"),
    (ANNA, "TUR 1003 T3", "TUR 1001 T3"),
    (ANNA, "INC №1002, 14 fire", "INC №1001, 14 fire"),
    (BEN, "TUR 1022 T3", "TUR 1002 T3"),
]


@pytest.mark.parametrize(("sender", "text", "mended"), STATION_MENDS)
def test_the_senders_own_station_is_suggested(kyrgyz: Checklist, sender: Person, text: str, mended: str) -> None:
    [problem] = [it for it in _judged(text, sender, kyrgyz).problems if "station" in it.code]
    assert _mended(text, problem) == mended
    assert not any("station" in it.code for it in _judged(mended, sender, kyrgyz).problems)


@pytest.mark.parametrize("seed", range(5))
def test_a_suggestion_in_its_place_always_mends_its_problem(
    kyrgyz: Checklist, golden_messages: list[dict[str, Any]], seed: int
) -> None:
    chance, mended = random.Random(seed), 0
    for text in _spoilt(golden_messages, chance, 150):
        problems = _problems(text, kyrgyz)
        for problem in problems:
            if problem.suggestion is not None:
                left = _problems(_mended(text, problem), kyrgyz)
                assert _alike(problem, left) < _alike(problem, problems), text
                mended += 1
    assert mended > 50


def _spoilt(messages: list[dict[str, Any]], chance: random.Random, count: int) -> Iterator[str]:
    reports = [said["text"] for said in messages if said.get("answers")]
    for text in chance.sample(reports, count):
        for _ in range(chance.choice((1, 2, 3))):
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(["З", "Б", "7", "-", ".", " ", "Q", "нет", " MID ", text[at]]) + text[at:]
        yield text


def _problems(text: str, checklist: Checklist) -> tuple[Problem, ...]:
    reading = grammar.read(text, checklist)
    return () if isinstance(reading, CommandText) else reading.problems


def _mended(text: str, problem: Problem) -> str:
    return text[: problem.start] + (problem.suggestion or "") + text[problem.end :]


def _alike(problem: Problem, problems: tuple[Problem, ...]) -> int:
    return sum((it.code, it.field) == (problem.code, problem.field) for it in problems)


def _judged(text: str, sender: Person, checklist: Checklist) -> Judgement:
    reading = grammar.read(text, checklist)
    return validation.judge(
        reading, senders=[sender], stations=STATIONS, records=lambda *_: {}, checklist=checklist, now=None
    )
