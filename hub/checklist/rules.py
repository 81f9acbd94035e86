"""The rules of a checklist, in CEL: compiled with the configuration, judged when all that they name is known.

A rule names `V` (its own form's answer), `MID.T` (another form's), `station.voters` (the frame's). Choices and
integers are CEL integers, decimals doubles, a multiple choice a list of integers, times and texts strings.
What makes a question relevant is a rule, too: that it is answered only where this holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cel

from hub.checklist.definition import Checklist, Form, Question, Rule
from hub.values import value

Answers = Mapping[str, str]
Reference = tuple[str, str]  # form, code; ("station", "voters")

LONGEST = 1_000  # characters; CEL's own limits lie far behind, where it crashes
_DEEPEST = 20  # brackets
_MOST_MACROS = 2  # all, exists, map, filter: each multiplies the work
# What an evaluation may raise on answers that nobody foresaw: a division by zero, too large a number.
_EVALUATION_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class RuleError:
    """Why a rule does not load. `column` is an offset into `check`."""

    form: str
    rule: str
    check: str
    message: str
    column: int = 0

    def __str__(self) -> str:
        before = self.check[: self.column].rpartition("\n")[2]
        line = before + self.check[self.column :].partition("\n")[0]
        return f"{self.form}.{self.rule}: {self.message}\n    {line}\n    {' ' * len(before)}^"


class UnsoundRules(Exception):
    """All that is wrong with a checklist's rules."""

    def __init__(self, errors: tuple[RuleError, ...]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold. `codes`: those of the judged report that it names. `key` is the rule's name, with its
    form before it where that is not the judged report's: `MID.growing`."""

    key: str
    form: str
    rule: Rule
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    form: str
    rule: Rule
    program: Any
    names: tuple[Reference, ...]
    question: str | None = None  # the one whose relevance this is

    @property
    def needs(self) -> tuple[Reference, ...]:
        """What must be known before it can be violated."""
        return self.names if self.question is None else ((self.form, self.question), *self.names)


class Rules:
    def __init__(self, checklist: Checklist, compiled: tuple[CompiledRule, ...]) -> None:
        self.checklist = checklist
        self._convert = {
            (form.code, question.code): _converter(question) for form, question in checklist.questions()
        } | {_VOTERS: int}
        self._told: dict[tuple[Any, ...], bool | None] = {}  # rule and what it was asked of → whether it held
        self._by_codes: dict[tuple[str, ...], Collection[CompiledRule]] = {}  # form and its answered questions
        self._naming: dict[Reference, list[CompiledRule]] = {}
        for rule in compiled:
            for name in rule.needs:
                self._naming.setdefault(name, []).append(rule)
        self._answers = {
            (rule.form, rule.rule.name): tuple(name for name in rule.needs if name != _VOTERS) for rule in compiled
        }
        self._touching: dict[str, set[Reference]] = {}
        for (home, _), named in self._naming.items():
            self._touching.setdefault(home, set()).update((rule.form, rule.rule.name) for rule in named)
        self._beside = {
            form: frozenset({form, *(home for name in named for home, _ in (name, *self._answers[name]))})
            for form, named in self._touching.items()
        }
        self._conditions: dict[str, list[CompiledRule]] = {}
        for rule in compiled:
            if rule.question is not None:
                self._conditions.setdefault(rule.form, []).append(rule)

    def touching(self, form: str) -> Collection[Reference]:
        """Every rule that names an answer of this form: its own form, its name."""
        return self._touching.get(form, ())

    def beside(self, form: str) -> frozenset[str]:
        """The forms whose records a report on this one is judged with, or changes what is said of them; itself too."""
        return self._beside.get(form, frozenset((form,)))

    def answers_of(self, form: str, name: str) -> Collection[Reference]:
        """The answers that a rule names; none where there is no such rule any more."""
        return self._answers.get((form, name), ())

    def violations(
        self, form: str, answers: Answers, records: Mapping[str, Answers], voters: int | None
    ) -> list[Violation]:
        """Every rule, of any form, that names one of `answers`, of which all is known, and that does not hold.

        `answers` are the report's; `records` what its station has reported before, form → code → value.
        """
        touched = self._touched(form, answers)
        if not touched:
            return []
        known = _Known(form, {**records.get(form, {}), **answers}, records, voters)
        return [self._violation(rule, form, answers) for rule in touched if self._holds(rule, known) is False]

    def unasked(self, form: str, records: Mapping[str, Answers], voters: int | None) -> frozenset[str]:
        """The questions of a form that are not relevant, or of which that cannot be told yet."""
        conditions = self._conditions.get(form)
        if not conditions:
            return frozenset()
        known = _Known(form, records.get(form, {}), records, voters)
        return frozenset(each.question for each in conditions if each.question and not self._check(each, known))

    def _touched(self, form: str, answers: Answers) -> Collection[CompiledRule]:
        """The rules that name one of a form's answers; most reports answer the same questions in the same order."""
        asked = (form, *answers)
        touched = self._by_codes.get(asked)
        if touched is None:
            if len(self._by_codes) >= _REMEMBERED:
                self._by_codes.clear()
            rules = {id(rule): rule for code in answers for rule in self._naming.get((form, code), ())}
            touched = self._by_codes[asked] = tuple(rules.values())
        return touched

    def _violation(self, compiled: CompiledRule, form: str, answers: Answers) -> Violation:
        own = compiled.form == form
        key = compiled.rule.name if own else f"{compiled.form}.{compiled.rule.name}"
        codes = tuple(code for home, code in compiled.needs if home == form and code in answers)
        return Violation(key, compiled.form, compiled.rule, codes)

    def _holds(self, compiled: CompiledRule, known: _Known) -> bool | None:
        """None where it cannot be judged."""
        if compiled.question is not None and known.text(compiled.form, compiled.question) is None:
            return None
        return self._check(compiled, known)

    def _check(self, compiled: CompiledRule, known: _Known) -> bool | None:
        """What its check says. A report and the record it goes into mostly say the same to a rule."""
        texts = known.texts(compiled.names)
        if texts is None:
            return None
        asked = (id(compiled), texts)
        told: bool | None = self._told.get(asked, _UNTOLD)
        if told is _UNTOLD:
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            told = self._told[asked] = self._executed(compiled, texts)
        return told

    def _executed(self, compiled: CompiledRule, texts: Sequence[str]) -> bool | None:
        context: dict[str, Any] = {}
        for (home, code), text in zip(compiled.names, texts, strict=True):
            value = self._convert[home, code](text)
            context.setdefault(home, {})[code] = value
            if home == compiled.form:
                context[code] = value
        try:
            return compiled.program.execute(context) is not False
        except _EVALUATION_ERRORS:
            return None  # not to be judged on these answers


@value
class _Known:
    """What can be asked of a station: what one form says now, what the others have said before, its voters."""

    form: str
    answers: Answers
    records: Mapping[str, Answers]
    voters: int | None

    def texts(self, names: Sequence[Reference]) -> tuple[str, ...] | None:
        """None where one of them is not known."""
        found = []
        for home, code in names:
            text = self.text(home, code)
            if text is None:
                return None
            found.append(text)
        return tuple(found)

    def text(self, home: str, code: str) -> str | None:
        if home == self.form:
            return self.answers.get(code)
        if home == "station":
            return None if self.voters is None else str(self.voters)
        others = self.records.get(home)
        return others.get(code) if others else None


def of(checklist: Checklist) -> Rules:
    """The checklist's compiled rules, compiled once. Raises `UnsoundRules`."""
    known = _compiled.get(id(checklist))
    if known is None:
        if len(_compiled) >= _KEPT:
            _compiled.clear()
        known = _compiled[id(checklist)] = compile_rules(checklist)
    return known


_REMEMBERED = 10_000
_UNTOLD: Any = object()
_KEPT = 8  # one election a process; more only in tests
_compiled: dict[int, Rules] = {}


def compile_rules(checklist: Checklist) -> Rules:
    """Compiles and tries every rule and condition of every form. Raises `UnsoundRules` with all that is wrong."""
    found = [
        _compile(checklist, form, rule, question)
        for form in checklist.forms
        for question, rule in [*((None, rule) for rule in form.rules), *form.conditions.items()]
    ]
    if errors := tuple(rule for rule in found if isinstance(rule, RuleError)):
        raise UnsoundRules(errors)
    return Rules(checklist, tuple(rule for rule in found if isinstance(rule, CompiledRule)))


def _compile(checklist: Checklist, form: Form, rule: Rule, question: str | None) -> CompiledRule | RuleError:
    def error(message: str, column: int = 0) -> RuleError:
        return RuleError(form.code, rule.name, rule.check, message, column)

    if size := _too_large(rule.check):
        return error(*size)
    try:
        program = cel.compile(rule.check)
    except ValueError as refusal:
        return error(*_syntax_error(rule.check, str(refusal)))
    names: dict[Reference, None] = {}
    for name, column in _names(rule.check):
        reference = _reference(checklist, form, name)
        if reference is None:
            return error(f"there is no question {'.'.join(name)}", column)
        if reference == (form.code, question):
            return error(f"{question} is relevant by its own answer", column)
        names[reference] = None
    if not names:
        return error("it names no question")
    compiled = CompiledRule(form.code, rule, program, tuple(names), question)
    message = _trial(checklist, compiled)
    return error(message) if message else compiled


def _too_large(check: str) -> tuple[str, int] | None:
    if len(check) > LONGEST:
        return f"it is longer than {LONGEST} characters", 0
    depth = 0
    for column, char in enumerate(check):
        depth += (char in "([{") - (char in ")]}")
        if depth > _DEEPEST:
            return f"its brackets are nested deeper than {_DEEPEST}", column
    if len(_MACRO.findall(check)) > _MOST_MACROS:
        return f"it has more than {_MOST_MACROS} of all, exists, exists_one, map and filter", 0
    return None


_MACRO = re.compile(r"\.\s*(?:all|exists_one|exists|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


def _syntax_error(check: str, refusal: str) -> tuple[str, int]:
    match = re.search(r"<input>:(\d+):(\d+): (.*)", refusal)
    if match is None:
        return "it is no CEL expression", 0
    lines = check.splitlines(keepends=True)[: int(match[1]) - 1]
    return match[3].partition(" expecting")[0], min(sum(map(len, lines)) + int(match[2]) - 1, len(check))


def _names(check: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every dotted name and its place, but for functions, macros' own variables and what stands in strings."""
    bare = _STRING.sub(lambda match: " " * len(match[0]), check)
    bound = {*_MACRO.findall(bare), "true", "false", "null", "in"}
    for match in _NAME.finditer(bare):
        parts = tuple(part.strip() for part in match[0].split("."))
        called = bare[match.end() :].lstrip().startswith("(")
        parts = parts[:-1] if called else parts
        if parts and parts[0] not in bound:
            yield parts, match.start()


_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*")
_VOTERS: Reference = ("station", "voters")


def _reference(checklist: Checklist, form: Form, name: tuple[str, ...]) -> Reference | None:
    if name == _VOTERS:
        return _VOTERS
    if len(name) == 1:
        return (form.code, name[0]) if name[0] in form.by_code else None
    other = checklist.by_code.get(name[0])
    return (name[0], name[1]) if len(name) == 2 and other and name[1] in other.by_code else None


def _trial(checklist: Checklist, compiled: CompiledRule) -> str | None:
    """What goes wrong on sample answers: types that do not fit, a function that is none, a result neither true
    nor false."""
    for turn in range(3):
        context: dict[str, Any] = {}
        for home, code in compiled.names:
            value = 1_000 if home == "station" else _samples(checklist.form(home).by_code[code])[turn]
            context.setdefault(home, {})[code] = value
            if home == compiled.form:
                context[code] = value
        try:
            result = compiled.program.execute(context)
        except (ArithmeticError, LookupError):
            continue
        except (RuntimeError, TypeError, ValueError) as refusal:
            return str(refusal).partition(". ")[0]
        if not isinstance(result, bool):
            return f"it is neither true nor false, but {result!r}"
    return None


def _samples(question: Question) -> tuple[Any, Any, Any]:
    low, high = question.min or 0, question.max if question.max is not None else 1_000
    match question.type:
        case "integer":
            return int(low), int(high), int(low) + 1
        case "decimal":
            return float(low), float(high), float(low) + 0.5
        case "multiple":
            codes = [int(code) for code in question.option_codes]
            return codes[:1], codes, codes[-1:]
        case "choice":
            codes = [int(code) for code in question.option_codes]
            return codes[0], codes[-1], codes[len(codes) // 2]
        case "confirmation":
            return 1, 1, 1
    return "07:15", "21:30", ""


def _converter(question: Question) -> Callable[[str], Any]:
    match question.type:
        case "choice" | "integer" | "confirmation":
            return int
        case "decimal":
            return float
        case "multiple":
            return lambda text: [int(code) for code in text.split(",")]
    return str
