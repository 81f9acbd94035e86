"""Sound reports of two elections, written in every way that people and their phones write: each reads back to itself.

What is asked of thousands of other texts: 99.5% read right, and not one wrong value.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

import pytest

from hub.checklist import grammar
from hub.checklist.definition import Checklist, Form, Question
from hub.checklist.reading import ReportText

# Between the pieces, and between a code and its value.
JOINTS = [
    *[
        (" ", ""),
        ("", ""),
        (", ", "="),
        ("; ", ": "),
        ("\n", ""),
        ("\r\n", " "),
        (" / ", " = "),
        ("\t", ""),
        (" | ", ""),
    ],
    *[
        (". ", ""),
        (" — ", ""),
        ("\n", ": "),
        ("\u00a0", ""),
        ("\u2003", " "),
        (" • ", ""),
        ("_", ""),
        (" 👍 ", ""),
        ("/", ""),
    ],
    *[(") (", ""), ("» «", ""), ("] [", " → "), ("*", ""), (" & ", " "), ("\n\n", "\u00a0"), (" ✅ ", ":")],
]
HYPHENED = [("-", "-"), (" ", "-"), (", ", "-"), ("\n", " - "), (" – ", "-")]
STATIONS = [
    "{}",
    "{}",
    "{}",
    "№{}",
    "№ {}",
    "({})",
    "«{}»",
    "[{}]",
    "{word} {}",
    "{word}. {}",
    "{word}№{}",
    "{word}: {}",
    "{word}{}",
]
ENDS = [
    "",
    ".",
    "...",
    "…",
    "!!",
    ";",
    " )",
    "?",
    " 🙏🙏",
    "\n",
    " # queue outside",
    " #тихо, 2 урны",
    " @ A1 B2 T5",
    "\n# К1430",
]
BEGINS = ["", " ", "\n", "- ", "• ", "👍 ", "\ufeff", "> ", "/", "\u200e"]
LATIN, CYRILLIC = "ABCEHKMOPTXYacopxyKMTH", "АВСЕНКМОРТХУасорхуКМТН"
INVISIBLE = ["", "", "", "\u200b", "\u200d", "\u200e", "\u2060", "\ufeff", "\u00ad", "\u202a"]

Hand = Callable[[str, random.Random], str]


def _digits_of(zero: int) -> Hand:
    return lambda text, _: "".join(chr(zero + int(char)) if char in "0123456789" else char for char in text)


def _mixed_case(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((char.lower(), char.upper())) if char.isascii() else char for char in text)


def _half_cyrillic(text: str, chance: random.Random) -> str:
    table = str.maketrans(LATIN, CYRILLIC)
    return "".join(char.translate(table) if chance.random() < 0.5 else char for char in text)


def _one_letter_for_a_digit(text: str, chance: random.Random) -> str:
    places = [at for at, char in enumerate(text) if char in "01"]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + chance.choice({"0": "OoОоΟο", "1": "lIІ"}[text[at]]) + text[at + 1 :]


def _wide(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)


def _bold(text: str, chance: random.Random) -> str:
    return "".join(chr(0x1D400 + ord(char) - 65) if "A" <= char <= "Z" else char for char in text)


def _quoted(text: str, chance: random.Random) -> str:
    return chance.choice(["«{}»", "“{}”", '"{}"', "'{}'", "({})", "[{}]", "„{}“", "**{}**"]).format(text)


def _doubled(text: str, chance: random.Random) -> str:
    return f"{text}{chance.choice([' ', chr(10), '; ', '. '])}{text}"


HANDS: list[Hand] = [
    *(_digits_of(zero) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xFF10, 0x1D7F6)),
    *(_mixed_case, _half_cyrillic, _one_letter_for_a_digit, _wide, _bold, _quoted, _doubled),
    lambda text, _: text.lower(),
    lambda text, _: text.translate(str.maketrans(LATIN, CYRILLIC)).lower(),
    lambda text, _: text.translate(str.maketrans("ABEKOPTXZ", "ΑΒΕΚΟΡΤΧΖ")),
    lambda text, chance: "".join(char + chance.choice(INVISIBLE) for char in text),
    lambda text, _: "".join(f"{char}\ufe0f\u20e3" if char in "0123456789" else char for char in text),
    lambda text, chance: text.replace(" ", chance.choice("\u00a0\u202f\u2009\u3000")),
    lambda text, _: unicodedata.normalize("NFD", text),
    lambda text, _: text,
]


@pytest.mark.parametrize("election", ["kyrgyz", "arvenian"])
def test_a_sound_report_reads_back_to_itself_however_it_is_written(
    request: pytest.FixtureRequest, election: str
) -> None:
    checklist: Checklist = request.getfixturevalue(election)
    chance, right, count = random.Random(f"noise on {election}"), 0, 800
    for _ in range(count):
        form = chance.choice([form for form in checklist.forms if form.questions])
        station = "".join(chance.choices("123456789", k=checklist.station.lengths[0]))
        said = {it.code: _value(it, chance) for it in form.questions if chance.random() < 0.9}
        text = _written(checklist, form, station, said, chance)
        reading = grammar.read(text, checklist)
        assert isinstance(reading, ReportText), text
        assert reading.form == form.code, text
        answers = {code: answer.value for code, answer in reading.answers.items()}
        assert answers.items() <= said.items(), text
        right += answers == said and reading.station == station and not reading.problems
    assert right >= 0.995 * count


def _value(question: Question, chance: random.Random) -> str:
    """A canonical value."""
    match question.type:
        case "multiple":
            return ",".join(code for code in question.option_codes if chance.random() < 0.6) or question.option_codes[0]
        case "choice":
            return chance.choice(question.option_codes)
        case "time":
            return f"{chance.randrange(24):02}:{chance.randrange(60):02}"
        case "decimal":
            return f"{chance.randrange(1, 999)}.{chance.randrange(1, 10)}"
        case "confirmation":
            return "1"
    return str(chance.choice([0, 1, 10, 27, 140, 333, 1405]) or int(question.min or 0))


def _written(checklist: Checklist, form: Form, station: str, said: dict[str, str], chance: random.Random) -> str:
    hyphened = len(said) > 1 and chance.random() < 0.15
    between, within = chance.choice(HYPHENED if hyphened else JOINTS)
    wordy = chance.random() < 0.4 and not hyphened
    pieces = [code + within + _spelt(form.by_code[code], value, wordy, chance) for code, value in said.items()]
    if chance.random() < 0.4:
        chance.shuffle(pieces)
    head = chance.choice([form.code, form.code, *form.aliases])
    words = [word for word in checklist.station.words if word.isalpha()]
    place = chance.choice(STATIONS).format(station, word=chance.choice(words))
    text = between.join([head, place, *pieces])
    hands = chance.sample(HANDS, chance.choice((0, 1, 1, 2)))
    for hand in hands:
        text = hand(text, chance)
    return chance.choice(BEGINS) + text + chance.choice(ENDS)


def _spelt(question: Question, value: str, wordy: bool, chance: random.Random) -> str:
    match question.type:
        case "choice" if wordy:
            [option] = [it for it in question.options if it.code == value]
            return chance.choice([value, *(word for words in option.words.values() for word in words)])
        case "multiple":
            return chance.choice([value, value.replace(",", "")])
        case "time":
            return chance.choice(
                [
                    value,
                    value.replace(":", ""),
                    value.replace(":", "."),
                    value.lstrip("0") if value[1] != ":" and not value.startswith("00") else value,
                ]
            )
        case "decimal":
            return chance.choice([value, value.replace(".", ",")])
    return value
