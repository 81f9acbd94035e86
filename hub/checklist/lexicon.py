"""A checklist compiled for reading: one pattern that finds where a report begins, and one for each form's answers.

All patterns match folded text. Runs of separators and digits are possessive, so reading stays linear.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hub.checklist.definition import Checklist, CommandName, Form, Question, QuestionType
from hub.checklist.folding import SEPARATORS, folded_words
from hub.checklist.values import DIGIT, Reader, option_words, reader

S = f"[{re.escape(SEPARATORS)}]"
REST = f"[^{re.escape(SEPARATORS)}]"
NEVER = "(?!)"
OTHER_CODE = "[A-HJKMNP-Z]{2,5}"  # a code that the form lacks; of one letter it may be a mistyped digit


@dataclass(frozen=True)
class FormLexicon:
    """One form's patterns. `pieces` finds one piece of an answer after the other; its groups name their kind:

    fast · numbers · word   the value of `code`, `code2` after its gap: plain digits · any digits, with what
                            digits follow over separators · an option's word
    text · confirm · lone   a text's rest · a confirmation · a code without a value
    form                    a form's code: the text again, or another report
    junk · stray            letters that mean nothing here, with the number behind them · digits after no code
    """

    form: Form
    readers: dict[str, Reader]
    pieces: re.Pattern[str]
    station: re.Pattern[str]
    plain: re.Pattern[str]
    plain_answer: re.Pattern[str]

    @cached_property
    def types(self) -> dict[str, QuestionType]:
        return {question.code: question.type for question in self.form.questions}

    @cached_property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The words for options, by question."""
        return {question.code: tuple(option_words(question)) for question in self.form.questions if question.options}

    @cached_property
    def elastic(self) -> frozenset[str]:
        """The codes of which a digit more or less may make one sound value of another."""
        return frozenset(question.code for question in self.form.questions if _elastic(question))


class Lexicon:
    """`heads` maps the folded codes and aliases to the form's code, or to the incident's."""

    def __init__(self, checklist: Checklist) -> None:
        self.checklist = checklist
        self.heads = _heads(checklist)
        self.station_lengths = frozenset(checklist.station.lengths)
        self.category_lengths = frozenset(len(category.code) for category in checklist.categories)
        self.head = re.compile(f"{S}*+(?P<form>{_head(checklist)})")
        self.forms = {form.code: _form_lexicon(checklist, form) for form in checklist.forms}
        self.incident = _incident(checklist, self.category_lengths)
        self.commands = _commands(checklist)
        self.report_like = _report_like(checklist)

    def form_named(self, text: str) -> str | None:
        """The form whose code or alias this folded text is."""
        return self.heads.get(" ".join(folded_words(text)))


def phrases(texts: Iterable[str]) -> str:
    """A pattern for any of these phrases, the longest first, with any separators between their words."""
    folded = {tuple(words) for text in texts if (words := folded_words(text))}
    ordered = sorted(folded, key=lambda words: (-len("".join(words)), words))
    return "|".join(f"{S}++".join(map(re.escape, words)) for words in ordered) or NEVER


def _heads(checklist: Checklist) -> dict[str, str]:
    spellings = [(form.code, (form.code, *form.aliases)) for form in checklist.forms]
    spellings.append((checklist.incident_code, (checklist.incident_code, *checklist.incident_aliases)))
    return {" ".join(folded_words(text)): code for code, texts in spellings for text in texts}


def _head(checklist: Checklist) -> str:
    """Every form's code with what may stand behind it: a separator, a station, or an answer of that very form."""

    def behind(answer: str) -> str:
        lengths, words = _station_lengths(checklist), _station_words(checklist)
        return rf"{DIGIT}*[0-9]|(?:{lengths})?(?:{S}|$|{answer})|(?:{words}){S}*+{DIGIT}"

    answers = {form.code: behind(_answer(checklist, form)) for form in checklist.forms}
    answers[checklist.incident_code] = behind(NEVER)
    spellings = sorted(_heads(checklist).items(), key=lambda spelling: (-len(spelling[0]), spelling))
    return "|".join(f"(?:{phrases([text])})(?={answers[code]})" for text, code in spellings)


def _station_words(checklist: Checklist) -> str:
    return phrases(checklist.station.words)


def _station_lengths(checklist: Checklist) -> str:
    return _sized(checklist.station.lengths)


def _sized(lengths: Iterable[int]) -> str:
    return "|".join(f"{DIGIT}{{{length}}}" for length in sorted(lengths, reverse=True)) or NEVER


def _codes(form: Form, *types: str) -> str:
    """The form's codes, the longest first, those that differ in their last letter together."""
    last: dict[str, str] = defaultdict(str)
    for question in form.questions:
        if not types or question.type in types:
            last[question.code[:-1]] += question.code[-1]
    stems = sorted(last, key=lambda stem: (-len(stem), stem))
    return f"(?:{'|'.join(f'{stem}[{last[stem]}]' for stem in stems) or NEVER})"


def _words(form: Form) -> str:
    return phrases(word for question in form.questions for word in option_words(question))


def _form_lexicon(checklist: Checklist, form: Form) -> FormLexicon:
    heads = phrases(_heads(checklist))
    code, word, run, numbers = _codes(form), _words(form), _run(checklist, form), _numbers(checklist, form)
    confirmation, text = _codes(form, "confirmation"), _codes(form, "text")
    pieces = [
        rf"(?P<text_code>{text}){S}++(?P<text>.++)",
        rf"(?P<code>{code})(?P<gap>{S}*+)(?P<fast>[0-9]++)(?=$|{S}++(?!{DIGIT})|{code})",
        rf"(?P<form>(?<!{REST})(?:{_head(checklist)})|(?:{heads})(?={_station_follows(checklist)}))",
        rf"(?P<code2>{code})(?P<gap2>{S}*+)"
        rf"(?:(?P<numbers>{numbers})|(?P<word>(?:{word})(?={S}|$|{code})(?:{S}++{run})*+))",
        rf"(?P<confirm>{confirmation})(?={S}|$|{_answer(checklist, form)})",
        rf"(?P<lone>{code})(?={S}|$|{_answer(checklist, form)})",
        rf"(?P<stray>{numbers})",
        rf"(?P<junk>(?:(?![0-9]){REST})++(?:{S}*+(?={DIGIT}*[0-9]){numbers})?)",
    ]
    return FormLexicon(
        form=form,
        readers={question.code: reader(question) for question in form.questions},
        pieces=re.compile("|".join(pieces)),
        station=re.compile(rf"{S}*+(?:(?:{_station_words(checklist)}){S}*+)?(?P<station>{numbers})"),
        plain=re.compile(_plain(checklist, code)),
        plain_answer=re.compile(rf"({code}){S}*+([0-9]++)"),
    )


def _plain(checklist: Checklist, code: str) -> str:
    """A report without signs, marks and letters for digits. Where it stops, something is left that is not plain."""
    gap = f"[{re.escape(SEPARATORS.replace('-', '').replace('%', ''))}]*+"
    station = "|".join(f"[0-9]{{{length}}}(?!{DIGIT})" for length in checklist.station.lengths)
    named = rf"{gap}(?:(?:{_station_words(checklist)}){gap})?(?P<station>{station})"
    return rf"(?P<head>(?:{named})?+)(?:{gap}{code}{gap}[0-9]++(?!{DIGIT}))*+{gap}"


def _elastic(question: Question) -> bool:
    if question.type in ("choice", "confirmation"):
        return any(len(code) > 1 for code in question.option_codes)
    return question.type != "text"


def _answer(checklist: Checklist, form: Form) -> str:
    """An answer of this form, as far as it must be seen to know that one begins here."""
    confirmation = rf"{_codes(form, 'confirmation')}(?={S}|$)"
    value = rf"{_run(checklist, form)}|(?:{_words(form)})(?={S}|$|{_codes(form)})"
    return rf"(?:{_codes(form)}{S}*+(?:{value})|{confirmation})"


def _run(checklist: Checklist, form: Form) -> str:
    """Digits. Where they are all letters they must end like a number, or OK, ILL and MIDDLE would hold some."""
    code, digit = _codes(form), _digit(checklist)
    ended = rf"{S}|$|{code}{S}*+(?:{DIGIT}*[0-9]|{DIGIT}++(?={S}|$)|(?:{_words(form)}))|{OTHER_CODE}[0-9]"
    # Some more of their kind may be glued between; not any number, or reading would not be linear.
    like = rf"(?:{code}(?!{_words(form)})[OIL]{{1,4}}(?!{DIGIT})){{0,8}}+"
    return rf"(?:(?={DIGIT}*[0-9]){digit}++|{digit}++(?={like}(?:{ended}|{code}[OIL])))"


def _digit(checklist: Checklist) -> str:
    """A digit, but not a letter with which a form's code begins, as in `V33 OPN 5191`."""
    heads = phrases(head for head in _heads(checklist) if head[0] in "OIL")
    return rf"(?:[0-9]|(?!(?:{heads})(?:{S}|$|{_station_follows(checklist)}|[A-HJKMNP-Z]{{1,5}}[0-9]))[OIL])"


def _station_follows(checklist: Checklist) -> str:
    return rf"(?={DIGIT}*[0-9])(?:{_station_lengths(checklist)})(?!{DIGIT})"


def _numbers(checklist: Checklist, form: Form) -> str:
    """Digits, and all the digits that follow over separators: 2 067 must never be read as 2."""
    run = _run(checklist, form)
    return rf"{run}(?:{S}++{run})*+"


def _incident(checklist: Checklist, category_lengths: frozenset[int]) -> re.Pattern[str]:
    digits = rf"(?={DIGIT}*[0-9]){DIGIT}++"
    station = rf"(?={DIGIT}*[0-9])(?:{_station_lengths(checklist)})(?={S}|$|{DIGIT})"
    category = rf"(?={DIGIT}*[0-9])(?:{_sized(category_lengths)})(?![0-9])"
    # All letters are a category only behind a station, and alone: OI is 01, but "il pleut" is no category 11.
    behind_station = rf"{category}|(?:{_sized(category_lengths)})(?={S}|$)"
    return re.compile(
        rf"{S}*+(?:(?:{_station_words(checklist)}){S}*+)?"
        rf"(?:(?P<station>{station}){S}*+(?P<category>{behind_station})"
        rf"|(?P<category_alone>{category})"
        rf"|(?P<odd_station>{digits}){S}++(?P<odd_category>{category})"
        rf"|(?P<lone>{digits})(?:{S}++(?P<unknown>{digits}))?)"
    )


def _commands(checklist: Checklist) -> dict[CommandName, re.Pattern[str]]:
    """Each command with its argument; `/status@our_bot` is Telegram's way."""
    number = rf"(?:[#{re.escape(SEPARATORS)}]*+(?P<number>[0-9]++)(?P<rest>(?:(?![0-9A-Z]).*)?))?"
    form = rf"(?:{S}++(?P<form>{phrases(_heads(checklist))}))?"
    words = r"(?P<rest>(?:(?![0-9A-Z]).*)?)"
    # A station and whose it is, and no answers: those are a report's.
    at_station = rf"(?:{S}++(?P<form>{phrases(_heads(checklist))})(?:{S}++(?P<rest>[0-9]++(?:{S}++[0-9A-Z]++)?))?)?"
    arguments: dict[CommandName, str] = {"help": form, "status": "", "sos": words, "form": at_station}
    arguments |= dict.fromkeys(("ack", "done", "false", "way", "call"), number)
    return {
        name: re.compile(rf"{S}*+(?:{phrases(checklist.commands[name])})(?:@[\w ]{{1,64}}?BOT\b)?{argument}{S}*")
        for name, argument in arguments.items()
        if checklist.commands.get(name)
    }


def _report_like(checklist: Checklist) -> re.Pattern[str]:
    """A word, then a station or coded answers, as in `QQQ 6100 A2`, `QQQ6100A2B1` and `QQQ A1 B2`."""
    codes = {question.code for _, question in checklist.questions()}
    code = f"(?:{'|'.join(sorted(codes, key=lambda code: (-len(code), code))) or NEVER})"
    station = rf"(?:(?:{_station_words(checklist)}){S}*+)?(?:{_station_lengths(checklist)})(?!{DIGIT})"
    shape = rf"(?:{station}|(?:{code}{S}*+{DIGIT}++{S}*+)+)"
    # The word may begin with a digit: 0PN is OPN, but not ours to guess. A word glued to answers ends where they begin.
    letters = rf"[0-9]?(?:(?![0-9]){REST})"
    return re.compile(
        rf"{S}*+(?:(?P<word>{letters}{{2,24}}+){S}*+(?P<shape>{shape})|(?P<glued>{letters}{{2,24}}?)(?P<answers>{shape}))"
    )
