"""Which pieces of a report are sound answers. What is doubtful is refused: a wrong number costs more than a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from hub.checklist import suggestions
from hub.checklist.folding import COMMENT_MARKS, Folded
from hub.checklist.lexicon import OTHER_CODE, FormLexicon
from hub.checklist.pieces import Piece, Scan
from hub.checklist.problems import Problem, ProblemCode
from hub.checklist.reading import Answer
from hub.checklist.values import DIGIT, Value, digits

_REFUSED_AS: dict[str, ProblemCode] = {
    "integer": "not_a_number",
    "decimal": "not_a_number",
    "time": "not_a_time",
    "text": "unknown_field",
}


_COMMENT_OR_END = ("", *COMMENT_MARKS)


@dataclass(frozen=True, slots=True)
class Weighed:
    answers: dict[str, Answer]
    refused: frozenset[str]
    problems: tuple[Problem, ...]


def weigh(form: FormLexicon, raw: str, folded: Folded, scan: Scan, end: int) -> Weighed:
    """The sound answers of the pieces that `scan` found before `end` (folded), and a problem for each other one."""
    scales = _Scales(form, raw, folded, scan.pieces, end)
    scales.refuse_what_is_doubtful()
    return scales.weighed()


class _Scales:
    """The pieces of one report, and for each that is refused its problem (by its place in the list)."""

    def __init__(self, form: FormLexicon, raw: str, folded: Folded, pieces: list[Piece], end: int) -> None:
        self.form, self.raw, self.folded, self.pieces, self.end = form, raw, folded, pieces, end
        self.problems: dict[int, Problem] = {}
        self.doubted: list[tuple[str, Value]] = []  # answers of letters only that were left over as words

    def refuse_what_is_doubtful(self) -> None:
        self._leave_words_over()
        self._refuse_unsound_values()
        self._refuse_signs()
        self._refuse_marks()
        self._refuse_glued()
        self._refuse_swallowed()
        self._refuse_contradictions()
        self._tell_left_over()

    def weighed(self) -> Weighed:
        refused = frozenset(problem.field for problem in self.problems.values() if problem.field)
        span, answers = self.folded.span, {}
        for piece in self.pieces:
            if piece.read and not piece.read.problem and piece.code not in refused and piece.code not in answers:
                start, end = span(piece.start, piece.end)
                answers[piece.code] = Answer(self._value(piece), start, end)
        problems = sorted(self.problems.values(), key=lambda problem: (problem.start, problem.end))
        return Weighed(answers, refused, tuple(problems))

    def _value(self, piece: Piece) -> str:
        assert piece.read
        if piece.kind != "text":
            return piece.read.value
        start, end = self.folded.span(piece.at, piece.end)
        return self.raw[start:end].strip()  # word for word

    # What each step refuses, in the order in which one step relies on the other.

    def _leave_words_over(self) -> None:
        """`Bl` is B1 in a report of codes; ALL, TOO and NO are words where other words stand, or make no answer."""
        for piece in self.pieces:
            if piece.letters and piece.read and (piece.read.problem or self._rounded(piece)):
                _make_junk(piece)
        if any((piece.letters and piece.kind == "junk") or piece.kind == "lone" for piece in self.pieces):
            for piece in self.pieces:
                if piece.letters and piece.kind == "value" and piece.read:
                    if not self._counts(piece):
                        self.doubted.append((piece.code, piece.read))
                    _make_junk(piece)

    def _rounded(self, piece: Piece) -> bool:
        """A number that begins with 0, like TOO: nobody counts so."""
        text = self.folded.text[piece.at : piece.end]
        return self._counts(piece) and len(text) > 1 and text.startswith("O")

    def _refuse_unsound_values(self) -> None:
        for index, piece in enumerate(self.pieces):
            if piece.kind == "lone":
                self._refuse_lone(index)
            elif piece.read and piece.read.problem:
                self._refuse(index, piece.at, piece.end, piece.read.problem)

    def _refuse_lone(self, index: int) -> None:
        """A code without a value; words behind it, as in `A maybe`, were meant to be one."""
        behind = self.pieces[index + 1] if index + 1 < len(self.pieces) else None
        if behind and behind.kind == "junk" and not self._other_field(behind):
            behind.swallowed = True
            self._refuse(index, behind.start, behind.end)
        else:
            self._refuse(index, self.pieces[index].start, self.pieces[index].end)

    def _refuse_signs(self) -> None:
        """T-5 is minus five, unless every answer of the message is written with a hyphen."""
        written = [piece for piece in self.pieces if piece.kind == "value"]
        hyphened = [piece for piece in written if piece.gap.count("-") == 1]
        if len(hyphened) == len(written) and len({piece.code for piece in written}) > 1:
            return
        signs = [index for index, piece in enumerate(self.pieces) if "-" in piece.gap and self._counts(piece)]
        for index in signs:
            piece = self.pieces[index]
            self._refuse(index, piece.at - len(piece.gap) + piece.gap.index("-"), piece.end)
        if signs and len(hyphened) * 2 > len(written):
            # Where most have a hyphen, a number without one may have a digit in its place.
            for index, piece in enumerate(self.pieces):
                if self._counts(piece) and "-" not in piece.gap:
                    self._refuse(index, piece.at, piece.end)

    def _refuse_marks(self) -> None:
        """A number with %, ~, < or the like at its side is not the number that was asked for."""
        for index, piece in enumerate(self.pieces):
            if not self._numeric(piece):
                continue
            behind = self.folded.text[piece.end : self._start(index + 1)]
            if "%" in piece.gap:
                self._refuse(index, piece.at - len(piece.gap) + piece.gap.index("%"), piece.end)
            elif "%" in behind:
                self._refuse(index, piece.at, piece.end + behind.index("%") + 1)

    def _refuse_glued(self) -> None:
        """What is glued to an unsound piece may have lost a digit to it, or got one from it."""
        for index, (piece, following) in enumerate(pairwise(self.pieces)):
            if self._means_otherwise(following, piece):
                self._swallow(index, following)
            elif self._halves_of_a_code(piece, following):
                self._refuse(index + 1, piece.start, following.end)
            if piece.end != following.start:
                continue
            if self._spoils(following, piece):
                self._swallow(index, following)
            elif self._numeric(piece) and self._numeric(following) and self._moved_digit(piece, following):
                self._refuse(index, piece.at, piece.end)
                self._refuse(index + 1, following.at, following.end)
            elif self._numeric(piece) and following.read and following.read.misshapen:
                self._refuse(index, piece.at, piece.end)
            if self._numeric(following) and index + 1 not in self.problems and self._odd(piece):
                self._refuse(index + 1, following.at, following.end)

    def _means_otherwise(self, following: Piece, piece: Piece) -> bool:
        """`A 2 yes`: behind the option another word of its question. `A2A` may be `AДA`, `AHAT` a word in full."""
        text, words = self.folded.text, self.form.words.get(piece.code, ())
        if piece.kind != "value" or following.kind not in ("junk", "lone"):
            return False
        if following.kind == "junk":
            return text.startswith(words, following.start)
        glued = piece.end == following.start
        return glued and (text[piece.at].isalpha() or any(word.endswith(following.code) for word in words))

    def _halves_of_a_code(self, piece: Piece, following: Piece) -> bool:
        """`P N2` in a form that asks PN, too."""
        code = self.folded.text[piece.start : piece.end] + following.code
        return piece.kind in ("junk", "lone") and following.kind == "value" and code in self.form.types

    def _moved_digit(self, piece: Piece, following: Piece) -> bool:
        """`R15725G97` for R1572 G597: one is out of range, and both would be sound with a digit on the other side."""
        if not any(it.read and it.read.problem == "out_of_range" for it in (piece, following)):
            return False
        readers, text = self.form.readers, self.folded.text
        one, other = digits(text[piece.at : piece.end]), digits(text[following.at : following.end])
        moved = ((one[:-1], one[-1:] + other), (one + other[:1], other[1:]))
        return any(not readers[piece.code](a).problem and not readers[following.code](b).problem for a, b in moved)

    def _spoils(self, following: Piece, piece: Piece) -> bool:
        if following.kind == "junk":
            return piece.kind in ("value", "confirm") and not self._other_field(following)
        return following.kind == "lone" and self._numeric(piece)

    def _odd(self, piece: Piece) -> bool:
        if piece.kind in ("lone", "stray"):
            return True
        if piece.kind == "junk":
            return not self._other_field(piece)
        return bool(piece.read and piece.read.misshapen)

    def _other_field(self, piece: Piece) -> bool:
        """`ZZ4`: an answer to a question that the form lacks. Not `Y4` or, where N is a question, `YN4`: there one
        letter may stand for a digit of the answer before, as in K14Y0 and X4YN18."""
        text = self.folded.text[piece.start : piece.end]
        match = re.fullmatch(rf"({OTHER_CODE}){DIGIT}+", text)
        if match is None or match[1][1:] in self.form.types:
            return False
        # `HHET6` is H with a word, and a digit that was somebody's.
        return not any(text.startswith(code + word) for code, words in self.form.words.items() for word in words)

    def _swallow(self, index: int, following: Piece) -> None:
        following.swallowed = True
        self.problems.pop(index + 1, None)
        self._refuse(index, self.pieces[index].at, following.end)

    def _refuse_swallowed(self) -> None:
        """A number that touches what is not read, and may have lost a digit to it."""
        text, last = self.folded.text, self.pieces[-1] if self.pieces else None
        if last is None or not last.end == self.end < len(text) or not self._numeric(last):
            return
        if text[self.end] in "OIL" or (text[self.end] in COMMENT_MARKS and self._no_comment(self.end + 1)):
            self._refuse(len(self.pieces) - 1, last.at, self.end + 1)

    def _no_comment(self, at: int) -> bool:
        """In `T33#0` and `K113# A1` the mark stands where a digit was meant: what follows is no comment."""
        text, answered = self.folded.text, {piece.code for piece in self.pieces}
        swallowed = (match["code"] for match in self.form.pieces.finditer(text, at) if match.lastgroup == "fast")
        return text[at : at + 1].isdecimal() or any(code not in answered for code in swallowed)

    def _refuse_contradictions(self) -> None:
        """Two different answers: neither is stored. Nor is a number glued to one of them: R1V85 may be R1585."""
        said: dict[str, list[int]] = {}
        for index, piece in enumerate(self.pieces):
            if piece.read and not piece.swallowed:
                said.setdefault(piece.code, []).append(index)
        for code, places in said.items():
            values = {self.pieces[index].read for index in places}
            if len(values | {value for doubted, value in self.doubted if doubted == code}) < 2:
                continue
            doubtful = places[:-1] if self._corrects(places, said) else places
            if not any(index in self.problems for index in places):
                self._refuse_contradiction(code, places)
            for index in doubtful:
                self._refuse_before(index)

    def _corrects(self, places: list[int], said: Mapping[str, list[int]]) -> bool:
        """A correction is written at the end; where all answers are glued, so is it: K1135A2. But PM119N3 may be
        PM11PN3, and T37A2 may be T372 or T3702."""
        index, code = places[-1], self.pieces[places[-1]].code
        if index < max(each[-1] for each in said.values()) or any(it in self.problems for it in places):
            return False
        if any(it.endswith(code) and it not in said for it in self.form.types):
            return False
        return self._all_glued() and not self._part_of_the_number_before(index)

    def _part_of_the_number_before(self, index: int) -> bool:
        before, piece, text = self.pieces[index - 1], self.pieces[index], self.folded.text
        head, tail = digits(text[before.at : before.end]), digits(text[piece.at : piece.end])
        if not self._numeric(before):
            return False
        return any(not self.form.readers[before.code](head + digit + tail).problem for digit in ("", *"0123456789"))

    def _refuse_contradiction(self, code: str, places: list[int]) -> None:
        values = list(dict.fromkeys(value.value for index in places if (value := self.pieces[index].read)))
        others = (index for index in places if self.pieces[index].read != self.pieces[places[0]].read)
        last = next(others, places[0])
        start, end = self.folded.span(self.pieces[last].start, self.pieces[last].end)
        first = self.folded.span(self.pieces[places[0]].start, self.pieces[places[0]].end)
        suggestion = self.raw[slice(*first)] if len(values) == 2 else None
        detail = {"values": values, "form": self.form.form.code}
        self.problems[last] = Problem("duplicate_field", start, end, code, self.raw[start:end], suggestion, detail)

    def _refuse_before(self, index: int) -> None:
        before = self.pieces[index - 1]
        if index == 0 or before.end != self.pieces[index].start or not self._numeric(before):
            return
        if index - 1 not in self.problems:
            self._refuse(index - 1, before.at, self.pieces[index].end)

    def _all_glued(self) -> bool:
        return all(one.end == other.start for one, other in zip(self.pieces, self.pieces[1:], strict=False))

    def _tell_left_over(self) -> None:
        answered = {piece.code for piece in self.pieces}
        unanswered = [code for code in self.form.types if code not in answered]
        last = max((index for index, piece in enumerate(self.pieces) if piece.kind not in ("junk", "stray")), default=0)
        for index, piece in enumerate(self.pieces):
            if piece.kind in ("junk", "stray") and not piece.swallowed:
                text, (start, end) = self.folded.text[piece.start : piece.end], self.folded.span(piece.start, piece.end)
                suggestion = suggestions.near_answer(self.form, text, unanswered)
                if suggestion is None and index > last and self.folded.text[self.end : self.end + 1] in _COMMENT_OR_END:
                    suggestion = f"# {self.raw[start:end]}"  # words at the end were meant as a comment
                detail = {"form": self.form.form.code, "codes": list(self.form.types)}
                self.problems[index] = Problem(
                    "unknown_field", start, end, value=self.raw[start:end], suggestion=suggestion, detail=detail
                )

    def _refuse(self, index: int, start: int, end: int, code: ProblemCode | None = None) -> None:
        """Refuses a piece, once, by the problem of its question's type; the widest place tells best."""
        piece = self.pieces[index]
        known = self.problems.get(index)
        raw_start, raw_end = self.folded.span(start, end)
        if known and known.end - known.start >= raw_end - raw_start:
            return
        as_its_type = _REFUSED_AS.get(self.form.types[piece.code], "unknown_option")
        code = code or (known.code if known and known.code != "out_of_range" else as_its_type)
        question, read = self.form.form.by_code[piece.code], self.form.readers[piece.code]
        suggestion = suggestions.near_value(question, read, self.folded.text[start:end])
        value = self.raw[raw_start:raw_end]
        detail = {"form": self.form.form.code}
        self.problems[index] = Problem(code, raw_start, raw_end, piece.code, value, suggestion, detail)

    def _counts(self, piece: Piece) -> bool:
        return piece.kind == "value" and self.form.types[piece.code] in ("integer", "decimal")

    def _numeric(self, piece: Piece) -> bool:
        return piece.kind == "value" and piece.code in self.form.elastic

    def _start(self, index: int) -> int:
        return self.pieces[index].start if index < len(self.pieces) else self.end


def _make_junk(piece: Piece) -> None:
    piece.kind, piece.code, piece.read, piece.at = "junk", "", None, piece.start
