"""Every string in all three languages; moments, marks and drawings."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from hub.checklist.problems import Problem
from hub.console import languages
from hub.console.frame import TEMPLATES
from hub.console.marks import pieces


def asked() -> set[str | tuple[str, ...]]:
    """Every string that the templates ask for."""
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")], {"**.html": {"silent": "false"}})
    return {tuple(part for part in entry[2] if part) if isinstance(entry[2], tuple) else entry[2] for entry in found}


def catalog(language: str) -> dict[str | tuple[str, ...], Message]:
    with (languages.LOCALES / language / "LC_MESSAGES" / "console.po").open("rb") as po:
        return {_key(message.id): message for message in read_po(po, locale=language) if message.id}


def _key(id: object) -> str | tuple[str, ...]:
    return tuple(map(str, id)) if isinstance(id, list | tuple) else str(id)


def test_the_console_speaks_english_russian_and_kyrgyz() -> None:
    assert set(languages.known()) == {"en", "ru", "ky"}


@pytest.mark.parametrize("language", ["en", "ru", "ky"])
def test_no_string_is_missing_unsure_or_left_over(language: str) -> None:
    told, wanted = catalog(language), asked()
    assert len(wanted) > 150
    assert set(told) == wanted
    for key, message in told.items():
        strings = [message.string] if isinstance(message.string, str) else [str(each) for each in message.string or ()]
        assert not message.fuzzy, key
        assert strings, key
        assert all(strings), key
        plain = key if isinstance(key, str) else key[0]
        for string in strings:
            assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", plain)), key


def test_russian_counts_in_three_ways() -> None:
    translated = languages.translations("ru")
    said = [translated.ngettext("%(num)s station", "%(num)s stations", n) for n in (1, 3, 5, 21, 112)]
    assert said == ["%(num)s участок", "%(num)s участка", "%(num)s участков", "%(num)s участок", "%(num)s участков"]


@pytest.mark.parametrize(
    ("cookie", "accept", "default", "language"),
    [
        ("ky", "ru", "en", "ky"),
        (None, "ru-RU,ru;q=0.9", "en", "ru"),
        (None, "de,ky;q=0.5", "en", "ky"),
        (None, "", "ru", "ru"),
        ("xx", "fr", "fr", "en"),
    ],
)
def test_before_the_log_in_the_language_is_the_chosen_the_browsers_or_the_elections(
    cookie: str | None, accept: str, default: str, language: str
) -> None:
    assert languages.preferred(cookie, accept, default) == language


def test_a_text_is_cut_at_its_problems_and_each_piece_names_them() -> None:
    problems = [Problem("unknown_option", 4, 6), Problem("not_a_number", 7, 11), Problem("missing_answers")]
    assert [(piece.text, piece.problems) for piece in pieces("OPN B4 K1x3", problems)] == [
        ("OPN ", ()),
        ("B4", (1,)),
        (" ", ()),
        ("K1x3", (2,)),
    ]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5))
def test_the_pieces_of_a_text_are_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    problems = [Problem("unreadable", min(span), max(span)) for span in spans]
    assert "".join(piece.text for piece in pieces(text, problems)) == text
