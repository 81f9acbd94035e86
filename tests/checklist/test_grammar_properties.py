"""What holds of every text: nothing raises, and one wrong key never makes a wrong number pass."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.checklist import grammar
from hub.checklist.definition import Checklist
from hub.checklist.reading import CommandText, ReportText

KEYS = "ABCDEFGHJKLMNOPQRSTUVWXYZabilox0123456789 ,.-:#@%|/\n'ЗБВЖйо²№\u200b\u0336"
FOREIGN_KEYS = "ЗБЖйЪ²½%~≈+<№?\u0336 ,.-:\n"
FRAGMENTS = [
    "OPN",
    "prt",
    "INC",
    "5191",
    "A1",
    "k14",
    "T-",
    "да",
    "O",
    "l",
    "№",
    "#",
    " ",
    "\n",
    "\ud83d",
    "yo'q",
    "ACK 1",
]


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)))
@example(text="T\u0661\u0660")
@example(text="TUR 1²")
def test_any_text_is_read_and_every_place_lies_within_it(kyrgyz: Checklist, text: str) -> None:
    reading = grammar.read(text, kyrgyz)
    if isinstance(reading, CommandText):
        return
    for problem in reading.problems:
        assert 0 <= problem.start <= problem.end <= len(text)
    if isinstance(reading, ReportText):
        assert all(0 <= it.start < it.end <= len(text) for it in reading.answers.values())
        assert not reading.refused & reading.answers.keys()


STYLES = ["{code}{value} ", "{code} {value}  ", "{code}={value}, ", "{code}:{value}\n", "{code}-{value} "]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(6))
def test_one_wrong_key_never_makes_another_number_pass(
    kyrgyz: Checklist, golden_messages: list[dict[str, Any]], style: str, seed: int
) -> None:
    chance = random.Random(f"{seed} {style}")
    for said in _reports(golden_messages, chance, 12):
        body = "".join(style.format(code=code, value=value) for code, value in said["answers"].items())
        _assert_no_wrong_number(kyrgyz, said, f"{said['form']} {said['station']} {body}", KEYS, chance)


@pytest.mark.parametrize("seed", range(6))
def test_nor_does_it_in_a_glued_report(kyrgyz: Checklist, golden_messages: list[dict[str, Any]], seed: int) -> None:
    chance = random.Random(seed)
    for said in _reports(golden_messages, chance, 12):
        text = said["form"] + said["station"] + "".join(code + value for code, value in said["answers"].items())
        _assert_no_wrong_number(kyrgyz, said, text, KEYS + FOREIGN_KEYS, chance, glued=True)


def _reports(messages: list[dict[str, Any]], chance: random.Random, count: int) -> list[dict[str, Any]]:
    return chance.sample([said for said in messages if len(said.get("answers", ())) > 1], count)


def _assert_no_wrong_number(
    checklist: Checklist,
    said: dict[str, Any],
    text: str,
    keys: str,
    chance: random.Random,
    glued: bool = False,
) -> None:
    meant = said["answers"]
    for mistyped in _mistyped(text, keys, chance, 40):
        reading = grammar.read(mistyped, checklist)
        if not isinstance(reading, ReportText) or (reading.form, reading.station) != (said["form"], said["station"]):
            continue
        # Glued, a code's lost letter leaves another sound report: N6P7 without its P.
        sound = not reading.problems and (glued or reading.answers.keys() == meant.keys())
        wrong = {code: it.value for code, it in reading.answers.items() if it.value != meant.get(code)}
        assert sound or not wrong, (mistyped, wrong, reading.problems)


def _mistyped(text: str, keys: str, chance: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        at, key = chance.randrange(len(text)), chance.choice(keys)
        match chance.choice(("replace", "insert", "delete", "swap", "double")):
            case "replace":
                yield text[:at] + key + text[at + 1 :]
            case "insert":
                yield text[:at] + key + text[at:]
            case "delete":
                yield text[:at] + text[at + 1 :]
            case "double":
                yield text[:at] + text[at] + text[at:]
            case "swap":
                yield text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def test_a_plain_report_weighed_piece_by_piece_reads_the_same(
    kyrgyz: Checklist, golden_messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [said["text"] for said in golden_messages[::8]]
    texts = [*texts, *(text.replace(" ", "") for text in texts), *(text.replace(" ", "; №") for text in texts)]
    plainly = [grammar.read(text, kyrgyz) for text in texts]
    monkeypatch.setattr(grammar, "plain", lambda *_: None)
    assert [grammar.read(text, kyrgyz) for text in texts] == plainly
