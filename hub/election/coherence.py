"""Do the sound parts of an election fit together: languages, questions, times, rules, what is estimated?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from hub.checklist import rules
from hub.checklist.definition import Form, Question, Text
from hub.election.assembly import Draft
from hub.election.definition import Election
from hub.election.documents import Location
from hub.election.findings import did_you_mean

_NUMBERS = ("integer", "decimal")
_WITH_OPTIONS = ("choice", "multiple")
Complaints = Iterator[tuple[Location, str, str]]  # where, what, and what to do


def judge(election: Election, draft: Draft) -> None:
    """Adds what does not fit to the draft's findings."""
    checks = (
        _languages,
        _texts,
        _repeated_codes,
        _questions,
        _moments,
        _rules,
        _categories,
        _alerting,
        _proof,
        _analysis,
    )
    for check in checks:
        for at, message, fix in check(election):
            draft.error(at, message, fix)


def _languages(election: Election) -> Complaints:
    languages = election.checklist.languages
    if election.default_language not in languages:
        yield ("default_language",), f"{election.default_language} is not among the languages", "add it there"
    for index, language in enumerate(languages):
        if language in languages[:index]:
            yield ("checklist", "languages", index), f"{language} stands there twice", "leave one of them"


def _texts(election: Election) -> Complaints:
    languages = election.checklist.languages
    for at, text in texts(election):
        for language in languages:
            if not text.get(language):
                yield at, f"no {_called(at)} in {language}", f"add the line {language}: …"
        for language in text.keys() - set(languages):
            yield (*at, language), f"{language} is not among the languages", did_you_mean(language, languages)


def texts(election: Election) -> Iterator[tuple[Location, Text]]:
    """Everything that people read, and where it stands."""
    yield ("name",), election.name
    for at, form in _forms(election):
        yield (*at, "title"), form.title
        for index, question in enumerate(form.questions):
            yield (*at, "questions", index, "text"), question.text
            for number, option in enumerate(question.options):
                yield (*at, "questions", index, "options", number, "text"), option.text
        for index, rule in enumerate(form.rules):
            yield (*at, "rules", index, "message"), rule.message
    for index, category in enumerate(election.checklist.categories):
        yield ("checklist", "categories", index, "title"), category.title
    for part in ("patterns", "silence"):
        for index, watched in enumerate(getattr(election.alerting, part)):
            yield ("alerting", part, index, "title"), watched.title
    for key, text in election.replies.items():
        yield ("replies", key), text
    for key, text in election.guide.items():
        yield ("guide", key), text
    for key, text in election.analysis.remarks.items():
        yield ("analysis", "remarks", key), text


def _repeated_codes(election: Election) -> Complaints:
    categories = ("checklist", "categories")
    yield from _repeated(categories, "code", (category.code for category in election.checklist.categories))
    yield from _repeated(categories, "key", (category.key for category in election.checklist.categories))
    for at, form in _forms(election):
        yield from _repeated((*at, "questions"), "code", (question.code for question in form.questions))
        yield from _repeated((*at, "rules"), "name", (rule.name for rule in form.rules))
        for index, question in enumerate(form.questions):
            yield from _repeated((*at, "questions", index, "options"), "code", question.option_codes)


def _repeated(at: Location, key: str, codes: Iterable[str]) -> Complaints:
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            yield (*at, index, key), f"{key} {code} stands there twice", "give each its own"
        seen.add(code)


def _questions(election: Election) -> Complaints:
    for at, form in _forms(election):
        for index, question in enumerate(form.questions):
            for key, message, fix in _question(question):
                yield (*at, "questions", index, *key), f"{question.code}: {message}", fix


def _question(question: Question) -> Complaints:
    has_options = question.type in _WITH_OPTIONS
    if has_options and not question.options:
        yield (), f"a {question.type} question without options", "add options, or change its type"
    if question.options and not has_options:
        yield ("options",), f"a question of type {question.type} has no options", "take them out, or make it a choice"
    if question.type == "multiple" and any(len(code) > 1 for code in question.option_codes):
        yield ("options",), "E12 would be option 12, or 1 and 2", "give a multiple choice options of one digit"
    for key in ("min", "max"):
        if getattr(question, key) is not None and question.type not in _NUMBERS:
            yield (key,), f"{key} belongs to numbers only", "take it out, or make the type integer or decimal"
    if question.min is not None and question.max is not None and question.min > question.max:
        yield ("max",), f"the greatest value {question.max:g} is less than the least {question.min:g}", "swap them"
    if question.unobserved and (question.type != "choice" or question.unobserved not in question.option_codes):
        yield ("unobserved",), f"unobserved {question.unobserved} is none of the options", "write an option's code"
    for index, code in enumerate(question.critical):
        if code not in question.option_codes:
            yield ("critical", index), f"critical {code} is none of the options", "write an option's code"


def _moments(election: Election) -> Complaints:
    for at, form in _forms(election):
        due = _due(form, election)
        if form.opens and form.opens >= due:
            yield (*at, "opens"), f"{form.code} opens after it is due", "write an earlier moment"
        if form.closes and form.closes < due:
            yield (*at, "closes"), f"{form.code} closes before it is due", "write a later moment"


def _due(form: Form, election: Election) -> datetime:
    return datetime.combine(form.day, form.due, election.zone)


def _rules(election: Election) -> Complaints:
    try:
        rules.compile_rules(election.checklist)
    except rules.UnsoundRules as unsound:
        places = {
            (form.code, rule.name): (*at, "rules", index, "check")
            for at, form in _forms(election)
            for index, rule in enumerate(form.rules)
        } | {
            (form.code, rule.name): (*at, "questions", list(form.by_code).index(code), "relevant")
            for at, form in _forms(election)
            for code, rule in form.conditions.items()
        }
        for error in unsound.errors:
            message = f"rule {error.rule}, column {error.column + 1}: {error.message}"
            yield places[error.form, error.rule], message, "correct the check"


def _categories(election: Election) -> Complaints:
    lengths = election.checklist.station.lengths
    for index, category in enumerate(election.checklist.categories):
        if len(category.code) in lengths:
            message = f"{election.checklist.incident_code} {category.code} could be a station's number: as many digits"
            yield ("checklist", "categories", index, "code"), message, "use codes of another length"


def _alerting(election: Election) -> Complaints:
    alerting, forms = election.alerting, election.checklist.by_code
    yield from _repeated(("alerting", "patterns"), "name", (pattern.name for pattern in alerting.patterns))
    yield from _repeated(("alerting", "silence"), "name", (silence.name for silence in alerting.silence))
    for index, silence in enumerate(alerting.silence):
        if silence.form and silence.form not in forms:
            fix = did_you_mean(silence.form, forms)
            yield ("alerting", "silence", index, "form"), f"there is no form {silence.form}", fix
    for index, pattern in enumerate(alerting.patterns):
        for number, topic in enumerate(pattern.topics):
            if not _is_topic(election, topic):
                message = f"{topic} names no category, or no option of a question"
                yield ("alerting", "patterns", index, "topics", number), message, "write incident:01 or answer:OPN.A=2"


def _proof(election: Election) -> Complaints:
    forms = election.checklist.by_code
    for index, code in enumerate(election.proof.forms):
        if code not in forms:
            yield ("proof", "forms", index), f"there is no form {code}", did_you_mean(code, forms)


def _is_topic(election: Election, topic: str) -> bool:
    kind, _, subject = topic.partition(":")
    if kind == "incident":
        return subject in election.checklist.category_by_code
    reference, _, value = subject.partition("=")
    form, _, code = reference.partition(".")
    known = election.checklist.by_code.get(form)
    question = known.by_code.get(code) if known else None
    return question is not None and (not question.options or value in question.option_codes)


def _analysis(election: Election) -> Complaints:
    analysis = election.analysis
    forms = election.checklist.by_code
    for index, code in enumerate(analysis.domains):
        if code not in forms:
            yield ("analysis", "domains", index), f"there is no form {code}", did_you_mean(code, forms)
    if analysis.reconciled_form and analysis.reconciled_form not in forms:
        fix = did_you_mean(analysis.reconciled_form, forms)
        yield ("analysis", "reconciled_form"), f"there is no form {analysis.reconciled_form}", fix
    for at, reference in _references(election):
        form, _, code = reference.partition(".")
        question = forms[form].by_code.get(code) if form in forms else None
        if question is None:
            known = [f"{form.code}.{question.code}" for form, question in election.checklist.questions()]
            yield at, f"there is no question {reference}", did_you_mean(reference, known)
        elif question.type not in _NUMBERS:
            yield at, f"{reference} is no number but a {question.type}", "name a question of type integer or decimal"
    asked = {f"{form.code}.{question.code}" for form, question in election.checklist.questions()}
    for key in analysis.remarks.keys() - asked:
        yield ("analysis", "remarks", key), f"there is no question {key}", did_you_mean(key, sorted(asked))
    yield from _repeated(("analysis", "shares"), "name", (shares.name for shares in analysis.shares))
    yield from _repeated(("analysis", "turnout"), "name", (turnout.name for turnout in analysis.turnout))


def _references(election: Election) -> Iterator[tuple[Location, str]]:
    for index, turnout in enumerate(election.analysis.turnout):
        yield ("analysis", "turnout", index, "votes"), turnout.votes
        yield ("analysis", "turnout", index, "registered"), turnout.registered
    for index, shares in enumerate(election.analysis.shares):
        yield ("analysis", "shares", index, "total"), shares.total
        for party, reference in shares.parts.items():
            yield ("analysis", "shares", index, "parts", party), reference


def _forms(election: Election) -> Iterator[tuple[Location, Form]]:
    for index, form in enumerate(election.checklist.forms):
        yield ("checklist", "forms", index), form


def _called(at: Location) -> str:
    """`reply accepted`, or the key: `text`, `title`."""
    return f"reply {at[-1]}" if at[0] == "replies" else str(at[-1])
