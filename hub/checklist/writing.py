"""The other way round: a report's text from its answers, and one answer changed in a text. What is written here is
read back by the grammar as exactly these answers."""

from __future__ import annotations

from collections.abc import Mapping

from hub.checklist import grammar
from hub.checklist.definition import Checklist, Form, Question
from hub.checklist.reading import ReportText


def report(form: Form, station: str, answers: Mapping[str, str]) -> str:
    """`OPN 5191 A1 B2 K14:30`: the answers in the order of the paper form, codes that are none of it left out.

    A text comes last, for it runs to the end of its message; there can be no second one.
    """
    ordered = sorted(form.questions, key=lambda question: question.type == "text")
    written = [answer(question, answers[question.code]) for question in ordered if answers.get(question.code)]
    return " ".join(part for part in (form.code, station, *written) if part)


def answer(question: Question, value: str) -> str:
    """An answer as it is texted; a confirmation is its code alone."""
    if question.type == "confirmation" and value == "1":
        return question.code
    return f"{question.code} {value}" if question.type == "text" else f"{question.code}{value}"


def with_answer(text: str, checklist: Checklist, code: str, value: str) -> str:
    """The text with one answer as it should be; "" takes the answer out. A text that is no report stays as it is.

    What stood for the answer, sound or not, is taken out; the new one stands in its place, else behind the last.
    """
    reading = grammar.read(text, checklist)
    if not isinstance(reading, ReportText) or code not in checklist.form(reading.form).by_code:
        return text
    wanted = answer(checklist.form(reading.form).by_code[code], value) if value else ""
    first: int | None = None
    # A contradiction names its places one after the other.
    while isinstance(reading, ReportText) and (place := _place(text, reading, code)):
        start, end = place
        first = start if first is None else min(first, start)
        text = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
        reading = grammar.read(text, checklist)
    if not wanted:
        return text
    at = first if first is not None else _behind_all(text, reading)
    return " ".join(part for part in (text[:at].rstrip(), wanted, text[at:].lstrip()) if part)


def _place(text: str, reading: ReportText, code: str) -> tuple[int, int] | None:
    """Where the text says something for this code: the code and its value."""
    if code in reading.answers:
        _, start, end = reading.answers[code]
        return start, end
    found = next(((it.start, it.end) for it in reading.problems if it.field == code and it.end > it.start), None)
    if found is None:
        return None
    start, end = found
    # A problem's place may be the value alone.
    before = text[:start].rstrip(" :=-.")
    own = before[len(before) - len(code) :].upper() == code
    return (len(before) - len(code), end) if own and not text[start:end].upper().startswith(code) else found


def _behind_all(text: str, reading: object) -> int:
    if not isinstance(reading, ReportText):
        return len(text)
    ends = [end for _, _, end in reading.answers.values()] + [problem.end for problem in reading.problems]
    return max([*ends, reading.station_span[1]]) or len(text.split(maxsplit=1)[0])
