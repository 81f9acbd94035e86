"""What the hub says back: the election's own words, in the language of whoever is spoken to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.checklist.definition import Form, Question
from hub.checklist.problems import Problem
from hub.election.definition import Election

SHOWN_OPTIONS = 6


def say(election: Election, key: str, language: str, **values: Any) -> str:
    """The wording of `key`, its placeholders filled. What a wording asks for and nobody gives stays empty."""
    wording = election.replies[key]
    template = wording.get(election.language(language)) or wording[election.default_language]
    return template.format_map(_Values(values)).strip()


def report_reply(
    election: Election,
    language: str,
    *,
    outcome: str,
    form: str | None,
    station: str | None,
    answers: Mapping[str, str],
    problems: Sequence[Problem],
    own_station: str | None = None,
) -> str:
    """The confirmation of a report: the answers as understood, every problem, and what would have been right.

    `own_station` stands in the example where the message named none.
    """
    checklist = election.checklist
    known = checklist.by_code.get(form) if form else None
    told = {"form": form or "", "station": station or "", "answers": in_order(known, answers)}
    missing = [problem for problem in problems if problem.code == "missing_answers"]
    wrong = [problem for problem in problems if problem.code != "missing_answers"]
    lines: list[str] = []
    if outcome == "accepted":
        lines.append(say(election, "accepted", language, **told))
        lines += [problem_text(election, problem, language, known) for problem in wrong + missing]
    elif outcome == "partial":
        lines.append(say(election, "stored_part", language, **told))
        lines.append(say(election, "not_stored", language))
        lines += [problem_text(election, problem, language, known) for problem in wrong + missing]
    else:
        lines.append(say(election, "nothing_stored", language))
        lines += [problem_text(election, problem, language, known) for problem in wrong or missing]
        if any(problem.code in SHAPE_PROBLEMS for problem in wrong or missing):
            lines.append(say(election, "example", language, example=example(election, known, station or own_station)))
    return "\n".join(line for line in lines if line)


SHAPE_PROBLEMS = {"unreadable", "unknown_form", "second_form", "station_missing", "unknown_category", "missing_answers"}


def problem_text(election: Election, problem: Problem, language: str, form: Form | None = None) -> str:
    """One problem in words: what is wrong, where, and what would be right."""
    question = form.by_code.get(problem.field) if form and problem.field else None
    values: dict[str, Any] = {key: _listed(value) for key, value in problem.detail.items()}
    values |= {"field": problem.field or "", "value": problem.value or "", "suggestion": problem.suggestion or ""}
    if problem.code == "not_a_number":
        values["value"] = _marked(problem.value or "")
    values.setdefault("forms", ", ".join(form.code for form in election.checklist.forms))
    if question is not None:
        values |= _limits(question, election.language(language))
    message = problem.detail.get("message")
    if isinstance(message, Mapping):
        values["message"] = message.get(election.language(language), "")
    return say(election, f"problem_{problem.code}", language, **values)


def example(election: Election, form: Form | None, station: str | None) -> str:
    """A short text that would have been right: this form's, or the first one that asks something."""
    form = form or next((form for form in election.checklist.forms if form.questions), election.checklist.forms[0])
    station = station or "1" * election.checklist.station.lengths[0]
    return " ".join([form.code, station, *(question.code + _sample(question) for question in form.questions[:4])])


def help_text(election: Election, language: str, form: Form | None, brief: bool) -> str:
    """How to report, or what one form asks; `brief` (SMS) leaves the questions' words out."""
    if form is None:
        forms = ", ".join(form.code for form in election.checklist.forms)
        return say(election, "help", language, example=example(election, None, None), forms=forms)
    asked = ", ".join(_asked(question, election.language(language), brief) for question in form.questions)
    title = form.title[election.language(language)]
    return say(
        election,
        "help_form",
        language,
        form=form.code,
        title=title,
        questions=asked,
        example=example(election, form, None),
    )


def in_order(form: Form | None, answers: Mapping[str, str]) -> str:
    """`A1 B2 K1430`, in the order of the paper form."""
    codes: Iterable[str] = form.by_code if form else answers
    return " ".join(f"{code}{answers[code]}" for code in codes if code in answers)


def _sample(question: Question) -> str:
    if question.options:
        return question.options[0].code
    samples = {"time": "0715", "decimal": "1.5", "text": "…", "confirmation": ""}
    return samples.get(question.type, "123")


def _limits(question: Question, language: str) -> dict[str, str]:
    options = [f"{option.code} {option.text[language]}" for option in question.options[:SHOWN_OPTIONS]]
    limits = {"options": ", ".join(options)} if options else {}
    if question.min is not None:
        limits["min"] = f"{question.min:g}"
    if question.max is not None:
        limits["max"] = f"{question.max:g}"
    return limits


def _asked(question: Question, language: str, brief: bool) -> str:
    if brief:
        first_last = f" {question.options[0].code}-{question.options[-1].code}" if question.options else ""
        return f"{question.code}{first_last}"
    limits = _limits(question, language)
    asked = limits.get("options") or "–".join(filter(None, (limits.get("min"), limits.get("max"))))
    return (
        f"{question.code}: {question.text[language]} ({asked})"
        if asked
        else f"{question.code}: {question.text[language]}"
    )


def _marked(number: str) -> str:
    """`14[З]0`: what is no digit in a number stands in brackets, since a letter may look like one."""
    return re.sub(r"[^0-9]+", lambda odd: f"[{odd[0]}]", number) if re.search("[0-9]", number) else number


def _listed(value: Any) -> Any:
    return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else value


class _Values(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""
