"""Checklists as XLSForm: the shapes that its own tools' examples have, ours beside them, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.authoring import plan, sheets, workbooks, xlsform
from hub.authoring.plan import Plan
from hub.checklist.definition import Form
from hub.election import configuration
from tests.authoring.conftest import ARVENIA
from tests.authoring.paper import table, workbook

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"

SURVEY = """
type                | name     | label::English (en) | label::Français (fr) | required | constraint             | relevant                    | critical | code
start               | start    |                     |                      |          |                        |                             |          |
note                | welcome  | Good morning        | Bonjour              |          |                        |                             |          |
select_one yes_no   | admitted | Admitted            | Admis                | yes      |                        |                             | no       | A
begin_group         | queues   | Queues              | Files                |          |                        | ${admitted} = 'yes'         |          |
select_multiple gone| missing  | What is missing     | Ce qui manque        |          |                        |                             |          | M
integer             | waiting  | People waiting      | Personnes en attente | true()   | . > 0 and . <= 500     | not(selected(${missing}, 'ink')) |     | W
end_group           |          |                     |                      |          |                        |                             |          |
decimal             | metres   | Metres              | Mètres               | no       | . >= 0.5 and . != 7    |                             |          | D
time                | opened   | Opened at           | Ouvert à             | yes      |                        |                             |          | H
acknowledge         | copy     | Copy received       | Copie reçue          |          |                        |                             |          | Z
text                | remark   | Remark              | Remarque             |          |                        |                             |          | R
"""  # noqa: E501
CHOICES = """
list_name | name  | label::English (en) | label::Français (fr) | code | words::English (en) | words::Français (fr)
yes_no    | yes   | yes                 | oui                  | 1    | yes                 | oui
yes_no    | no    | no                  | non                  | 0    | no                  | non
gone      | ink   | ink                 | encre                | 1    |                     |
gone      | seals | seals               | scellés              | 2    | seal | sceau
"""
SETTINGS = """
form_title::English (en) | form_title::Français (fr) | form_id | default_language | day        | due
Queues                   | Files                     | QUE     | English (en)     | 2030-03-10 | 09:00
"""


def book(survey: str = SURVEY, choices: str = CHOICES, settings: str = SETTINGS, **more: str) -> bytes:
    texts = {"survey": survey, "choices": choices, "settings": settings, **more}
    return workbook(**{name: table(text) for name, text in texts.items() if text})


def planned(directory: Path, data: bytes) -> Plan:
    return plan.plan(directory, xlsform.read(directory, sheets.read("form.xlsx", data)))


def imported(directory: Path, data: bytes) -> Form:
    made = planned(directory, data)
    assert not made.complaints, made.complaints
    plan.carry_out(directory, made)
    return configuration.load(directory).election.checklist.form(Path(made.upload.file).stem)


def test_an_xlsform_becomes_a_form(arvenia: Path) -> None:
    form = imported(arvenia, book())
    assert form.title == {"en": "Queues", "fr": "Files"}
    assert (str(form.day), str(form.due)) == ("2030-03-10", "09:00:00")
    told = [(each.code, each.type, each.required, each.relevant, each.min, each.max) for each in form.questions]
    assert told == [
        ("A", "choice", True, None, None, None),
        ("M", "multiple", False, "A == 1", None, None),
        ("W", "integer", True, "(A == 1) && (!(1 in M))", 1, 500),
        ("D", "decimal", False, None, 0.5, None),
        ("H", "time", True, None, None, None),
        ("Z", "confirmation", False, None, None, None),
        ("R", "text", False, None, None, None),
    ]
    assert form.by_code["A"].critical == ("0",)
    assert form.by_code["M"].options[1].words == {"en": ("seal",), "fr": ("sceau",)}
    (rule,) = form.rules
    assert (rule.name, rule.check, rule.severity) == ("constraint_d", "D != 7.0", "reject")
    assert rule.message == {"en": "D: Metres", "fr": "D: Mètres"}


def test_a_list_that_is_a_shared_set_stays_shared(arvenia: Path) -> None:
    imported(arvenia, book())
    assert "options: yes_no" in (arvenia / "forms" / "QUE.yaml").read_text()


def test_a_list_that_differs_from_the_shared_set_becomes_the_forms_own(arvenia: Path) -> None:
    made = planned(arvenia, book(choices=CHOICES.replace("oui                  | 1", "si                   | 1")))
    assert made.upload.notes == ("choices yes_no differ from those of options.yaml: this form gets its own",)
    assert not made.complaints


def test_the_preview_says_what_is_left_out_and_what_changes(arvenia: Path) -> None:
    told = str(planned(arvenia, book()))
    assert "not taken: start, the note welcome" in told
    assert told.splitlines()[-1].startswith("forms/QUE.yaml: 12 added (code, day, due, title, question A and 7 more)")


def test_a_new_import_replaces_and_reports(arvenia: Path) -> None:
    imported(arvenia, book())
    survey = SURVEY.replace("Metres  ", "Meters  ").replace("| H\n", "| HH\n")
    made = planned(arvenia, book(survey))
    assert made.changes.added == ("question HH",)
    assert made.changes.changed == ("question D", "rule constraint_d")
    assert made.changes.removed == ("question H",)
    assert not planned(arvenia, book()).changes


def test_remarks_that_a_workbook_cannot_hold_are_warned_of(arvenia: Path) -> None:
    imported(arvenia, book())
    path = arvenia / "forms" / "QUE.yaml"
    path.write_text(f"# agreed on Monday\n{path.read_text()}")
    assert planned(arvenia, book()).warnings == (), "nothing is written, nothing is lost"
    (warning,) = planned(arvenia, book(SURVEY.replace("Metres  ", "Meters  "))).warnings
    assert str(warning).startswith("forms/QUE.yaml: the remarks behind # in this file will be gone")


def test_without_a_sheet_of_rules_the_forms_own_stay(arvenia: Path) -> None:
    exported = workbooks.form(arvenia, "TAL")
    assert exported
    rows = {sheet.name: [row.cells for row in sheet.rows] for sheet in sheets.read("f.xlsx", exported).sheets}
    del rows["rules"]
    made = planned(arvenia, workbook(**rows))
    assert made.upload.kept == ("rule votes_add_up", "rule votes_within_list")
    assert not made.changes


# in which sheet, what stands there, what is put instead, and the complaint
WRONG = [
    ("survey", "text      ", "geopoint  ", "survey!A12: “geopoint” cannot be texted"),
    ("survey", "select_one yes_no ", "select_one yes_non", "survey!A4: there is no list yes_non in choices"),
    ("survey", "select_one yes_no ", "select_one        ", "survey!A4: “select_one” cannot be texted"),
    ("survey", ". > 0 and . <= 500", ". > 0 and . <= a  ", "survey!F7: W: “a” is not understood"),
    ("survey", "${admitted} = 'yes'", "${admited} = 'yes' ", "survey!G5: M: there is no question admited in this form"),
    ("survey", "${admitted} = 'yes'", "${admitted} = 'ja'", "survey!G5: M: A has no choice ja"),
    ("survey", "true()", "maybe ", "survey!E7: “maybe” is neither yes nor no"),
    ("survey", "| W\n", "| I\n", "survey!I7: code “I” is not spelt right"),
    ("survey", "| W\n", "| M\n", "survey!I7: code M stands there twice"),
    ("survey", "| no       | A", "| 7        | A", "survey!H4: A: critical 7 is none of the options"),
    ("survey", "| Ouvert à ", "|          ", "survey!C10: no text in fr"),
    ("survey", "end_group", "note     ", "survey!A12: a group is not ended"),
    ("choices", "ink                 | encre                | 1 ", "ink|encre|", "choices!B4: “ink” cannot be texted"),
    ("choices", "| scellés", "|        ", "choices!C5: no text in fr"),
    ("choices", "| 2    |", "| 22   |", "survey!A6: M: E12 would be option 12"),
    ("settings", "QUE", "../", "settings!C2: “../” is no form's code"),
    ("settings", "| 2030-03-10", "| soon      ", "settings!E2: day “soon” is not right"),
    ("settings", "| 09:00", "|", "settings!C2: due is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "before", "after", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_an_unsound_cell_is_named_by_its_address(
    arvenia: Path, sheet: str, before: str, after: str, words: str
) -> None:
    texts = {"survey": SURVEY, "choices": CHOICES, "settings": SETTINGS}
    assert before in texts[sheet]
    made = planned(arvenia, book(**{**texts, sheet: texts[sheet].replace(before, after, 1)}))
    found = list(map(str, made.complaints))
    assert any(complaint.startswith(words) for complaint in found), found
    assert not (arvenia / "forms" / "QUE.yaml").exists()


def test_rules_are_judged_on_their_sheet(arvenia: Path) -> None:
    rules = """
    name    | check  | message::English (en) | message::Français (fr) | severity
    too_few | W >= 2 | too few               | trop peu               | note
    nothing | Q == 1 | ?                     | ?                      |
    """
    made = planned(arvenia, book(rules=rules))
    assert [str(each) for each in made.complaints] == [
        "rules!B3: rule nothing, column 1: there is no question Q — correct the check"
    ]


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ("survey", "form.xlsx: no sheet survey with the questions in it"),
        ("settings", "settings!A2: which form is this?"),
        ("choices", "survey!A4: there is no list yes_no in choices — add the sheet choices"),
    ],
)
def test_a_missing_sheet_is_asked_for(arvenia: Path, sheet: str, words: str) -> None:
    found = [str(each) for each in planned(arvenia, book(**{sheet: ""})).complaints]
    assert any(complaint.startswith(words) for complaint in found), found


def test_one_language_without_a_name_is_the_elections_own(arvenia: Path) -> None:
    """The least of XLSForms: `label` alone, choices with digits for names."""
    survey = "type|name|label\nselect_one q|A|Question\nselect_one r|B|Autre"
    choices = "list name|name|label\nq|1|oui\nq|2|non\nr|1|oui"
    (missing,) = {str(each).partition(": ")[2] for each in planned(arvenia, book(survey, choices)).complaints}
    assert missing == "no text in en — add the line en: …"


@pytest.mark.parametrize(
    ("directory", "code"),
    [
        (directory, path.stem)
        for directory in (ARVENIA, KYRGYZSTAN)
        for path in sorted((directory / "forms").glob("*.yaml"))
    ],
    ids=str,
)
def test_a_form_that_was_exported_comes_back_unchanged(directory: Path, code: str) -> None:
    exported = workbooks.form(directory, code)
    assert exported
    upload = xlsform.read(directory, sheets.read("any.xlsx", exported))
    assert not upload.complaints
    assert not upload.changes
    assert upload.left_out == upload.kept == upload.notes == ()


def test_everything_a_form_may_say_survives_going_out_and_coming_back(arvenia: Path) -> None:
    form = """
code: QUE
aliases: [FIL, "АБВ"]
title: {en: "=Queues", fr: "@Files"}
day: 2030-03-10
due: 09:00
opens: 2030-03-10 06:00
closes: 2030-03-10 12:00
questions:
  - code: A
    type: choice
    text: {en: "-1 + 1", fr: "7"}
    options: yes_no
    critical: [0, 1]
    relevant: "station.voters > 10"
  - code: B
    type: multiple
    text: {en: "B", fr: "B"}
    relevant: "A == 1 && W <= 3.5"
    options:
      - {code: 1, text: {en: "one", fr: "un"}, words: {en: ["uno", "one more"], sw: ["moja"]}}
      - {code: 2, text: {en: "two", fr: "deux"}}
    required: false
  - {code: W, type: decimal, text: {en: "W", fr: "W"}, min: 0.5, max: 10}
rules:
  - name: odd
    check: "A == 1 || W > 3.0"
    message: {en: "odd", fr: "étrange"}
    severity: note
    critical: true
"""
    (arvenia / "forms" / "QUE.yaml").write_text(form)
    before = configuration.load(arvenia).election.checklist.form("QUE")
    exported = workbooks.form(arvenia, "QUE")
    assert exported
    read = sheets.read("any.xlsx", exported)
    assert not xlsform.read(arvenia, read).changes
    (arvenia / "forms" / "QUE.yaml").unlink()
    assert imported(arvenia, exported) == before
