"""The sound text nearest to an unsound one, for a person to take or to leave. Nothing here is ever read by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from rapidfuzz.distance import OSA

from hub.checklist.definition import Question
from hub.checklist.lexicon import FormLexicon
from hub.checklist.values import Reader, digits, option_words

# Letters that are no look-alikes of a digit in the grammar, but may well be meant for one.
_TWINS = str.maketrans("OILЗБЧSBZGQD", "011364582600")
_SHORTEST_WORD = 3  # letters; with fewer, everything is one letter from everything


def near_value(question: Question, read: Reader, text: str) -> str | None:
    """The canonical value that was most likely meant by this folded text, if there is one and it is sound."""
    sound = {it.value for it in map(read, _values(question, text)) if not it.problem}
    return sound.pop() if len(sound) == 1 else None


def near_answer(form: FormLexicon, text: str, unanswered: Collection[str]) -> str | None:
    """A code and value for a folded text like `PZ4` or `Д1`: a code one letter away, or the only one not answered."""
    match = re.fullmatch(r"([^0-9]{1,5}?)[ .,:%№-]*([0-9OIL]+)", text)
    if match is None:
        return None
    near = [code for code in form.types if len(code) > 1 and OSA.distance(code, match[1]) == 1]
    if not near and len(match[1]) == 1:
        near = list(unanswered)
    value = digits(match[2])
    return near[0] + value if len(near) == 1 and not form.readers[near[0]](value).problem else None


def nearest(word: str, known: Iterable[tuple[str, str]]) -> str | None:
    """What the known spelling one letter away from this word means; None where several mean different things."""
    near = {meaning for spelling, meaning in known if OSA.distance(spelling, word) == 1}
    return near.pop() if len(near) == 1 else None


def _values(question: Question, text: str) -> Iterator[str]:
    """What may have been meant, the likeliest first; of several only as many as speak for one and the same value."""
    runs = re.findall(r"[0-9]+", text)
    match question.type:
        case "integer" | "decimal":
            yield from _numbers(text, runs)
        case "time":
            yield from _times(runs)
        case "multiple":
            yield ",".join(dict.fromkeys("".join(runs)))
        case "choice" | "confirmation":
            yield from _options(question, text, runs)


def _numbers(text: str, runs: list[str]) -> Iterator[str]:
    written = text.translate(_TWINS).strip("-% ")
    if re.fullmatch(r"[0-9]{1,3}([ .,][0-9]{3})+", written):
        yield re.sub(r"[ .,]", "", written)
    elif written.isdecimal() and written != text:
        yield written
    elif written == text and written.isdecimal():
        # A key pressed twice: 11430.
        yield from (text[:at] + text[at + 1 :] for at in range(1, len(text)) if text[at] == text[at - 1])
    elif len(runs) == 1 and not re.fullmatch(r"[^0-9 ]?[0-9]+[^0-9 ]?", text):
        yield runs[0]  # 1430чел; but in 143Ж one letter may be a digit


def _times(runs: list[str]) -> Iterator[str]:
    match runs:
        case [hours] if len(hours) < 3:
            yield f"{hours}:00"
        case [hours, minutes, *_]:
            yield f"{hours}:{minutes}"


def _options(question: Question, text: str, runs: list[str]) -> Iterator[str]:
    written = text.translate(_TWINS).strip("-% ")
    if written.isdecimal():
        yield from (written, re.sub(r"(.)\1", r"\1", written))
    elif len(text) >= _SHORTEST_WORD and (code := nearest(text, option_words(question).items())):
        yield code
    elif len(runs) == 1 and re.search(r"[^0-9 ]{2}", text):
        yield runs[0]
