"""One form asked question by question: where a person stands, what happens, and where they stand then. Pure.

Nothing is lost on the way: an answer goes only where its own question is answered anew, or said to be not observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from hub.checklist import grammar, rules, writing
from hub.checklist.definition import Checklist, Form, Question
from hub.checklist.folding import COMMENT_MARKS, fold
from hub.checklist.problems import Problem
from hub.checklist.reading import ReportText
from hub.checklist.rules import Answers
from hub.checklist.values import Value, digits, reader

_MARKS = str.maketrans(dict.fromkeys(COMMENT_MARKS, " "))


@dataclass(frozen=True, slots=True)
class Dialog:
    """`at`: the question asked, None at the summary. `step` counts what was shown, so that an old button is known.

    `answers` are those given here, code → canonical value; `passed` was skipped; `ticked` are the options of a
    multiple choice that is not done yet; `typed`: which message answered which question, so that it can be edited.
    """

    id: int
    form: str
    station: str
    step: int = 0
    at: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    unobserved: tuple[str, ...] = ()
    ticked: tuple[str, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(state: Mapping[str, Any]) -> Dialog:
        told: dict[str, Any] = {key: tuple(it) if isinstance(it, list) else it for key, it in state.items()}
        return Dialog(**told)


@dataclass(frozen=True)
class Paper:
    """The form that is filled in. `said`: what this observer has told on it before; `records` what the station has,
    form → code → value; it decides, with `voters`, which questions are relevant."""

    checklist: Checklist
    form: Form
    said: Answers = field(default_factory=dict)
    records: Mapping[str, Answers] = field(default_factory=dict)
    voters: int | None = None

    def known(self, dialog: Dialog) -> Mapping[str, Answers]:
        """What the station will have said once this dialog is sent."""
        own = {**self.records.get(self.form.code, {}), **self.said, **dialog.answers}
        gone = set(dialog.unobserved)
        return {**self.records, self.form.code: {code: value for code, value in own.items() if code not in gone}}

    def asked(self, dialog: Dialog) -> list[Question]:
        """The questions that are relevant by now, in the paper's order."""
        unasked = self._rules.unasked(self.form.code, self.known(dialog), self.voters)
        return [question for question in self.form.questions if question.code not in unasked]

    def value(self, dialog: Dialog, code: str) -> str:
        """What stands there by now; "" where nothing does."""
        return "" if code in dialog.unobserved else dialog.answers.get(code) or self.said.get(code, "")

    def undecided(self, dialog: Dialog) -> list[str]:
        """What is still to be asked."""
        aside = {*dialog.passed, *dialog.unobserved}
        codes = [question.code for question in self.asked(dialog)]
        return [code for code in codes if code not in aside and not self.value(dialog, code)]

    @cached_property
    def _rules(self) -> rules.Rules:
        return rules.of(self.checklist)


@dataclass(frozen=True, slots=True)
class Press:
    """A button of the screen that was shown for `step`: `A 1` an answer · `tick 2` · `done` · `back` · `next` · `none`
    · `go A` to a question of the summary · `send`."""

    step: int
    deed: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """A text. `message` names it; `edited`, where it is a new version of an answer that was typed before."""

    text: str
    message: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Show where we are."""


Event = Press | Typed | Look


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the dialog stands now. `took`: the codes answered just now; `problem`: why what was typed was not taken."""

    dialog: Dialog
    took: tuple[str, ...] = ()
    problem: Problem | None = None
    sent: bool = False


def begin(id: int, station: str, paper: Paper) -> Dialog:
    """At the first question that this observer has not answered yet."""
    return _onward(Dialog(id, paper.form.code, station), paper, "")


def take(dialog: Dialog, event: Event, paper: Paper) -> Turn:
    """The next state. A button of an earlier screen changes nothing: what is asked now is shown again."""
    at = next((question for question in paper.asked(dialog) if question.code == dialog.at), None)
    if dialog.at is not None and at is None:  # by another form, or another election, it is not asked any more
        return Turn(_onward(dialog, paper, dialog.at))
    match event:
        case Press(step=step) if step != dialog.step:
            return Turn(dialog)
        case Press(deed=deed, value=value):
            return _pressed(dialog, at, deed, value, paper)
        case Typed(edited=True, message=message) if dialog.typed.get(message) in paper.form.by_code:
            return _typed(dialog, paper.form.by_code[dialog.typed[message]], event, paper)
        case Typed(edited=False):
            return _typed(dialog, at, event, paper)
    return Turn(dialog)


def coded(dialog: Dialog, paper: Paper) -> tuple[str, ...]:
    """What was answered here, as it would have been texted: one report, and one more for each further text."""
    codes = [question.code for question in paper.asked(dialog) if question.code in dialog.answers]
    texts = [code for code in codes if paper.form.by_code[code].type == "text"]
    # A text runs to the end of its message, so that it comes last and alone.
    parts = [[code for code in codes if code not in texts] + texts[:1], *([code] for code in texts[1:])]
    return tuple(
        writing.report(paper.form, dialog.station, {code: dialog.answers[code] for code in part}) for part in parts
    )


def unobserved(dialog: Dialog, paper: Paper) -> list[str]:
    """What was said to be not observed, and is asked."""
    return [question.code for question in paper.asked(dialog) if question.code in dialog.unobserved]


def sendable(dialog: Dialog, paper: Paper) -> bool:
    """Whether there is anything to be sent that was not sent before."""
    codes = {question.code for question in paper.asked(dialog)}
    return not paper.form.questions or bool(codes & {*dialog.answers, *dialog.unobserved})


def _pressed(dialog: Dialog, at: Question | None, deed: str, value: str, paper: Paper) -> Turn:
    codes = [question.code for question in paper.asked(dialog)]
    if deed == "back" and (before := _before(codes, dialog.at)):
        return Turn(_asking(dialog, before, paper))
    if at is None:
        if deed == "send" and sendable(dialog, paper):
            return Turn(dialog, sent=True)
        return Turn(_asking(dialog, value, paper) if deed == "go" and value in codes else dialog)
    if deed == "next":
        decided = paper.value(dialog, at.code) or at.code in dialog.unobserved
        passed = dialog.passed if decided else _with(dialog.passed, at.code)
        return Turn(_onward(replace(dialog, passed=passed), paper, at.code))
    if deed == "none":
        return _answered(dialog, {at.code: at.unobserved}, paper) if at.unobserved else _not_seen(dialog, at, paper)
    if at.type == "multiple" and deed == "tick" and value in at.option_codes:
        ticked = tuple(code for code in at.option_codes if (code in dialog.ticked) != (code == value))
        return Turn(replace(dialog, ticked=ticked, step=dialog.step + 1))
    if at.type == "multiple" and deed == "done" and dialog.ticked:
        return _answered(dialog, {at.code: ",".join(dialog.ticked)}, paper)
    if deed == at.code and not (read := reader(at)(value)).problem:
        return _answered(dialog, {at.code: read.value}, paper)
    return Turn(dialog)


def _typed(dialog: Dialog, at: Question | None, typed: Typed, paper: Paper) -> Turn:
    """A bare value answers the question asked; a value with its code answers that question of the form."""
    text = typed.text
    if at is None:
        read = Value(problem="unreadable")
    else:
        read = _kept(dialog, at, text, paper) if at.type == "text" else _value(at, text)
    if at and read.value and not read.problem:
        others = {message: code for message, code in dialog.typed.items() if code != at.code}
        named = others | ({typed.message: at.code} if typed.message else {})
        return _answered(replace(dialog, typed=named), {at.code: read.value}, paper)
    reading = grammar.read(f"{paper.form.code} {text}", paper.checklist)
    if (
        isinstance(reading, ReportText)
        and reading.form == paper.form.code
        and not (reading.problems or reading.comment)
    ):
        answers = {code: answer.value for code, answer in reading.answers.items()}
        if answers and reading.station in (None, dialog.station):
            return _answered(dialog, answers, paper)
    problem = Problem(read.problem or "unreadable", field=at.code if at else None, value=text.strip())
    return Turn(dialog, problem=problem)


def _kept(dialog: Dialog, question: Question, text: str, paper: Paper) -> Value:
    """A text as typed, without what would end it as a coded text. One of which nothing is left then is not taken: `:`
    by itself, for one, is better told of now than by the desk."""
    kept = " ".join(text.translate(_MARKS).split())
    reading = grammar.read(writing.report(paper.form, dialog.station, {question.code: kept}), paper.checklist)
    sound = isinstance(reading, ReportText) and question.code in reading.answers and not reading.problems
    return Value(kept) if sound else Value(problem="unreadable")


def _value(question: Question, text: str) -> Value:
    folded = fold(text).text.strip(" .:")
    read = reader(question)
    found = read(folded)
    return found if not found.problem else read(digits(folded))


def _answered(dialog: Dialog, answers: Mapping[str, str], paper: Paper) -> Turn:
    told = replace(
        dialog,
        answers={**dialog.answers, **answers},
        passed=tuple(code for code in dialog.passed if code not in answers),
        unobserved=tuple(code for code in dialog.unobserved if code not in answers),
    )
    stays = dialog.at is not None and dialog.at not in answers and dialog.at in map(_code, paper.asked(told))
    moved = replace(told, step=told.step + 1) if stays else _onward(told, paper, dialog.at)
    return Turn(moved, took=tuple(answers))


def _code(question: Question) -> str:
    return question.code


def _not_seen(dialog: Dialog, at: Question, paper: Paper) -> Turn:
    answers = {code: value for code, value in dialog.answers.items() if code != at.code}
    told = replace(dialog, answers=answers, unobserved=_with(dialog.unobserved, at.code))
    return Turn(_onward(told, paper, at.code), took=(at.code,))


def _onward(dialog: Dialog, paper: Paper, behind: str | None) -> Dialog:
    """To the next question that is still to be asked, else to one further up that has become relevant, else to the
    summary."""
    order = list(paper.form.by_code)
    place = order.index(behind) if behind in order else -1
    undecided = paper.undecided(dialog)
    following = [code for code in undecided if order.index(code) > place]
    return _asking(dialog, next(iter([*following, *undecided]), None), paper)


def _asking(dialog: Dialog, code: str | None, paper: Paper) -> Dialog:
    question = paper.form.by_code[code] if code else None
    multiple = question is not None and question.type == "multiple"
    ticked = tuple(filter(None, paper.value(dialog, question.code).split(","))) if question and multiple else ()
    return replace(dialog, at=code, ticked=ticked, step=dialog.step + 1)


def _before(codes: list[str], at: str | None) -> str | None:
    place = codes.index(at) if at in codes else len(codes)
    return codes[place - 1] if place else None


def _with(codes: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*codes, *more]))
