"""What may stand after a code: the written forms of each type of answer, and their canonical value.

Canonical: an option's code; options as "1,3,4", in the order of the paper form; a number without leading zeros; a
decimal as "12.5"; a time as "07:15"; a confirmation as "1".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from hub.checklist.definition import Question
from hub.checklist.folding import folded_words
from hub.checklist.problems import ProblemCode

# O, I and l stand for digits inside a number; `|` is folded to I.
DIGIT = "[0-9OIL]"
DIGITS = str.maketrans("OIL", "011")
_MOST_DIGITS = 15  # a longer number is none that anybody counted, and would not fit a rule's integers


class Value(NamedTuple):
    """A value read, or why it was not. `misshapen`: not even written as one value of its type, so that what is
    glued to it may be a part of it."""

    value: str = ""
    problem: ProblemCode | None = None
    misshapen: bool = False


Reader = Callable[[str], Value]


def reader(question: Question) -> Reader:
    """Reads this question's folded values, digits as digits: "1", "ДA", "330", "7:15", "1,3,4"."""
    return lru_cache(maxsize=4096)(_reader(question))  # a day's numbers are few, and come again and again


def _reader(question: Question) -> Reader:
    match question.type:
        case "integer":
            return lambda text: _integer(question, text)
        case "decimal":
            return lambda text: _decimal(question, text)
        case "time":
            return _time
        case "multiple":
            return lambda text: _options(question, text)
        case "text":
            return lambda text: Value(text)
        case "choice" | "confirmation":
            return _choice(option_words(question) | {code: code for code in question.option_codes or ("1",)})


def option_words(question: Question) -> dict[str, str]:
    """The folded words that stand for an option, in every language, and the option's code."""
    return {
        word: option.code
        for option in question.options
        for words in option.words.values()
        for phrase in words
        if (word := " ".join(folded_words(phrase)))
    }


def digits(text: str) -> str:
    """A folded lexeme of digits with its O, I and L read as digits."""
    return text.translate(DIGITS)


def _choice(sound: dict[str, str]) -> Reader:
    values = {text: Value(code) for text, code in sound.items()}
    lengths = {len(code) for code in sound.values()}

    def read(text: str) -> Value:
        known = values.get(text)
        return known or Value(problem="unknown_option", misshapen=not (text.isdecimal() and len(text) in lengths))

    return read


def _options(question: Question, text: str) -> Value:
    width = {len(code) for code in question.option_codes}
    if "," in text or len(width) != 1:
        codes = text.split(",")
    else:
        step = width.pop()
        codes = [text[at : at + step] for at in range(0, len(text), step)]
    # An option named twice is a slip of the finger, and nobody knows which other was meant.
    if len(set(codes)) < len(codes) or not set(codes) <= set(question.option_codes):
        return Value(problem="unknown_option", misshapen=True)
    return Value(",".join(code for code in question.option_codes if code in codes))


def _integer(question: Question, text: str) -> Value:
    if not text.isdecimal():
        return Value(problem="not_a_number", misshapen=True)
    if len(text) > _MOST_DIGITS:
        return Value(problem="out_of_range")
    number = int(text)
    return Value(str(number)) if _within(question, number) else Value(problem="out_of_range")


def _decimal(question: Question, text: str) -> Value:
    if not re.fullmatch(r"[0-9]+([.,][0-9]+)?", text):
        return Value(problem="not_a_number", misshapen=True)
    whole, _, fraction = text.replace(",", ".").partition(".")
    if len(whole) + len(fraction) > _MOST_DIGITS:
        return Value(problem="out_of_range")
    number = f"{int(whole)}.{fraction.rstrip('0')}".rstrip(".")
    return Value(number) if _within(question, float(number)) else Value(problem="out_of_range")


def _time(text: str) -> Value:
    match = re.fullmatch(r"([0-9]{1,2})[:.]?([0-9]{2})", text)
    if match is None:
        return Value(problem="not_a_time", misshapen=True)
    hours, minutes = int(match[1]), int(match[2])
    return Value(f"{hours:02}:{minutes:02}") if hours < 24 and minutes < 60 else Value(problem="not_a_time")


def _within(question: Question, number: float) -> bool:
    return (question.min is None or number >= question.min) and (question.max is None or number <= question.max)
