"""An election's files as workbooks that people can work in, and that come back as they went."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from hub.authoring import expressions, xlsform
from hub.authoring.columns import heading
from hub.authoring.dialect import CEL, FORM_KEYS, OPTION_KEYS, QUESTION_KEYS, RULE_KEYS, TYPES, YES, cell_of
from hub.authoring.expressions import Asked
from hub.authoring.registers import REGISTERS, Kind
from hub.authoring.xlsform import Around
from hub.election import tables
from hub.election.findings import Findings

_NUMBERS = ("voters", "sampled")  # columns that people add up
_WIDEST = 60  # characters
_TYPE = {kind: name for name, kind in reversed(TYPES.items())}  # the first spelling of each
Line = Mapping[str, str]


def register(directory: Path, kind: Kind) -> bytes | None:
    """The table as a workbook of one sheet; None where there is none."""
    table = tables.read(directory, REGISTERS[kind].file, (), Findings(), optional=REGISTERS[kind].columns)
    if not table.columns:
        return None
    book = Workbook()
    lines = [{name: row[name] for name in table.columns} for row in table.rows]
    _fill(book, kind, table.columns, lines, numbers=_NUMBERS)
    return _saved(book)


def form(directory: Path, code: str) -> bytes | None:
    """One form as an XLSForm; None where there is no such form."""
    around = xlsform.around(directory)
    value = around.form(code)
    if value is None:
        return None
    book = Workbook()
    survey = [_question(question, value, around) for question in value.get("questions") or ()]
    choices = [line for question in value.get("questions") or () for line in _choices(question, around)]
    settings = {**_texts("form_title", value.get("title")), "form_id": code, "default_language": around.default}
    settings |= {key: cell_of(value[key]) for key in FORM_KEYS if key in value}
    titles = [heading("form_title", language) for language in around.languages]
    labels = [heading("label", language) for language in around.languages]
    _fill(book, "survey", ["type", "name", *labels, *_SURVEY, *_used(QUESTION_KEYS, survey)], survey)
    words = sorted({key for line in choices for key in line if key.startswith("words")})
    unique = list({tuple(sorted(line.items())): line for line in choices}.values())
    _fill(book, "choices", ["list_name", "name", *labels, *words, *_used(OPTION_KEYS, choices)], unique)
    _fill(book, "settings", [*titles, "form_id", "default_language", *FORM_KEYS], [settings])
    rules = [
        {**_plain(rule, ("name", *RULE_KEYS)), **_texts("message", rule["message"])} for rule in value.get("rules", ())
    ]
    messages = [heading("message", language) for language in around.languages]
    _fill(book, "rules", ["name", "check", *messages, *(key for key in RULE_KEYS if key != "check")], rules)
    return _saved(book)


_SURVEY = ("code", "required", "constraint", "relevant", "critical")


def _question(question: Mapping[str, Any], form: Mapping[str, Any], around: Around) -> Line:
    kind, code = question["type"], question["code"]
    limits = [f". {sign} {question[key]}" for key, sign in (("min", ">="), ("max", "<=")) if key in question]
    return {
        "type": f"{_TYPE[kind]} {_list_name(question, around)}" if "options" in question else _TYPE.get(kind, kind),
        "name": code,
        **_texts("label", question.get("text")),
        "code": code,
        "required": "yes" if str(question.get("required", "true")).lower() in YES else "no",
        "constraint": " and ".join(limits),
        "relevant": _relevant(question, form, around),
        "critical": " ".join(question.get("critical") or ()),
        **_plain(question, QUESTION_KEYS),
    }


def _relevant(question: Mapping[str, Any], form: Mapping[str, Any], around: Around) -> str:
    check = question.get("relevant")
    if not check:
        return ""
    asked = {each["code"]: _asked(each, around) for each in form["questions"]}
    return expressions.to_xpath(check, asked) or f"{CEL} {check}"


def _asked(question: Mapping[str, Any], around: Around) -> Asked:
    codes = [option["code"] for option in _options(question, around)]
    return Asked(question["code"], question["type"], {code: code for code in codes})


def _choices(question: Mapping[str, Any], around: Around) -> Iterator[Line]:
    for option in _options(question, around):
        yield {
            "list_name": _list_name(question, around),
            "name": option["code"],
            **_texts("label", option.get("text")),
            **{heading("words", language): cell_of(words) for language, words in (option.get("words") or {}).items()},
            **_plain(option, OPTION_KEYS),
        }


def _options(question: Mapping[str, Any], around: Around) -> Sequence[Mapping[str, Any]]:
    told = question.get("options") or ()
    shared: Sequence[Mapping[str, Any]] = around.options.get(told, ()) if isinstance(told, str) else told
    return shared


def _list_name(question: Mapping[str, Any], around: Around) -> str:
    """The shared set's name; the question's code, where no shared set is called so, for options of its own."""
    told = question["options"]
    if isinstance(told, str):
        return told
    return f"{question['code']}_options" if question["code"] in around.options else str(question["code"])


def _texts(name: str, text: Mapping[str, str] | None) -> Line:
    return {heading(name, language): words for language, words in (text or {}).items()}


def _plain(value: Mapping[str, Any], keys: Collection[str]) -> Line:
    return {key: cell_of(value[key]) for key in keys if key in value}


def _used(keys: Sequence[str], lines: Sequence[Line]) -> list[str]:
    return [key for key in keys if any(key in line for line in lines)]


def _fill(
    book: Workbook, name: str, header: Sequence[str], lines: Sequence[Line], numbers: Collection[str] = ()
) -> None:
    first = book.worksheets[0]
    sheet = first if first.max_row == 1 and first["A1"].value is None else book.create_sheet()
    sheet.title = name
    sheet.freeze_panes = "A2"
    for column, title in enumerate(header, 1):
        _write(sheet.cell(1, column), title, False)
        sheet.cell(1, column).font = Font(bold=True)
        widest = max([len(title), *(len(line.get(title, "")) for line in lines)])
        sheet.column_dimensions[get_column_letter(column)].width = min(widest, _WIDEST) + 2
        for number, line in enumerate(lines, 2):
            if text := line.get(title, ""):
                _write(sheet.cell(number, column), text, title in numbers)


def _write(cell: Any, text: str, number: bool) -> None:
    """A text stays a text: nothing that begins with = + - @ is ever a formula, no code loses its zeros."""
    if number and text.isascii() and text.isdigit() and str(int(text)) == text:
        cell.value = int(text)
        return
    cell.value = text
    cell.data_type = "s"  # whatever the library takes it for
    cell.number_format = "@"
    cell.quotePrefix = text[0] in "=+-@\t\r"
    cell.alignment = Alignment(vertical="top", wrap_text=len(text) > _WIDEST)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
