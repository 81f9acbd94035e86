"""What the replies cost as SMS: which take more than three segments, how many, and the price of a day."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Sequence

from bots import segments
from hub.checklist.definition import Form, Language, Question
from hub.election.assembly import Draft
from hub.election.definition import Election
from hub.election.people import PersonEntry

MOST = 3  # segments; a longer message is dear, and more likely to arrive in parts
_SHOWN_OPTIONS = 6
_FORM_KEYS = frozenset(["form", "answers", "codes", "questions", "options", "title", "message"])
_NEVER_TEXTED = ("button_", "hub_", "severity_")  # Telegram's buttons, and words that go into other replies
# What stands for a placeholder that no form fills: a usual length.
_USUAL = {
    "number": "1234",
    "numbers": "1234, 1235, 1236",
    "count": "12",
    "severity": "critical",
    "time": "23:59",
    "due": "23:59",
    "person": "O1234",
    "phone": "+999 999 999 999",
    "district": "District district",
    "place": "K1430",
    "value": "K1430",
    "suggestion": "1430",
}


def judge(election: Election, persons: Sequence[PersonEntry], draft: Draft) -> None:
    """Warns of replies that take more than `MOST` segments, with what they cost on one day."""
    readers = Counter(election.language(person.language) for person in persons if person.phones)
    for key, wording in election.replies.items():
        if key.startswith(_NEVER_TEXTED):
            continue
        for language, words in wording.items():
            if language in election.checklist.languages:
                _judge_reply(election, key, language, words, readers[language], draft)


def _judge_reply(election: Election, key: str, language: Language, words: str, readers: int, draft: Draft) -> None:
    lengths = [segments.count(text).count for text in _as_sent(election, language, words)]
    if max(lengths) <= MOST:
        return
    message = f"the reply {key} takes up to {max(lengths)} SMS in {language}"
    if price := election.price():
        # One to each reader for each form, or one to each where it is no form's.
        sent = readers * sum(lengths)
        message += f"; a day of it, to {readers} telephones, is {sent} SMS and costs {sent * price:,.2f}"
    draft.warning(("replies", key, language), message, "make it shorter")


def _as_sent(election: Election, language: Language, words: str) -> Iterator[str]:
    """The reply as it would go out, at its longest: once, or once for each form if it speaks of one."""
    asked = {name for _, name, _, _ in string.Formatter().parse(words) if name}
    forms = election.checklist.forms if asked & _FORM_KEYS else election.checklist.forms[:1]
    for form in forms:
        values = _USUAL | _of_election(election, language) | _of_form(form, language)
        yield words.format_map({name: values.get(name, "") for name in asked})


def _of_election(election: Election, language: Language) -> dict[str, str]:
    checklist = election.checklist
    station = "9" * max(checklist.station.lengths)
    questions = [(question.text[language], *_options(question, language)) for _, question in checklist.questions()]
    example = max((_answers(form, 4) for form in checklist.forms), key=len)
    return {
        "station": station,
        "stations": station,
        "forms": ", ".join(form.code for form in checklist.forms),
        "received": ", ".join(form.code for form in checklist.forms),
        "example": f"{checklist.forms[0].code} {station} {example}",
        "category": max((category.title[language] for category in checklist.categories), key=len, default=""),
        "what": max((": ".join(asked[:2]) for asked in questions), key=len, default=""),
    }


def _of_form(form: Form, language: Language) -> dict[str, str]:
    shown = [_options(question, language)[:_SHOWN_OPTIONS] for question in form.questions]
    return {
        "form": form.code,
        "title": form.title[language],
        "field": max(form.by_code, key=len, default=""),
        "answers": _answers(form, len(form.questions)),
        "codes": ", ".join(form.by_code),
        "questions": ", ".join(_asked(question) for question in form.questions),
        "options": max((", ".join(options) for options in shown), key=len, default=""),
        "message": max((rule.message[language] for rule in form.rules), key=len, default=""),
        "min": "0",
        "max": "9999",
    }


def _answers(form: Form, most: int) -> str:
    return " ".join(question.code + _longest(question) for question in form.questions[:most])


def _longest(question: Question) -> str:
    match question.type:
        case "choice":
            return max(question.option_codes, key=len, default="")
        case "multiple":
            return ",".join(question.option_codes)
        case "integer" | "decimal":
            return f"{question.max:g}" if question.max is not None else "9999"
        case "time":
            return "23:59"
        case "confirmation":
            return "1"
    return "a text of usual length"


def _options(question: Question, language: Language) -> list[str]:
    return [f"{option.code} {option.text[language]}" for option in question.options]


def _asked(question: Question) -> str:
    """As the short help asks: `B 1-3`."""
    return (
        f"{question.code} {question.option_codes[0]}-{question.option_codes[-1]}" if question.options else question.code
    )
