"""The report that needs no weighing: codes with sound digits, each once, and at most one station. Nearly all are so."""

from __future__ import annotations

from typing import NamedTuple

from hub.checklist.folding import Folded
from hub.checklist.lexicon import FormLexicon
from hub.checklist.reading import Answer


class Plain(NamedTuple):
    station: str | None
    station_span: tuple[int, int]
    answers: dict[str, Answer]


def plain(form: FormLexicon, folded: Folded, at: int, end: int) -> Plain | None:
    """Reads the folded text from behind the form's code up to its comment, or None where a closer look is needed."""
    text = folded.text
    match = form.plain.fullmatch(text, at, end)
    if match is None or (end < len(text) and text[end - 1].isdecimal()):  # it touches the comment
        return None
    readers, starts, answers = form.readers, folded.starts, {}
    for piece in form.plain_answer.finditer(text, match.end("head"), end):
        code, value = piece.groups()
        read, start, stop = readers[code](value), *piece.span()
        if read.problem or code in answers:
            return None
        answers[code] = Answer(read.value, *(folded.span(start, stop) if starts else (start, stop)))
    span = folded.span(*match.span("station")) if match["station"] else (0, 0)
    return Plain(match["station"], span, answers)
