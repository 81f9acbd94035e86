"""The pocket guide: every text in it is one that the hub would accept, and every language has its pages."""

from __future__ import annotations

import builtins
import re
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hub.authoring import guide, printing
from hub.authoring.guide import NoGuide
from hub.authoring.printing import NoTypesetter
from hub.checklist import grammar, rules
from hub.checklist.reading import CommandText, IncidentText, ReportText
from hub.election import configuration
from hub.election.definition import Election
from tests.authoring.conftest import ARVENIA

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"


@pytest.fixture(scope="module", params=[ARVENIA, KYRGYZSTAN], ids=["arvenia", "kyrgyzstan"])
def election(request: pytest.FixtureRequest) -> Election:
    return configuration.load(request.param).election


def test_every_example_is_read_whole_and_keeps_every_rule(election: Election) -> None:
    checklist = election.checklist
    for form in checklist.forms:
        read = grammar.read(guide.example(checklist, form), checklist)
        assert isinstance(read, ReportText)
        assert (read.form, read.problems, read.comment) == (form.code, (), "")
        assert len(read.station or "") in checklist.station.lengths
        assert set(read.answers) == set(form.by_code)
        answers = {code: answer.value for code, answer in read.answers.items()}
        assert rules.of(checklist).violations(form.code, answers, {}, None) == []
        critical = {question.code: question.critical for question in form.questions}
        assert not any(value in critical[code] for code, value in answers.items()), "an example raises no alarm"


def test_incidents_and_commands_are_written_as_they_are_read(election: Election) -> None:
    for language in election.checklist.languages:
        made = guide.guide(election, language)
        incident = grammar.read(made.incidents.example, election.checklist)
        assert isinstance(incident, IncidentText)
        assert incident.category
        assert incident.description
        for words, _ in made.commands:
            assert all(isinstance(grammar.read(word, election.checklist), CommandText) for word in words)


def test_each_language_has_its_words_its_contacts_and_a_section_a_form(election: Election) -> None:
    forms = len(election.checklist.forms)
    for language in election.checklist.languages:
        page = printing.html(guide.guide(election, language)).decode()
        assert page.count("<section") == forms + 2
        assert election.number in page
        assert election.hotline in page
        assert election.guide["how"][language] in page
        assert not re.search(r"[{}]", page.partition("</style>")[2])


def test_what_is_special_about_a_question_is_said() -> None:
    election = configuration.load(ARVENIA).election
    lines = {line.code: line for line in guide.guide(election, "en").sheets[0].lines}
    assert lines["H"].how == "a time, like H0715"
    assert lines["M"].how == "several: M12"
    assert lines["W"].how == "like W1.5; may be left out"
    assert [(choice.code, choice.critical) for choice in lines["A"].choices] == [("1", False), ("0", True)]


def test_a_word_of_the_configuration_is_no_markup() -> None:
    election = configuration.load(ARVENIA).election
    spoilt = election.model_copy(update={"name": {"en": "<script>#x", "fr": "?"}})
    assert "<script>" not in printing.html(guide.guide(spoilt, "en")).decode()
    assert printing.pdf(guide.guide(spoilt, "en")).startswith(b"%PDF")


def test_the_pdf_has_a_page_a_form_and_all_letters_of_its_languages() -> None:
    """In its own fonts: what the machine has installed does not matter."""
    election = configuration.load(KYRGYZSTAN).election
    made = unpacked(printing.pdf(guide.guide(election, "ky")))
    assert len(re.findall(rb"/Type */Page\b", made)) == len(election.checklist.forms) + 2
    fonts = set(re.findall(rb"/FontName */(?:[A-Z]{6}\+)?([A-Za-z-]+)", made))
    assert fonts
    assert fonts <= {b"LibertinusSerif-Regular", b"LibertinusSerif-Bold", b"DejaVuSansMono", b"DejaVuSansMono-Bold"}


def unpacked(pdf: bytes) -> bytes:
    """The PDF's objects, which may lie in compressed streams."""
    found = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return b"\n".join(found)


def test_an_election_without_words_for_a_guide_has_none() -> None:
    election = configuration.load(ARVENIA).election.model_copy(update={"guide": {}})
    with pytest.raises(NoGuide, match=r"guide\.yaml"):
        guide.guide(election, "en")


def test_without_typst_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    made = guide.guide(configuration.load(ARVENIA).election, "en")
    with pytest.raises(NoTypesetter, match=r"election-hub\[pdf\]"):
        printing.pdf(made)
    assert printing.html(made)
