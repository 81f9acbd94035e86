"""Noise on noise: every way of writing a report, with every kind of mistake in it, read as the mistakes say."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.checklist import grammar
from hub.checklist.definition import Checklist, Question
from hub.checklist.reading import ReportText

Pieces = list[tuple[str, str]]  # code, value
LOOK_ALIKES = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
SEEDS = range(5)


@dataclass
class Report:
    """A golden report, its mistakes, and what must be read of it."""

    form: str
    station: str
    pieces: Pieces
    answers: dict[str, str]
    problems: list[str]
    questions: dict[str, Question]

    def spoilable(self, *types: str) -> list[str]:
        """The codes of these types that no mistake has touched yet."""
        said = [code for code, _ in self.pieces]
        return [code for code in self.answers if said.count(code) == 1 and self.questions[code].type in types]


def _replace(report: Report, code: str, value: str, problem: str) -> None:
    report.pieces = [(it, value if it == code else said) for it, said in report.pieces]
    report.answers.pop(code)
    report.problems.append(problem)


def unknown_option(report: Report, chance: random.Random) -> None:
    if codes := report.spoilable("choice"):
        _replace(report, chance.choice(codes), "7", "unknown_option")


def out_of_range(report: Report, chance: random.Random) -> None:
    if codes := report.spoilable("integer"):
        _replace(report, chance.choice(codes), "99999", "out_of_range")


def negative(report: Report, chance: random.Random) -> None:
    if codes := report.spoilable("integer"):
        code = chance.choice(codes)
        _replace(report, code, f"-{report.answers[code]}", "not_a_number")


def contradiction(report: Report, chance: random.Random) -> None:
    if codes := [code for code in report.spoilable("choice") if report.answers[code] in "12"]:
        code = chance.choice(codes)
        report.pieces.append((code, "2" if report.answers.pop(code) == "1" else "1"))
        report.problems.append("duplicate_field")


def unknown_field(report: Report, chance: random.Random) -> None:
    report.pieces.insert(chance.randrange(len(report.pieces) + 1), ("ZZ", "4"))
    report.problems.append("unknown_field")


def left_out(report: Report, chance: random.Random) -> None:
    if len(report.answers) > 1 and (codes := report.spoilable("choice", "integer")):
        code = chance.choice(codes)
        report.pieces = [piece for piece in report.pieces if piece[0] != code]
        report.answers.pop(code)


def nothing(report: Report, chance: random.Random) -> None:
    pass


MISTAKES: list[Callable[[Report, random.Random], None]] = [
    unknown_option,
    out_of_range,
    negative,
    contradiction,
    unknown_field,
    left_out,
    nothing,
]
# Between the pieces, and between a code and its value.
JOINTS = [(" ", ""), ("", ""), (", ", "="), ("; ", ": "), ("  ", " "), ("\n", ""), ("\r\n", " "), (" / ", " = ")]


def unchanged(text: str, chance: random.Random) -> str:
    return text


def lower(text: str, chance: random.Random) -> str:
    return text.lower()


def cyrillic(text: str, chance: random.Random) -> str:
    return text.translate(LOOK_ALIKES)


def half_cyrillic(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((char, char.lower())).translate(LOOK_ALIKES) for char in text)


def full_width(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in text)


def arabic_digits(text: str, chance: random.Random) -> str:
    return "".join(chr(0x0660 + int(char)) if char.isdecimal() else char for char in text)


def letters_for_digits(text: str, chance: random.Random) -> str:
    twins = {"0": "0OoОо", "1": "1lI"}
    return "".join(chance.choice(twins.get(char, char)) for char in text)


def invisible_marks(text: str, chance: random.Random) -> str:
    return "".join(char + chance.choice(["", "", "\u200b", "\u200e", "\ufeff", "\u00ad"]) for char in text)


HANDS = [unchanged, lower, cyrillic, half_cyrillic, full_width, arabic_digits, letters_for_digits, invisible_marks]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("hand", HANDS)
def test_each_mistake_is_found_and_all_else_is_read(
    kyrgyz: Checklist,
    golden_messages: list[dict[str, Any]],
    hand: Callable[[str, random.Random], str],
    seed: int,
) -> None:
    reports = [said for said in golden_messages if said.get("answers")]
    chance = random.Random(f"{seed} {hand.__name__}")
    for _ in range(15):
        report = _report(chance.choice(reports), kyrgyz)
        if chance.random() < 0.5:
            chance.shuffle(report.pieces)
        for mistake in chance.sample(MISTAKES, chance.choice((1, 1, 2))):
            mistake(report, chance)
        # Glued to a number, a contradiction may be a part of it.
        between, within = chance.choice([it for it in JOINTS if it[0] or "duplicate_field" not in report.problems])
        body = between.join(code + within + value for code, value in report.pieces)
        tail = chance.choice(["", " #all quiet", " @ связь плохая, 2 урны", "."])
        text = hand(report.form + between + report.station + between + body, chance) + tail
        reading = grammar.read(text, kyrgyz)
        assert isinstance(reading, ReportText), text
        assert (reading.form, reading.station) == (report.form, report.station), text
        assert {code: it.value for code, it in reading.answers.items()} == report.answers, text
        assert sorted(problem.code for problem in reading.problems) == sorted(report.problems), text


def _report(said: dict[str, Any], checklist: Checklist) -> Report:
    answers: dict[str, str] = dict(said["answers"])
    questions = checklist.form(said["form"]).by_code
    return Report(said["form"], said["station"], list(answers.items()), answers, [], questions)
