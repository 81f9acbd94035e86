"""Reads one text: a report, an incident, a command, or nothing readable. Refuses rather than guesses. Pure.

report   := form [station] answer* [comment]        OPN 5191 A1 B2 C1 K1430 # queue outside
incident := 'INC' [station] category anything       INC 5308 14 strangers at the table
proof    := PIN digits                              at the end of either; no part of what is said, see `proof`
command  := HELP [form] | FORM [form [station]] | STATUS | ACK n | DONE n | FALSE n | WAY n | CALL n | SOS words
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from hub.checklist import proof
from hub.checklist.answers import weigh
from hub.checklist.definition import Checklist
from hub.checklist.folding import COMMENT_MARKS, SEPARATORS, Folded, fold
from hub.checklist.lexicon import FormLexicon, Lexicon
from hub.checklist.pieces import scan
from hub.checklist.plain import plain
from hub.checklist.problems import Problem
from hub.checklist.reading import CommandText, IncidentText, Reading, ReportText, Unreadable
from hub.checklist.suggestions import nearest
from hub.checklist.values import digits

LONGEST = 5_000  # characters; nobody reports in more, and a flood shall not cost more


def read(text: str, checklist: Checklist) -> Reading:
    """What `text` says under this checklist. Linear in its length; never raises."""
    return grammar(checklist).read(text)


def grammar(checklist: Checklist) -> Grammar:
    """The checklist's compiled grammar, built once. It holds its checklist, so that the id is not used again."""
    known = _grammars.get(id(checklist))
    if known is None:
        if len(_grammars) >= _KEPT:
            _grammars.clear()
        known = _grammars[id(checklist)] = Grammar(checklist)
    return known


_MOST_MENDS = 8
_LONGEST_MENDED = 600  # characters, more than twice the longest report's: each mend is read once more
_KEPT = 8  # one election a process; more only in tests
_grammars: dict[int, Grammar] = {}


class Grammar:
    def __init__(self, checklist: Checklist) -> None:
        self.checklist = checklist
        self._lexicon = Lexicon(checklist)

    def read(self, text: str) -> Reading:
        reading = self._read(text)
        if isinstance(reading, CommandText) or not any(problem.suggestion for problem in reading.problems):
            return reading
        most = _MOST_MENDS if len(text) <= _LONGEST_MENDED else 0
        return self._with_mends(text, reading, most)

    def _with_mends(self, text: str, reading: ReportText | IncidentText | Unreadable, most: int) -> Reading:
        """The reading with those suggestions only that are a mend. Of a flood of problems the first are enough."""
        problems = [
            replace(problem, suggestion=None)
            if problem.suggestion and (number >= most or not self._mends(text, reading, problem))
            else problem
            for number, problem in enumerate(reading.problems)
        ]
        return replace(reading, problems=tuple(problems))

    def _mends(self, text: str, reading: ReportText | IncidentText | Unreadable, problem: Problem) -> bool:
        """Whether the problem is gone with its suggestion in its place, and no sound answer is lost or changed."""
        mended = self._read(text[: problem.start] + (problem.suggestion or "") + text[problem.end :])
        if isinstance(mended, CommandText) or isinstance(reading, Unreadable):
            return not isinstance(mended, CommandText | Unreadable)
        kept = not isinstance(reading, ReportText) or (
            isinstance(mended, ReportText)
            and all(
                code in mended.answers and mended.answers[code].value == it.value
                for code, it in reading.answers.items()
            )
        )
        return kept and _alike(problem, mended.problems) < _alike(problem, reading.problems)

    def _read(self, text: str) -> Reading:
        if len(text) > LONGEST:
            return Unreadable((Problem("unreadable", 0, len(text)),))
        text = proof.without(text)
        folded = fold(text)
        if head := self._lexicon.head.match(folded.text):
            form = self._lexicon.form_named(head["form"]) or ""
            if form == self.checklist.incident_code:
                return self._incident(text, folded, head.end())
            return self._report(text, folded, form, head.end())
        return self._command(text, folded) or self._unreadable(text, folded)

    def _report(self, text: str, folded: Folded, code: str, at: int) -> ReportText:
        form = self._lexicon.forms[code]
        end = _comment_starts(folded.text)
        comment = text[folded.span(end, end)[0] + 1 :].strip() if end < len(folded.text) else ""
        if found := plain(form, folded, at, end):
            return ReportText(code, found.station, found.answers, comment=comment, station_span=found.station_span)
        return self._weighed(text, folded, form, at, end, comment)

    def _weighed(self, text: str, folded: Folded, form: FormLexicon, at: int, end: int, comment: str) -> ReportText:
        code = form.form.code
        found = scan(self._lexicon, form, folded.text, at, end)
        # What follows another form's code is neither stored nor judged.
        weighed = weigh(form, text, folded, found, found.second[1] if found.second else end)
        station, span, odd = self._station(text, folded, found.stations)
        problems = [*odd, *weighed.problems]
        if found.second:
            start, stop = folded.span(*found.second[1:])
            detail = {"form": code, "second": found.second[0]}
            apart = f" #{text[start:stop]}"  # as a comment to the first: kept word for word
            problems.append(Problem("second_form", start, stop, None, text[start:stop], apart, detail))
        return ReportText(code, station, weighed.answers, weighed.refused, comment, tuple(problems), span)

    def _station(
        self, text: str, folded: Folded, found: list[tuple[int, int]]
    ) -> tuple[str | None, tuple[int, int], list[Problem]]:
        """The station's digits, and a problem where the text names two."""
        if not found:
            return None, (0, 0), []
        runs = [digits(run) for place in found for run in _RUNS.findall(folded.text, *place)]
        start, end = folded.span(found[0][0], found[0][1])
        if len(set(runs)) == 1:
            return runs[0], (start, end), []
        # `51 91` is one number with a blank in it; of a text sent twice the second was meant to be right.
        meant = "".join(runs) if len(found) == 1 else runs[-1]
        problem = Problem(
            "unknown_station",
            start,
            end,
            value=text[start:end],
            suggestion=meant if len(meant) in self._lexicon.station_lengths else None,
            detail={"station": " ".join(dict.fromkeys(runs))},
        )
        return None, (start, end), [problem]

    def _incident(self, text: str, folded: Folded, at: int) -> IncidentText:
        match = self._lexicon.incident.match(folded.text, at)
        if match is None:
            return self._uncategorised(text, folded, at, at, None, (0, 0))
        place = next((name for name in ("station", "odd_station") if match[name]), None)
        if match["lone"] and (len(match["lone"]) in self._lexicon.station_lengths or match["unknown"]):
            place = "lone"
        station = digits(match[place]) if place else None
        span = folded.span(*match.span(place)) if place else (0, 0)
        named = next((name for name in ("category", "category_alone", "odd_category") if match[name]), None)
        category = digits(match[named]) if named else None
        if category in self.checklist.category_by_code:
            return IncidentText(station, category, _description(text, folded, match.end()), (), span)
        if named is None:
            named = "unknown" if match["unknown"] else "lone" if place is None else None
        start, end = match.span(named) if named else (match.end(), match.end())
        return self._uncategorised(text, folded, start, end, station, span)

    def _uncategorised(
        self, text: str, folded: Folded, start: int, end: int, station: str | None, span: tuple[int, int]
    ) -> IncidentText:
        """An incident whose category is missing, or none of the election's: `folded.text[start:end]`."""
        raw_start, raw_end = folded.span(start, end)
        near = digits(folded.text[start:end])
        padded = [code for code in self.checklist.category_by_code if code.lstrip("0") == near.lstrip("0")]
        problem = Problem(
            "unknown_category",
            raw_start,
            raw_end,
            value=text[raw_start:raw_end],
            suggestion=padded[0] if len(padded) == 1 else None,
            detail={"form": self.checklist.incident_code},
        )
        return IncidentText(station, None, _description(text, folded, end), (problem,), span)

    def _command(self, text: str, folded: Folded) -> CommandText | None:
        for name, pattern in self._lexicon.commands.items():
            match = pattern.fullmatch(folded.text)
            if match is None:
                continue
            said = match.groupdict()
            argument = self._lexicon.form_named(said.get("form") or "") or said.get("number") or ""
            rest = _description(text, folded, match.start("rest")) if said.get("rest") else ""
            return CommandText(name, argument, rest)
        return None

    def _unreadable(self, text: str, folded: Folded) -> Unreadable:
        match = self._lexicon.report_like.match(folded.text)
        if match and any(char.isdecimal() for char in match["shape"] or match["answers"]):
            word = "word" if match["word"] else "glued"
            start, end = folded.span(*match.span(word))
            suggestion = nearest(match[word], self._lexicon.heads.items())
            return Unreadable((Problem("unknown_form", start, end, value=text[start:end], suggestion=suggestion),))
        suggestion = self._reordered(text, folded)
        return Unreadable((Problem("unreadable", 0, len(text), value=text, suggestion=suggestion),))

    def _reordered(self, text: str, folded: Folded) -> str | None:
        """`5191 OPN A1` with its form in front; a greeting before a report left out."""
        for word in re.finditer(rf"(?<![^{_SEPARATORS}])[^{_SEPARATORS}]", folded.text[: len(folded.text) // 2 + 1]):
            head = self._lexicon.head.match(folded.text, word.start())
            if head:
                at, end = folded.span(head.start("form"), head.end("form"))
                before = text[:at].strip()
                lead = f" {before}" if digits(fold(before).text).isdecimal() else ""
                return f"{text[at:end]}{lead}{text[end:]}"
        return None


def _alike(problem: Problem, problems: Iterable[Problem]) -> int:
    return sum((it.code, it.field) == (problem.code, problem.field) for it in problems)


_SEPARATORS = re.escape(SEPARATORS)
_RUNS = re.compile(r"[0-9OIL]+")
_EDGE = " \t\r\n\u00a0.,;:!/|–—-"


def _comment_starts(text: str) -> int:
    return min((at for mark in COMMENT_MARKS if (at := text.find(mark)) >= 0), default=len(text))


def _description(text: str, folded: Folded, at: int) -> str:
    """The raw text from a folded place on, without the separators between."""
    return text[folded.span(at, at)[0] :].lstrip(_EDGE).rstrip()
