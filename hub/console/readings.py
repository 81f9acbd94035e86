"""What was read, told in the visitor's language: each question's words, its answer's words, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub import replies
from hub.checklist.definition import Form, Question, Text
from hub.checklist.problems import Problem
from hub.checklist.validation import Judgement
from hub.console.marks import Piece, pieces
from hub.desk.items import Record
from hub.election.definition import Election

Broken = Mapping[str, Sequence[str]]  # a value → the rules that it violates


@dataclass(frozen=True, slots=True)
class Line:
    """A question and what was read for it. `state`: fine · wrong · missing. `options`: (code, words)."""

    code: str
    question: str
    value: str
    answer: str
    state: str
    type: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem in words. `suggestion` would replace the text from `start` to `end`; "" where there is none."""

    number: int
    code: str
    words: str
    start: int
    end: int
    suggestion: str


@dataclass(frozen=True, slots=True)
class Told:
    """A text with what was read in it. `title`: the form's, or what an incident is about."""

    text: str
    outcome: str
    form: str
    title: str
    station: str
    lines: tuple[Line, ...]
    troubles: tuple[Trouble, ...]
    marked: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One question of a record: what each observer said, and what the station's answer is.

    `state`: fine · wrong · waiting (for another observer to say the same). `broken`: what each rule says that a
    disputed value violates. `decided`: who chose this answer and why, where somebody did.
    """

    code: str
    question: str
    said: dict[str, tuple[str, str]]  # observer → (value, its words)
    value: str
    answer: str
    state: str
    broken: dict[str, list[str]]
    decided: tuple[str, str] | None
    type: str = ""
    options: tuple[tuple[str, str], ...] = ()


def blank(election: Election, form: Form, values: Mapping[str, str], language: str) -> list[Line]:
    """A form in the order of the paper, with what has been typed so far."""
    return [_line(election, question, dict(values), set(), language) for question in form.questions]


def told(election: Election, read: Judgement, text: str, language: str) -> Told:
    form = election.checklist.by_code.get(read.form or "")
    wrong = {problem.field for problem in read.problems if problem.field}
    return Told(
        text=text,
        outcome=read.outcome,
        form=read.form or "",
        title=_words(election, form.title, language) if form else _category(election, read, language),
        station=read.station.code if read.station else "",
        lines=tuple(_line(election, it, read.answers, wrong, language) for it in form.questions) if form else (),
        troubles=tuple(_trouble(election, n, it, form, language) for n, it in enumerate(read.problems, 1)),
        marked=tuple(pieces(text, read.problems)),
    )


def record_rows(
    election: Election, form_code: str, record: Record, language: str, broken: Mapping[str, Broken] | None = None
) -> list[Said]:
    """Every question that somebody answered, the conflicts first. `broken`: by question, as in a conflict's item."""
    form = election.checklist.by_code.get(form_code)
    if form is None:
        return []
    rows = [_said(election, form_code, it, record, language, (broken or {}).get(it.code, {})) for it in form.questions]
    return sorted((row for row in rows if row.said), key=lambda row: row.state != "wrong")


def rule_messages(election: Election, form_code: str, flags: Sequence[str], language: str) -> list[str]:
    """What each violated rule says, its name where there is no such rule any more. `MID.growing` is MID's."""
    messages = {
        key: rule.message
        for form in election.checklist.forms
        for rule in (*form.rules, *form.conditions.values())
        for key in (f"{form.code}.{rule.name}", *([rule.name] if form.code == form_code else []))
    }
    return [_words(election, messages[flag], language) if flag in messages else flag for flag in flags]


def option_text(election: Election, question: Question, value: str, language: str) -> str:
    """An answer in words: the option's text, several joined; the value itself where there are no options."""
    texts = {option.code: _words(election, option.text, language) for option in question.options}
    return texts.get(value) or ", ".join(texts.get(code, code) for code in value.split(",") if code) or value


def _words(election: Election, text: Text, language: str) -> str:
    return text.get(language) or text.get(election.default_language) or next(iter(text.values()))


def _category(election: Election, read: Judgement, language: str) -> str:
    """What an incident is about, "" where the text is none."""
    category = election.checklist.category_by_code.get(read.category or "")
    return f"{_words(election, category.title, language)}: {read.description}" if category else ""


def _line(election: Election, question: Question, answers: dict[str, str], wrong: set[str], language: str) -> Line:
    value = str(answers.get(question.code, ""))
    state = "fine" if value else "wrong" if question.code in wrong else "missing"
    answer = option_text(election, question, value, language) if value else ""
    words = _words(election, question.text, language)
    return Line(question.code, words, value, answer, state, question.type, _options(election, question, language))


def _options(election: Election, question: Question, language: str) -> tuple[tuple[str, str], ...]:
    return tuple((option.code, _words(election, option.text, language)) for option in question.options)


def _trouble(election: Election, number: int, problem: Problem, form: Form | None, language: str) -> Trouble:
    words = replies.problem_text(election, problem, language, form)
    return Trouble(number, problem.code, words, problem.start, problem.end, problem.suggestion or "")


def _said(
    election: Election, form_code: str, question: Question, record: Record, language: str, broken: Broken
) -> Said:
    code = question.code
    said = {
        who: (told[code], option_text(election, question, told[code], language))
        for who, told in record.said.items()
        if code in told
    }
    value = str(record.answers.get(code, ""))
    state = "wrong" if code in record.conflicts else "fine" if value else "waiting"
    answer = option_text(election, question, value, language) if value else ""
    messages = {told: rule_messages(election, form_code, keys, language) for told, keys in broken.items()}
    decided = record.decided.get(code) if state == "fine" else None
    words, options = _words(election, question.text, language), _options(election, question, language)
    return Said(code, words, said, value, answer, state, messages, decided, question.type, options)
