"""Codes and words that could be taken for one another, by the hub or by a carrier that answers before us."""

from __future__ import annotations

from collections.abc import Iterator

from hub.checklist.definition import Checklist, Question
from hub.election.assembly import Draft
from hub.election.definition import Election
from hub.election.documents import Location

# Carriers act on these, when they are the whole message, and may not deliver them (Twilio's default lists).
CARRIER_WORDS = frozenset(
    "STOP END QUIT CANCEL UNSUBSCRIBE STOPALL REVOKE OPTOUT START YES UNSTOP HELP INFO".split()
)


def judge(election: Election, draft: Draft) -> None:
    """Adds what collides to the draft's findings."""
    checklist = election.checklist
    _judge_first_words(checklist, draft)
    _judge_carriers(checklist, draft)
    for index, form in enumerate(checklist.forms):
        for number, question in enumerate(form.questions):
            _judge_options(question, ("checklist", "forms", index, "questions", number, "options"), draft)


def _judge_first_words(checklist: Checklist, draft: Draft) -> None:
    """A message's first word tells what it is: it must belong to one form or command only."""
    owners: dict[str, str] = {}
    for word, owner, at in _first_words(checklist):
        other = owners.setdefault(fold(word), owner)
        if other != owner:
            draft.error(at, f"{word} of {owner} reads the same as a word of {other}", "choose another word")


def _first_words(checklist: Checklist) -> Iterator[tuple[str, str, Location]]:
    yield checklist.incident_code, "the incident", ("checklist", "incident_code")
    for index, alias in enumerate(checklist.incident_aliases):
        yield alias, "the incident", ("checklist", "incident_aliases", index)
    for command, words in checklist.commands.items():
        for index, word in enumerate(words):
            yield word, f"the command {command}", ("checklist", "commands", command, index)
    for index, form in enumerate(checklist.forms):
        at: Location = ("checklist", "forms", index)
        yield form.code, f"the form {form.code}", (*at, "code")
        for number, alias in enumerate(form.aliases):
            yield alias, f"the form {form.code}", (*at, "aliases", number)


def _judge_carriers(checklist: Checklist, draft: Draft) -> None:
    fix = "add a word that carriers leave alone"
    for index, form in enumerate(checklist.forms):
        if _all_taken((form.code, *form.aliases)):
            at: Location = ("checklist", "forms", index, "code")
            draft.error(at, f"carriers keep {form.code} for themselves, when it is the whole message", fix)
    if _all_taken((checklist.incident_code, *checklist.incident_aliases)):
        at = ("checklist", "incident_code")
        draft.error(at, f"carriers keep {checklist.incident_code} for themselves, when it is the whole message", fix)
    for command, words in checklist.commands.items():
        if _all_taken(words):
            at = ("checklist", "commands", command)
            draft.error(at, f"carriers keep {', '.join(words)} for themselves, when it is the whole message", fix)


def _all_taken(words: tuple[str, ...]) -> bool:
    return all(fold(word) in CARRIER_WORDS for word in words)


def _judge_options(question: Question, at: Location, draft: Draft) -> None:
    owners: dict[str, str] = {}
    for index, option in enumerate(question.options):
        for language, words in option.words.items():
            for word in words:
                here = (*at, index, "words", language)
                folded = fold(word)
                if not folded.strip("0123456789OIL"):
                    draft.error(here, f"the word “{word}” would be read as a number", "choose another word")
                elif owners.setdefault(folded, option.code) != option.code:
                    message = f"{question.code}: “{word}” means both option {owners[folded]} and option {option.code}"
                    draft.error(here, message, "let it mean one of them")


def fold(word: str) -> str:
    return word.upper()
