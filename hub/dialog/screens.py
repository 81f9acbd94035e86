"""What a dialog shows: a question, the summary, the choice of forms; with buttons, or to be answered in words. Pure.

A button carries what it does, and the dialog and step it was shown for: `A 1 ?8841.3`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.checklist import rules
from hub.checklist.definition import Form, Question
from hub.checklist.folding import folded_words
from hub.dialog import dialog as dialogs
from hub.dialog.dialog import Dialog, Paper, Press, Turn
from hub.election.definition import Election
from hub.replies import in_order, problem_text, say

Rows = tuple[tuple[tuple[str, str], ...], ...]  # (label, data)
NARROW, HALF, WIDE = 8, 15, 32  # characters of labels that a small phone shows three, two and one in a row
LONGEST = 3_500  # characters of a summary with the questions' words; Telegram takes 4,096
_PRESSED = re.compile(r"(?P<deed>\w+)(?: (?P<value>\w+))? \?(?P<dialog>\d{1,18})\.(?P<step>\d{1,9})")
_WORDED = {"back": "button_back", "next": "button_skip", "none": "button_unobserved", "send": "button_send"}


@dataclass(frozen=True, slots=True)
class Screen:
    text: str
    buttons: Rows = ()


def show(election: Election, language: str, turn: Turn, paper: Paper, *, plain: bool) -> Screen:
    """What is asked now, below what was made of the last answer. `plain`: there are no buttons (SMS)."""
    language = election.language(language)
    if turn.sent:
        return Screen(say(election, "dialog_sent", language, form=paper.form.code, station=turn.dialog.station))
    asked = {question.code: question for question in paper.asked(turn.dialog)}
    screens = _Screens(election, language, turn.dialog, paper, list(asked), plain)
    body = screens.question(asked[turn.dialog.at]) if turn.dialog.at in asked else screens.summary(asked.values())
    above = [_problem(election, language, turn, paper.form), *map(screens.taken, turn.took if turn.dialog.at else ())]
    return Screen("\n".join(filter(None, [*above, body.text])), () if plain else body.buttons)


@dataclass(frozen=True, slots=True)
class Choice:
    """A form that may be filled in. `station` and `person` are named where there are several of them."""

    form: Form
    station: str
    person: str = ""


def menu(election: Election, language: str, choices: Sequence[Choice], *, plain: bool) -> Screen:
    """Which form? Each button carries the command that could have been texted."""
    language, word = election.language(language), election.checklist.commands["form"][0]
    asks = [" ".join(filter(None, [word, it.form.code, it.station, it.person])) for it in choices]
    if plain:
        lines = [f"{ask}: {choice.form.title[language]}" for ask, choice in zip(asks, choices, strict=True)]
        return Screen("\n".join([say(election, "dialog_menu", language), *lines]))
    several = len({(choice.station, choice.person) for choice in choices}) > 1
    labels = [
        " ".join(filter(None, [it.form.code, *([it.station, it.person] if several else []), it.form.title[language]]))
        for it in choices
    ]
    return Screen(say(election, "dialog_menu", language), tuple((pair,) for pair in zip(labels, asks, strict=True)))


def pressed(data: str) -> tuple[int, Press] | None:
    """The dialog that a button belongs to, and what it does; None where it is none of a dialog."""
    match = _PRESSED.fullmatch(data)
    return (int(match["dialog"]), Press(int(match["step"]), match["deed"], match["value"] or "")) if match else None


def worded(election: Election, text: str, step: int) -> Press | None:
    """What a button would have done, written out in any of the election's languages: “skip”, “назад”."""
    words = folded_words(text)
    for deed, key in _WORDED.items():
        if any(words and words == folded_words(said) for said in election.replies[key].values()):
            return Press(step, deed)
    return None


@dataclass(frozen=True, slots=True)
class _Screens:
    election: Election
    language: str
    dialog: Dialog
    paper: Paper
    codes: list[str]
    plain: bool

    def question(self, question: Question) -> Screen:
        place = {"place": self.codes.index(question.code) + 1, "count": len(self.codes)}
        told = {"form": self.paper.form.code, "station": self.dialog.station, "code": question.code}
        head = self._say("dialog_question", **told, **place, question=question.text[self.language])
        labels = {it.code: it.text[self.language] for it in question.options if it.code != question.unobserved}
        narrow = all(len(label) <= WIDE for label in labels.values())
        now = self.paper.value(self.dialog, question.code)
        lines = [head, *self._how(question)]
        if self.plain or not narrow:
            lines += [f"{code}: {label}" for code, label in labels.items()]
        if now and (self.plain or not question.options):
            lines.append(self._say("dialog_now", answer=self._spelt(question, now)))
        if self.plain:
            lines.append(self._say("dialog_words", **self._words()))
        shown = labels if narrow else {code: code for code in labels}
        return Screen(
            "\n".join(filter(None, lines)), (*self._answers(question, shown, now), *self._ways(question, now))
        )

    def summary(self, asked: Iterable[Question]) -> Screen:
        questions = list(asked)
        told = {"form": self.paper.form.code, "station": self.dialog.station}
        sendable = dialogs.sendable(self.dialog, self.paper)
        key = "dialog_summary" if sendable else "dialog_complete"
        head = self._say(key, **told, title=self.paper.form.title[self.language])
        values = {it.code: value for it in questions if (value := self.paper.value(self.dialog, it.code))}
        full = "\n".join(self._line(it, values[it.code]) for it in questions if it.code in values)
        body = in_order(self.paper.form, values) if self.plain or len(full) > LONGEST else full
        seen = dialogs.unobserved(self.dialog, self.paper)
        without = [code for code in self.codes if code not in values and code not in seen]
        lines = [head, body, *self._listed("dialog_unobserved", seen), *self._listed("dialog_unanswered", without)]
        lines += self._violations(values)
        if not self.plain:
            lines += [self._say("dialog_change")] if questions else []
        elif sendable:
            lines.append(self._say("dialog_send", send=self._say("button_send")))
        return Screen("\n".join(filter(None, lines)), self._changes(sendable))

    def taken(self, code: str) -> str:
        question = self.paper.form.by_code[code]
        value = self.paper.value(self.dialog, code)
        answer = self._spelt(question, value) if value else self._say("button_unobserved")
        return self._say("dialog_taken", code=code, answer=answer)

    def _how(self, question: Question) -> Iterator[str]:
        limits = {name: f"{limit:.15g}" for name in ("min", "max") if (limit := getattr(question, name)) is not None}
        match question.type:
            case "integer" | "decimal":
                yield self._say("dialog_number_between" if len(limits) == 2 else "dialog_number", **limits)
            case "time" | "text":
                yield self._say(f"dialog_{question.type}")
            case "multiple":
                yield self._say("dialog_several")
            case "confirmation" if self.plain:
                yield f"1: {self._say('button_yes')}"

    def _answers(self, question: Question, labels: dict[str, str], now: str) -> Iterator[tuple[tuple[str, str], ...]]:
        if question.type == "confirmation":
            labels = {"1": self._say("button_yes")}
        several = question.type == "multiple"
        chosen = self.dialog.ticked if several else (now,)
        pairs = [
            (f"✓ {label}" if code in chosen else label, self._data(f"{'tick' if several else question.code} {code}"))
            for code, label in labels.items()
        ]
        longest = max(map(len, labels.values()), default=0)
        width = 3 if longest <= NARROW else 2 if longest <= HALF else 1
        yield from (tuple(pairs[at : at + width]) for at in range(0, len(pairs), width))
        if several and self.dialog.ticked:
            yield ((self._say("button_done"), self._data("done")),)

    def _ways(self, question: Question, now: str) -> Rows:
        decided = now or question.code in self.dialog.unobserved
        back = [("button_back", "back")] if question.code != self.codes[0] else []
        rows = [[*back, ("button_next" if decided else "button_skip", "next")], [("button_unobserved", "none")]]
        return tuple(tuple((self._say(key), self._data(deed)) for key, deed in row) for row in rows)

    def _changes(self, sendable: bool) -> Rows:
        send = (((self._say("button_send"), self._data("send")),),) if sendable else ()
        codes = [(code, self._data(f"go {code}")) for code in self.codes]
        return (*send, *(tuple(codes[at : at + 6]) for at in range(0, len(codes), 6)))

    def _violations(self, values: dict[str, str]) -> Iterator[str]:
        known = self.paper.known(self.dialog)
        form = self.paper.form.code
        for violation in rules.of(self.paper.checklist).violations(form, values, known, self.paper.voters):
            message = violation.rule.message.get(self.language, "")
            yield self._say("problem_rule_violated", message=message, form=form)

    def _line(self, question: Question, value: str) -> str:
        told = {"code": question.code, "question": question.text[self.language]}
        return self._say("dialog_line", **told, answer=self._spelt(question, value))

    def _spelt(self, question: Question, value: str) -> str:
        """The answer in words where it has some."""
        if question.type == "confirmation":
            return self._say("button_yes")
        words = {option.code: option.text[self.language] for option in question.options}
        return ", ".join(words.get(part, part) for part in value.split(",")) if words else value

    def _listed(self, key: str, codes: Sequence[str]) -> list[str]:
        return [self._say(key, codes=", ".join(codes))] if codes else []

    def _words(self) -> dict[str, str]:
        names = {"skip": "button_skip", "back": "button_back", "unobserved": "button_unobserved"}
        return {name: self._say(key) for name, key in names.items()}

    def _data(self, deed: str) -> str:
        return f"{deed} ?{self.dialog.id}.{self.dialog.step}"

    def _say(self, key: str, **values: object) -> str:
        return say(self.election, key, self.language, **values)


def _problem(election: Election, language: str, turn: Turn, form: Form) -> str:
    """Why what was typed is no answer; of what can only be pressed the question says enough."""
    problem = turn.problem
    if problem is None or problem.code == "unreadable" or form.by_code[problem.field or ""].type == "confirmation":
        return ""
    return problem_text(election, problem, language, form)
