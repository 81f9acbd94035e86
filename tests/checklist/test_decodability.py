"""Texts with two readings: each kind of collision is found, none is invented, and the reader reads what is left."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest

from hub.checklist import grammar
from hub.checklist.decodability import ambiguities, readings
from hub.checklist.definition import Category, Checklist, Form, Option, Question, QuestionType, StationCode
from hub.checklist.reading import ReportText

COMMANDS: dict[Any, tuple[str, ...]] = {"help": ("HE",), "status": ("SU",), "ack": ("ACK",), "done": ("DUN",)}


def question(code: str, kind: QuestionType = "choice", options: dict[str, list[str]] | None = None) -> Question:
    """`options`: each option's words by its code; 1 and 2 without words where nothing is said."""
    told = {"1": [], "2": []} if options is None and kind in ("choice", "multiple") else options or {}
    made = tuple(Option(code=it, text={}, words={"en": tuple(words)}) for it, words in told.items())
    return Question(code=code, type=kind, text={}, options=made)


def checklist(
    *questions: Question,
    form: str = "FA",
    others: tuple[tuple[str, tuple[Question, ...]], ...] = (),
    lengths: tuple[int, ...] = (4,),
    station_words: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> Checklist:
    forms = tuple(
        Form(code=code, title={}, day=date(2030, 1, 1), due=time(9), questions=asked)
        for code, asked in ((form, questions), *others)
    )
    return Checklist(
        languages=("en",),
        forms=forms,
        categories=tuple(Category(code=code, key=f"k{code}", title={}, severity=3) for code in categories),
        commands=COMMANDS,
        station=StationCode(lengths=lengths, words=station_words),
    )


def number(code: str) -> Question:
    return question(code, "integer")


COLLISIONS = [
    ("a code that is two others", checklist(question("Z", "confirmation"), number("ZA"), number("A")), "FAZA1"),
    ("a code with a digit", checklist(question("A"), question("B"), question("A1B")), "FAA1B1"),
    ("a word that ends in a code", checklist(question("A", options={"1": ["ha"], "2": ["hab"]}), number("B")), None),
    (
        "a word that holds an answer",
        checklist(question("A", options={"1": ["s"], "2": ["sbe"]}), question("B", options={"1": ["e"]})),
        "FAASBE",
    ),
    ("a word that begins as digits do", checklist(question("A", options={"0": ["ooba"], "00": []}), number("B")), None),
    (
        "digits that begin a word",
        checklist(question("A", options={"0": ["x"], "1": ["oba"]}), question("BA", "confirmation")),
        "FAAOBA",
    ),
    ("a station's word that is a code", checklist(number("PS"), station_words=("PS",)), "FAPS1111"),
    ("two lengths of stations", checklist(number("A"), lengths=(3, 5)), None),
    ("a form's code and an answer", checklist(question("B"), others=(("FAB", (number("C"),)),)), None),
    ("a form's code and an answer of another's", checklist(number("B"), others=(("FAB", ()),), lengths=(2,)), "FAB11"),
    ("a second form that is an answer", checklist(number("PN"), others=(("PN", ()),)), "FAPN1111"),
    ("a form that begins as a digit does", checklist(number("V"), number("PN"), others=(("OPN", ()),)), None),
    ("a station and a category", checklist(lengths=(4, 5), categories=("11", "111")), "INC1111111"),
    ("a command and an answer", checklist(number("K"), form="AC"), "ACK1"),
    ("times, decimals and choices of several", checklist(question("H", "time"), question("M", "multiple")), None),
]


@pytest.mark.parametrize(("asked", "text"), [case[1:] for case in COLLISIONS], ids=[case[0] for case in COLLISIONS])
def test_a_text_with_two_readings_is_found_where_there_is_one(asked: Checklist, text: str | None) -> None:
    found = [it.text for it in ambiguities(asked)]
    assert found == ([text] if text else [])


def test_both_readings_are_spelt_out() -> None:
    [found] = ambiguities(checklist(number("PS"), number("A"), station_words=("PS",)))
    assert (found.form, found.readings) == ("FA", ("FA 1111", "FA PS=1111"))


def test_every_form_is_told_of_by_itself() -> None:
    same = (question("Z", "confirmation"), number("ZA"), number("A"))
    assert [it.form for it in ambiguities(checklist(*same, others=(("FB", same),)))] == ["FA", "FB"]


def test_two_words_of_one_meaning_are_one_reading() -> None:
    assert not ambiguities(checklist(question("A", options={"1": ["ha", "ha ha"], "2": []})))


def test_both_elections_have_one_reading_only(kyrgyz: Checklist, arvenian: Checklist) -> None:
    assert ambiguities(kyrgyz) == ambiguities(arvenian) == ()


LONGEST = 6


@pytest.mark.parametrize("seed", range(40))
def test_of_a_small_checklist_every_short_text_was_tried(seed: int) -> None:
    asked = _small(random.Random(seed))
    said = _all_texts(asked)
    for text, told in said.items():
        assert readings(text, asked) == told
    shortest = min((len(text) for text, told in said.items() if len(told) > 1), default=None)
    found = min((len(it.text) for it in ambiguities(asked)), default=None)
    assert shortest == (found if found is None or found <= LONGEST else None)


@pytest.mark.parametrize("seed", range(40))
def test_what_has_one_reading_is_read_so_or_refused(seed: int) -> None:
    asked = _small(random.Random(seed))
    for text, told in _all_texts(asked).items():
        reading = grammar.read(text, asked)
        if len(told) == 1 and isinstance(reading, ReportText) and not reading.problems:
            answers = [f"{code}={answer.value}" for code, answer in reading.answers.items()]
            said = [reading.form, *([reading.station] if reading.station else []), *answers]
            [meant] = told
            assert said == list(dict.fromkeys(meant.split())), text  # the same answer twice is one


def _small(chance: random.Random) -> Checklist:
    """A checklist of few letters, so that they collide."""
    codes = chance.sample(["A", "B", "AB", "BA", "A1B", "ABA"], 3)
    asked = []
    for code in codes:
        words = chance.sample(["A", "B", "AB", "BA", "OB"], 3)
        options = {"1": words[:1], "2": words[1:2], "0": words[2:]}
        kind: QuestionType = chance.choice(["choice", "choice", "integer", "confirmation"])
        asked.append(question(code, kind, dict(chance.sample(sorted(options.items()), 2)) if kind == "choice" else {}))
    return checklist(*asked, lengths=(1,), station_words=("B",) if chance.random() < 0.3 else ())


def _all_texts(asked: Checklist) -> dict[str, frozenset[str]]:
    """Every text of one report with few digits, and what can be meant by it."""
    [form] = asked.forms
    said: dict[str, set[str]] = defaultdict(set)
    answers = [answer for it in form.questions for answer in _answers(it)]
    words = ["", " ", *(f"{blank}{word}{gap}" for word in asked.station.words for blank in JOINTS for gap in JOINTS)]
    stations = [(word + written, f" {digit}") for word in words for digit in "012" for written in WRITTEN[digit]]

    def go_on(text: str, reading: str) -> None:
        said[text].add(reading)
        for piece, told in answers:
            for joint in JOINTS:
                if len(text + joint + piece) <= LONGEST:
                    go_on(text + joint + piece, f"{reading} {told}")

    for station, told in [("", ""), *stations]:
        go_on(form.code + station, form.code + told)
    return {text: frozenset(told) for text, told in said.items()}


JOINTS = ("", " ")
WRITTEN = {"0": "0O", "1": "1IL", "2": "2"}


def _answers(asked: Question) -> Iterator[tuple[str, str]]:
    """What may be texted, and what it means. Of the numbers, those of one digit."""
    match asked.type:
        case "integer":
            values = [(written, digit) for digit in "012" for written in WRITTEN[digit]]
        case "confirmation":
            values = [("", "1"), *((written, "1") for written in WRITTEN["1"])]
        case _:
            values = [(written, it.code) for it in asked.options for written in WRITTEN[it.code]]
            values += [(word, it.code) for it in asked.options for word in it.words["en"]]
    for written, told in values:
        for gap in JOINTS if written else ("",):
            yield asked.code + gap + written, f"{asked.code}={told}"
