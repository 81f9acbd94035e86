"""What an election asks: forms, questions, options, rules, incident categories. Frozen, and built from configuration.

Pure: these models validate themselves; who reads the files is `hub.election`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
# A code as typed: capital Latin letters and digits, no I, L or O (they are read as digits), no digit at the end.
AnswerCode = Annotated[str, StringConstraints(pattern=r"^[A-HJKMNP-Z]([A-HJKMNP-Z0-9]{0,3}[A-HJKMNP-Z])?$")]
# A form is read before any number, so its code may hold I, L and O.
FormCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
OptionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")]
# 1 critical, 2 serious, 3 noted. Files and JSON keys spell it as text.
Severity = Annotated[Literal[1, 2, 3], BeforeValidator(lambda told: int(told) if told in ("1", "2", "3") else told)]

Text = dict[Language, str]  # the same words in every language of the election
Words = dict[Language, tuple[str, ...]]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(Frozen):
    code: OptionCode
    text: Text
    words: Words = {}


Check = Annotated[str, StringConstraints(max_length=1000)]
QuestionType = Literal["choice", "multiple", "integer", "decimal", "time", "text", "confirmation"]


class Question(Frozen):
    code: AnswerCode
    type: QuestionType
    text: Text
    options: tuple[Option, ...] = ()
    min: float | None = None
    max: float | None = None
    required: bool = True
    critical: tuple[OptionCode, ...] = ()  # the options that raise an alert of severity 1
    unobserved: OptionCode | None = None  # the option that says “not observed”, where there is one
    relevant: Check | None = None  # asked only where this holds, in CEL; what a rule may name, this may

    @cached_property
    def option_codes(self) -> tuple[str, ...]:
        return tuple(option.code for option in self.options)


RuleSeverity = Literal["reject", "flag", "note"]


class Rule(Frozen):
    """A condition that sound answers satisfy, in CEL. `V` is this form's answer, `MID.T` another form's,
    `station.voters` the frame's. Judged when every variable in it is known."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    check: Check
    message: Text
    severity: RuleSeverity = "flag"
    critical: bool = False


ObserversMode = Literal["either", "parts", "agree"]


class Form(Frozen):
    """`observers`: of a station with two, either may send it, each sends a part, or both must agree."""

    code: FormCode
    aliases: tuple[str, ...] = ()
    title: Text
    day: date
    due: time
    opens: datetime | None = None
    closes: datetime | None = None
    observers: ObserversMode = "either"
    questions: tuple[Question, ...] = ()
    rules: tuple[Rule, ...] = ()

    @cached_property
    def by_code(self) -> dict[str, Question]:
        return {question.code: question for question in self.questions}

    @cached_property
    def required_codes(self) -> frozenset[str]:
        return frozenset(question.code for question in self.questions if question.required)

    @cached_property
    def conditions(self) -> dict[str, Rule]:
        """By question: the rule that it is answered only where it is relevant."""
        return {
            question.code: Rule(name=f"relevant_{question.code.lower()}", check=question.relevant, message=message)
            for question in self.questions
            if question.relevant is not None
            for message in [{language: f"{question.code}: {words}" for language, words in question.text.items()}]
        }


class Category(Frozen):
    code: CategoryCode
    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    severity: Severity


CommandName = Literal["help", "status", "ack", "done", "false", "way", "call", "sos", "form"]


def _commands(words: dict[CommandName, tuple[str, ...]]) -> dict[CommandName, tuple[str, ...]]:
    missing = {"help", "status", "ack", "done"} - set(words)
    if missing:
        raise ValueError(f"no words for the command {', '.join(sorted(missing))}")
    return words


class StationCode(Frozen):
    """A polling station's number on paper: digits, of these lengths; and the words that people put before it."""

    lengths: tuple[Annotated[int, Field(ge=1, le=12)], ...]
    words: tuple[str, ...] = ()


class Checklist(Frozen):
    """Everything that may be texted in one election."""

    languages: tuple[Language, ...]
    forms: tuple[Form, ...]
    incident_code: FormCode = "INC"
    incident_aliases: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    commands: Annotated[dict[CommandName, tuple[str, ...]], AfterValidator(_commands)]
    station: StationCode

    @cached_property
    def by_code(self) -> dict[str, Form]:
        return {form.code: form for form in self.forms}

    @cached_property
    def category_by_code(self) -> dict[str, Category]:
        return {category.code: category for category in self.categories}

    def form(self, code: str) -> Form:
        return self.by_code[code]

    def questions(self) -> Iterator[tuple[Form, Question]]:
        for form in self.forms:
            for question in form.questions:
                yield form, question
