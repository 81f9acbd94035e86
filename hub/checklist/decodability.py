"""Has every text one reading only? Decided for all texts at once, before an election loads.

A reading is what a text says: its forms, its station, and its answers in order, each a code and a canonical value. Two
readings are two different such sequences for the same folded text. A text is one or more whole reports, an incident
down to its category, or a command; its pieces stand glued or apart. Left aside are comments, descriptions and texts,
which are never parsed, and limits: a number may be any.

One rule of the grammar cuts many readings off: a number is as long as it can be. What follows it, glued, is neither a
digit nor one of the letters O, I and L that are read as one; so no code begins with them.

The texts are a regular language, and the grammar is a finite machine that says what it reads. Two copies of it read
the same text, one letter at a time; where both can come to an end and have said different things, that text has two
readings (the squaring construction: Béal, Carton, Prieur, Sakarovitch 2003). Breadth first, so the text is a shortest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hub.checklist.definition import Checklist, Form, Question
from hub.checklist.folding import folded_words
from hub.checklist.values import option_words

Said = tuple[str, ...]  # form and command codes, "@" before a station's digits, answer codes, digits

_DIGITS = "1234567890"  # in this order a witness is made of ones
_WRITTEN = {digit: digit for digit in _DIGITS} | {"0": "0O", "1": "1IL"}
_LIKE_DIGITS = "OIL"
_NUMBERED = ("ack", "done", "false", "way", "call")  # commands with an alert's number behind
_MOST_WITNESSES = 200


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A shortest text that begins with `form` (a form's, the incident's or a command's code) and has two readings,
    as people would write them: `PRT 5191`, `PRT PS=5191`."""

    form: str
    text: str
    readings: tuple[str, str]


def ambiguities(checklist: Checklist) -> tuple[Ambiguity, ...]:
    """The texts with two readings, the shortest of each form. Empty where every text has one at most."""
    machine = _Machine(checklist)
    found: dict[str, Ambiguity] = {}
    for text in _doubtful(machine):
        first, second = sorted(machine.readings(text), key=lambda said: (len(said), said))[:2]
        found.setdefault(first[0], Ambiguity(first[0], text, (_spelt(first), _spelt(second))))
    return tuple(found.values())


def readings(text: str, checklist: Checklist) -> frozenset[str]:
    """All that a folded text can be read as: the machine's own word, to compare the grammar with."""
    return frozenset(map(_spelt, _Machine(checklist).readings(text)))


@dataclass(slots=True)
class _State:
    accepts: bool = False
    steps: dict[str, list[tuple[int, Said]]] = field(default_factory=dict)


class _Machine:
    """Reads letter by letter; each step leads to a state and says something, or nothing yet. State 0 is the start."""

    def __init__(self, checklist: Checklist) -> None:
        self.states: list[_State] = []
        self.checklist = checklist
        self.start = self._state()
        self.heads = [self.start]  # where a report's code may stand
        self.heads_after_number: list[int] = []
        behind = {form.code: self._form(form) for form in checklist.forms}
        for form in checklist.forms:
            self._head([form.code], form.code, behind[form.code])
        for form in checklist.forms:
            self._head(form.aliases, form.code, behind[form.code])
        self._incident()
        self._commands()

    def readings(self, text: str) -> set[Said]:
        """All sequences that the machine can say over this text."""
        reached: set[tuple[int, Said]] = {(self.start, ())}
        for letter in text:
            reached = {
                (target, said + more)
                for state, said in reached
                for target, more in self.states[state].steps.get(letter, ())
            }
        return {said for state, said in reached if self.states[state].accepts}

    def _form(self, form: Form) -> int:
        """The state behind the form's code. `body`: between pieces; after a number or a word less may follow."""
        behind, body = self._state(True), self._state(True)
        after_number, after_word = self._state(True), self._state(True)
        for state in (body, after_number, after_word):
            self._step(state, " ", body)
        self.heads += [behind, body]
        self.heads_after_number.append(after_number)
        self._station(behind, after_number)
        for question in form.questions:
            value, bare = self._state(), [after_word] if question.type == "confirmation" else []
            self._step(value, " ", value)
            self._spell([behind, body, after_number, after_word], question.code, [value, *bare], (question.code,), bare)
            self._value(question, value, after_number, after_word)
        return behind

    def _station(self, behind: int, end: int) -> None:
        """Digits, with blanks and with words like PEC before them."""
        named = self._state()
        for state in (behind, named):
            self._step(state, " ", state)
        for words in self.checklist.station.words:
            if spelt := " ".join(folded_words(words)):
                self._spell([behind], spelt, [named])
        for length in self.checklist.station.lengths:
            self._digits([behind, named], length, end, ("@",))

    def _value(self, question: Question, value: int, after_number: int, after_word: int) -> None:
        match question.type:
            case "choice" | "confirmation":
                for code in question.option_codes or ("1",):
                    self._number([value], code, after_number, tuple(code))
                for word, code in option_words(question).items():
                    self._spell([value], word, [after_word], tuple(code))
            case "multiple":
                more = self._state()
                self._step(more, ",", value)
                for code in question.option_codes:
                    for end in (more, after_number):
                        self._number([value, more], code, end, tuple(code))
            case "integer":
                self._digits([value], None, after_number)
            case "decimal":
                point, fraction = self._state(), self._state()
                self._digits([value], None, after_number, last=[point])
                for mark in ".,":
                    self._step(point, mark, fraction, (".",))
                self._digits([fraction], None, after_number)
            case "time":
                minutes, colon = self._state(), self._state()
                for length in (1, 2):
                    self._digits([value], length, minutes)
                    self._digits([value], length, colon)
                for mark in ":.":
                    self._step(colon, mark, minutes)
                self._digits([minutes], 2, after_number)
            case "text":
                text = self._state(True)
                self._step(value, "…", text)
                self._step(text, "…", text)

    def _head(self, spellings: Iterable[str], code: str, behind: int) -> None:
        for spelling in spellings:
            if word := " ".join(folded_words(spelling)):
                origins = self.heads if word[0] in _LIKE_DIGITS else self.heads + self.heads_after_number
                self._spell(origins, word, [behind], (code,))

    def _incident(self) -> None:
        """Down to the category: the rest is its description."""
        checklist, behind, placed = self.checklist, self._state(), self._state()
        self._station(behind, placed)
        self._step(placed, " ", placed)
        for category in checklist.categories:
            self._number([behind, placed], category.code, self._state(True), ("category", *category.code))
        self._head((checklist.incident_code, *checklist.incident_aliases), checklist.incident_code, behind)

    def _commands(self) -> None:
        for name, words in self.checklist.commands.items():
            behind, number = self._state(True), self._state(True)
            self._step(behind, " ", behind)
            for word in words:
                self._spell([self.start], " ".join(folded_words(word)), [behind], (name,))
            for digit in _DIGITS if name in _NUMBERED else "":
                self._step(behind, digit, number, (digit,))
                self._step(number, digit, number, (digit,))

    # How ways are laid from state to state.

    def _state(self, accepts: bool = False) -> int:
        self.states.append(_State(accepts))
        return len(self.states) - 1

    def _step(self, origin: int, letter: str, target: int, said: Said = ()) -> None:
        self.states[origin].steps.setdefault(letter, []).append((target, said))

    def _spell(
        self, origins: Sequence[int], word: str, ends: Sequence[int], said: Said = (), bare: Sequence[int] = ()
    ) -> None:
        """A way for each letter of the word; what is said is said with the last one, to each of the ends."""
        for letter in word[:-1]:
            through = self._state()
            for origin in origins:
                self._step(origin, letter, through)
            origins = [through]
        for origin in origins:
            for end in ends:
                self._step(origin, word[-1], end, (*said, "1") if end in bare else said)

    def _number(self, origins: Sequence[int], code: str, end: int, said: Said) -> None:
        """These digits, each in every way it may be written."""
        for digit in code[:-1]:
            through = self._state()
            for origin in origins:
                self._any_spelling(origin, digit, through)
            origins = [through]
        for origin in origins:
            self._any_spelling(origin, code[-1], end, said)

    def _digits(
        self, origins: Sequence[int], length: int | None, end: int, said: Said = (), last: Sequence[int] = ()
    ) -> None:
        """Any digits, so many (None: one or more), said one by one after `said`."""
        if length is None:
            more = self._state()
            for digit in _DIGITS:
                for origin in (*origins, more):
                    for target in (more, end, *last):
                        self._any_spelling(origin, digit, target, (digit,))
            return
        for place in range(length):
            through = end if place == length - 1 else self._state()
            for digit in _DIGITS:
                for origin in origins:
                    self._any_spelling(origin, digit, through, (*said, digit))
            origins, said = [through], ()

    def _any_spelling(self, origin: int, digit: str, target: int, said: Said = ()) -> None:
        for letter in _WRITTEN[digit]:
            self._step(origin, letter, target, said)


# Where the two copies are, and what the one that said more is ahead by: >0 the first, <0 the second.
_Pair = tuple[int, int, int, Said]
_DIFFERENT: Said = ("≠",)


def _doubtful(machine: _Machine) -> Iterator[str]:
    """Texts that two copies of the machine read to the end and differently, the shortest first."""
    states, begin = machine.states, (machine.start, machine.start, 0, ())
    came: dict[_Pair, tuple[_Pair, str] | None] = {begin: None}
    queue: deque[_Pair] = deque([begin])
    witnesses = 0
    while queue and witnesses < _MOST_WITNESSES:
        pair = queue.popleft()
        for letter, following in _together(states, pair):
            if following in came:
                continue
            came[following] = (pair, letter)
            queue.append(following)
            if following[3] and states[following[0]].accepts and states[following[1]].accepts:
                witnesses += 1
                yield _text(came, following)


def _together(states: list[_State], pair: _Pair) -> Iterator[tuple[str, _Pair]]:
    first, second, ahead, lead = pair
    others = states[second].steps
    for letter, steps in states[first].steps.items():
        for one, said in steps:
            for other, otherwise in others.get(letter, ()):
                ahead_now, lead_now = _compared(ahead, lead, said, otherwise)
                # Which copy is called the first does not matter.
                yield letter, (one, other, ahead_now, lead_now) if one <= other else (other, one, -ahead_now, lead_now)


def _compared(ahead: int, lead: Said, said: Said, otherwise: Said) -> tuple[int, Said]:
    """What one copy is ahead by after both have said more, or that they have said different things."""
    if lead is _DIFFERENT:
        return 0, lead
    first, second = (lead + said, otherwise) if ahead >= 0 else (said, lead + otherwise)
    common = min(len(first), len(second))
    if first[:common] != second[:common]:
        return 0, _DIFFERENT
    return (1, first[common:]) if len(first) > common else (-1, second[common:]) if len(second) > common else (0, ())


def _text(came: dict[_Pair, tuple[_Pair, str] | None], pair: _Pair) -> str:
    letters: list[str] = []
    step = came[pair]
    while step is not None:
        letters.append(step[1])
        step = came[step[0]]
    return "".join(reversed(letters))


def _spelt(said: Said) -> str:
    """`PRT 5191 PS=12 A=1`"""
    text = said[0]
    for before, symbol in pairwise(said):
        if symbol == "@" or (before is said[0] and symbol.isdecimal()):
            text += " " + symbol.strip("@")
        elif not (symbol.isdecimal() or symbol == "."):
            text += f" {symbol}"
        elif before == "@" or before.isdecimal() or before == ".":
            text += symbol
        else:
            text += f"={symbol}"
    return text
