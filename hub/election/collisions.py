"""Codes and words that could be taken for one another, by the hub or by a carrier that answers before us."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import combinations

from rapidfuzz.distance import OSA

from hub.checklist.decodability import ambiguities
from hub.checklist.definition import Checklist, Question
from hub.checklist.folding import folded_words
from hub.election.assembly import Draft
from hub.election.coherence import texts
from hub.election.definition import Election
from hub.election.documents import Location

# Carriers act on these, when they are the whole message, and may not deliver them (Twilio's default lists).
_STOPPED = ("STOP", "END", "QUIT", "CANCEL", "UNSUBSCRIBE", "STOPALL", "REVOKE", "OPTOUT")
_CARRIER_WORDS = {*_STOPPED, "START", "YES", "UNSTOP", "HELP", "INFO"}


def judge(election: Election, draft: Draft) -> None:
    """Adds what collides to the draft's findings."""
    checklist = election.checklist
    _judge_first_words(checklist, draft)
    _judge_near_words(checklist, draft)
    _judge_carriers(checklist, draft)
    for index, form in enumerate(checklist.forms):
        for number, question in enumerate(form.questions):
            _judge_options(question, ("checklist", "forms", index, "questions", number, "options"), draft)
    _judge_readings(checklist, draft)
    _judge_keyboard(election, draft)


def _judge_first_words(checklist: Checklist, draft: Draft) -> None:
    """A message's first word tells what it is: it must belong to one form or command only."""
    owners: dict[str, str] = {}
    for word, owner, at in _first_words(checklist):
        if not _fold(word).strip("0123456789 "):
            draft.error(at, f"“{word}” is no word that could be texted", "write letters")
        other = owners.setdefault(_fold(word), owner)
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


def _judge_near_words(checklist: Checklist, draft: Draft) -> None:
    """A report under another form's code is the worst slip of one key."""
    words = [
        (_fold(word), form.code, ("checklist", "forms", index, *key))
        for index, form in enumerate(checklist.forms)
        for word, key in ((form.code, ("code",)), *((it, ("aliases", n)) for n, it in enumerate(form.aliases)))
    ]
    for (word, form, at), (other, owner, _) in combinations(words, 2):
        if form != owner and OSA.distance(word, other) == 1:
            message = f"{word} of {form} and {other} of {owner} are one key apart"
            draft.warning(at, message, "let them differ in two letters")


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
    return all(_fold(word) in _CARRIER_WORDS for word in words)


def _judge_options(question: Question, at: Location, draft: Draft) -> None:
    owners: dict[str, str] = {}
    for index, option in enumerate(question.options):
        for language, words in option.words.items():
            for word in words:
                here = (*at, index, "words", language)
                folded = _fold(word)
                if not folded.strip("0123456789OIL"):
                    draft.error(here, f"the word “{word}” would be read as a number", "choose another word")
                elif owners.setdefault(folded, option.code) != option.code:
                    message = f"{question.code}: “{word}” means both option {owners[folded]} and option {option.code}"
                    draft.error(here, message, "let it mean one of them")


def _judge_readings(checklist: Checklist, draft: Draft) -> None:
    """A text with two readings: told at the form it begins with, or at the incident's or the commands' words."""
    places: dict[str, Location] = {form.code: ("checklist", "forms", n) for n, form in enumerate(checklist.forms)}
    places[checklist.incident_code] = ("checklist", "incident_code")
    for found in ambiguities(checklist):
        one, other = found.readings
        message = f"the text “{found.text}” has two readings: {one} · {other}"
        draft.error(
            places.get(found.form, ("checklist", "commands")), message, "change a code or a word, so that one is left"
        )


def _judge_keyboard(election: Election, draft: Draft) -> None:
    """Warns of codes that another script's keyboard cannot spell, not even by look-alikes."""
    letters = _foreign_letters(election)
    if not letters:
        return
    own = {_fold(letter) for letter in letters}
    checklist = election.checklist
    for index, form in enumerate(checklist.forms):
        if not any(set(_fold(word)) <= own for word in (form.code, *form.aliases)):
            message = f"{form.code} cannot be typed without Latin letters"
            draft.warning(("checklist", "forms", index, "code"), message, "add an alias in the voters' own letters")
    codes = sorted({question.code for _, question in checklist.questions()})
    if untyped := [code for code in codes if not set(_fold(code)).difference("0123456789") <= own]:
        message = f"the answers {' '.join(untyped)} cannot be typed without Latin letters"
        draft.warning(("checklist", "languages"), message, "tell observers to switch the keyboard, or recode them")


def _foreign_letters(election: Election) -> set[str]:
    """The capitals in the election's own texts of every language that is not written in Latin letters."""
    found: set[str] = set()
    for language in election.checklist.languages:
        words = "".join(text.get(language, "") for _, text in texts(election)).upper()
        letters = [letter for letter in words if letter.isalpha()]
        foreign = [letter for letter in letters if "LATIN" not in unicodedata.name(letter, "LATIN")]
        if len(foreign) * 2 > len(letters):
            found.update(foreign)
    return found


def _fold(word: str) -> str:
    return " ".join(folded_words(word))
