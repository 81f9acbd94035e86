"""The observers' pocket guide: what they may text, in their language, one page a form. Content only, for any paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from hub.checklist import rules
from hub.checklist.definition import Checklist, Form, Option, Question
from hub.election.definition import Election

_COMMANDS = ("help", "status", "sos")  # the others are the staff's
_OBSERVED = "1234567890"  # a station's number in examples, as long as the election's are


class NoGuide(Exception):
    """This election has no guide.yaml."""


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    text: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One question. `how`: what to write where there is nothing to choose, and what else is to be known."""

    code: str
    text: str
    choices: tuple[Choice, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form. `codes`: its code and the spellings of it that may be typed instead."""

    codes: tuple[str, ...]
    title: str
    when: str
    lines: tuple[Line, ...]
    nothing: str
    example: str


@dataclass(frozen=True, slots=True)
class Incidents:
    codes: tuple[str, ...]
    title: str
    how: str
    categories: tuple[Choice, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Guide:
    """One language's guide. `commands`: the words that may be texted, and what they do."""

    language: str
    election: str
    title: str
    contacts: tuple[str, ...]
    how: str
    steps: tuple[str, ...]
    example_label: str
    example: str
    commands_title: str
    commands: tuple[tuple[tuple[str, ...], str], ...]
    critical: str
    sheets: tuple[Sheet, ...]
    incidents: Incidents


def guide(election: Election, language: str) -> Guide:
    """Raises `NoGuide`."""
    if not election.guide:
        raise NoGuide("this election has no guide.yaml: copy the one of another election, and change its words")
    return _Guide(election, language).whole()


def example(checklist: Checklist, form: Form) -> str:
    """A whole report that the hub accepts without a question: every answer sound, every rule kept where that is easily
    done. What is written in words comes last, for it ends the message."""
    answers = _sound_answers(checklist, form)
    told = [question for question in form.questions if question.code in answers]
    ordered = sorted(told, key=lambda question: question.type == "text")
    pieces = (question.code + _spelt(question, answers[question.code]) for question in ordered)
    return " ".join([form.code, _station(checklist), *pieces])


@dataclass(frozen=True, slots=True)
class _Guide:
    election: Election
    language: str

    def whole(self) -> Guide:
        election, checklist = self.election, self.election.checklist
        shown = min(checklist.forms, key=lambda form: abs(len(form.questions) - 6))  # neither bare nor long
        told = (("send_to", "number", election.number), ("call", "hotline", election.hotline))
        steps = ("how_form", "how_station", "how_comment", "how_again", "how_reply")
        return Guide(
            self.language,
            election.name[self.language],
            self._say("title"),
            tuple(self._say(key, **{name: number}) for key, name, number in told if number),
            self._say("how"),
            tuple(map(self._say, steps)),
            self._say("example"),
            example(checklist, shown),
            self._say("commands"),
            tuple(
                (checklist.commands[name], self._say(f"command_{name}"))
                for name in _COMMANDS
                if name in checklist.commands
            ),
            self._say("critical"),
            tuple(map(self._sheet, checklist.forms)),
            self._incidents(),
        )

    def _say(self, key: str, **values: str) -> str:
        return self.election.guide[key][self.language].format(**values)

    def _sheet(self, form: Form) -> Sheet:
        when = [self._say("due", time=f"{form.due:%H:%M}", day=self._day(form.day))]
        if form.opens:
            when.append(self._say("opens", time=f"{form.opens.astimezone(self.election.zone):%H:%M}"))
        return Sheet(
            (form.code, *form.aliases),
            form.title[self.language],
            "; ".join(when),
            tuple(map(self._line, form.questions)),
            "" if form.questions else self._say("nothing_asked"),
            example(self.election.checklist, form),
        )

    def _line(self, question: Question) -> Line:
        choices = tuple(
            Choice(option.code, option.text[self.language], option.code in question.critical)
            for option in question.options
        )
        return Line(question.code, question.text[self.language], choices, "; ".join(self._how(question)))

    def _how(self, question: Question) -> Iterator[str]:
        match question.type:
            case "integer" if question.min is not None and question.max is not None:
                yield self._say("number_between", min=f"{question.min:g}", max=f"{question.max:g}")
            case "integer":
                yield self._say("number")
            case "multiple":
                yield self._say("several", example=question.code + _spelt(question, _value(question)))
            case "decimal" | "time":
                yield self._say(question.type, example=question.code + _spelt(question, _value(question)))
            case "text" | "confirmation":
                yield self._say(question.type)
        if question.relevant:
            yield self._say("where_relevant")
        if not question.required:
            yield self._say("optional")

    def _incidents(self) -> Incidents:
        checklist = self.election.checklist
        code = checklist.incident_code
        shown = next((category.code for category in checklist.categories if category.severity == 1), "")
        return Incidents(
            (code, *checklist.incident_aliases),
            self._say("incidents"),
            self._say("incident_how", code=code),
            tuple(Choice(each.code, each.title[self.language], each.severity == 1) for each in checklist.categories),
            " ".join(filter(None, (code, _station(checklist), shown, self._say("incident_words")))),
        )

    def _day(self, day: date) -> str:
        return format_date(day, "d MMMM", locale=self.language)


def _station(checklist: Checklist) -> str:
    return (_OBSERVED * 2)[: checklist.station.lengths[0]]


def _sound_answers(checklist: Checklist, form: Form) -> Mapping[str, str]:
    judge = rules.of(checklist)
    tries = [{question.code: _value(question, least) for question in form.questions} for least in (False, True)]
    for answers in tries:
        for code in judge.unasked(form.code, {form.code: answers}, None):
            del answers[code]
        if not judge.violations(form.code, answers, {}, None):
            return answers
    return tries[0]


def _value(question: Question, least: bool = False) -> str:
    """A sound value in its canonical form. `least`: the smallest number that is."""
    low, high = question.min or 0, question.max
    match question.type:
        case "integer":
            return f"{int(low if least else max(low, min(123, high if high is not None else 123)))}"
        case "decimal":
            return f"{low if least else max(low, min(1.5, high if high is not None else 1.5)):g}"
        case "time":
            return "07:15"
        case "multiple":
            return ",".join(option.code for option in question.options[:2])
        case "choice":
            return _harmless(question).code
        case "text":
            return "…"
    return "1"


def _harmless(question: Question) -> Option:
    return next((option for option in question.options if option.code not in question.critical), question.options[0])


def _spelt(question: Question, value: str) -> str:
    """As an observer would type it."""
    match question.type:
        case "multiple":
            return value.replace(",", "")
        case "time":
            return value.replace(":", "")
        case "confirmation":
            return ""
    return value
