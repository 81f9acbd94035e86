"""The columns of one sheet of an XLSForm, by the names that XLSForm gives them; texts by language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from hub.authoring.sheets import Row, Sheet

# Other spellings that XLSForm's own tools take.
_ALIASES = {
    "list name": "list_name",
    "relevance": "relevant",
    "bind::relevant": "relevant",
    "bind::constraint": "constraint",
    "bind::required": "required",
    "constraint message": "constraint_message",
    "id_string": "form_id",
    "title": "form_title",
    "command": "type",
    "caption": "label",
}
_TEXTS = ("label", "hint", "constraint_message", "required_message", "form_title", "message", "words")


@dataclass(frozen=True, slots=True)
class Columns:
    """`places`: name, or (name, language) of a text, → number of the column."""

    places: dict[str | tuple[str, str], int]
    left_out: tuple[str, ...]

    def cell(self, row: Row, name: str) -> str:
        place = self.places.get(name)
        return "" if place is None else row.cell(place)

    def address(self, row: Row, name: str) -> str:
        """Of this cell; of a text's first language; of the row where there is no such column."""
        places = [place for key, place in self.places.items() if key == name or key[0] == name]
        return row.address(places[0] if places else 0)

    def texts(self, row: Row, name: str) -> dict[str, str]:
        """What is written, by language."""
        return {language: row.cell(place) for language, place in self._languages(name) if row.cell(place)}

    def _languages(self, name: str) -> Iterator[tuple[str, int]]:
        for key, place in self.places.items():
            if isinstance(key, tuple) and key[0] == name:
                yield key[1], place


def columns(sheet: Sheet, known: Sequence[str], languages: Sequence[str], default: str) -> Columns:
    """`known`: the columns that are taken. A text without a language is the default one's."""
    places: dict[str | tuple[str, str], int] = {}
    left_out: list[str] = []
    for place, theirs in enumerate(sheet.rows[0].cells if sheet.rows else ()):
        name, _, spoken = theirs.partition("::") if "::" in theirs else theirs.partition(":")
        name = _plain(name)
        key: str | tuple[str, str] | None = _plain(theirs)
        if name in _TEXTS:
            told = _language(spoken.strip(), languages) if spoken else default
            # Words that may be texted are taken in any language: people also write in one that the hub does not.
            told = told or (_code(spoken) if name == "words" else None)
            key = (name, told) if told else None
        wanted = key is not None and (key[0] if isinstance(key, tuple) else key) in known
        if wanted and key is not None and key not in places:
            places[key] = place
        elif theirs:
            left_out.append(f"{sheet.name} {theirs}")
    return Columns(places, tuple(left_out))


def heading(name: str, language: str) -> str:
    """`label::English (en)`"""
    return f"{name}::{_names(language)[0].capitalize()} ({language})"


def _language(spoken: str, languages: Sequence[str]) -> str | None:
    """`English (en)`, `en`, `English` or `английский`: one of the election's languages, or None."""
    code = _code(spoken)
    if code in languages:
        return code
    named = [language for language in languages if spoken.casefold() in _names(language)]
    return named[0] if named else None


def _code(spoken: str) -> str | None:
    match = re.search(r"\(([a-zA-Z]{2,3})\)\s*$", spoken) or re.fullmatch(r"\s*([a-zA-Z]{2,3})\s*", spoken)
    return match[1].lower() if match else None


def _names(language: str) -> list[str]:
    """What the language is called in English and in itself."""
    try:
        locale = Locale(language)
    except UnknownLocaleError:
        return [language]
    names = (locale.get_display_name("en"), locale.get_display_name(language))
    return [name.casefold() for name in names if name] or [language]


def _plain(name: str) -> str:
    name = " ".join(name.casefold().split())
    return _ALIASES.get(name, name)
