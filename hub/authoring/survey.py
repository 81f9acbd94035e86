"""The questions of a form from an XLSForm's sheets survey and choices, each part knowing the cell it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.authoring import expressions
from hub.authoring.columns import Columns, columns
from hub.authoring.dialect import (
    CEL,
    FROM_CONSTRAINT,
    METADATA,
    NO,
    OPTION_KEYS,
    QUESTION_KEYS,
    TYPES,
    YES,
    filled,
    value_of,
)
from hub.authoring.expressions import Asked, Bounds, Untranslatable
from hub.authoring.sheets import Complaint, Row, Sheet, Workbook
from hub.checklist.definition import Question
from hub.election.documents import Location
from hub.election.findings import did_you_mean

_SURVEY = ("type", "name", "label", "code", "required", "constraint", "constraint_message", "relevant", "critical")
_CHOICES = ("list_name", "name", "label", "code", "words")
_KIND = re.compile(f"({'|'.join(sorted(TYPES, key=len, reverse=True))})(?: (\\S+))?", re.IGNORECASE)
# Where a key of ours is another column of theirs.
_NAMED = {"text": "label", "options": "type", "min": "constraint", "max": "constraint"}


@dataclass(slots=True)
class Survey:
    """`rules`: what constraints say beyond bounds. `cells`: where each part of the form came from. `notes`: what the
    reader of the preview should know."""

    questions: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    cells: dict[Location, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(workbook: Workbook, languages: Sequence[str], default: str, shared: Mapping[str, Any]) -> Survey:
    """`shared`: the sets of options.yaml; a list that is just one of them becomes its name."""
    reading = _Reading(languages, default, shared)
    reading.read_choices(workbook.sheet("choices"))
    reading.read_survey(workbook.sheet("survey"), workbook.file)
    return reading.survey


@dataclass(slots=True)
class _Choices:
    """One list. `codes`: a choice's name and code → its code."""

    options: list[dict[str, Any]] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Item:
    """A row that asks something. `conditions`: its own and those of the groups around it, with their addresses."""

    row: Row
    asked: Asked
    list_name: str
    conditions: list[tuple[str, str]]


@dataclass(slots=True)
class _Reading:
    languages: Sequence[str]
    default: str
    shared: Mapping[str, Any]
    survey: Survey = field(default_factory=Survey)
    lists: dict[str, _Choices] = field(default_factory=dict)
    at: Columns = field(default_factory=lambda: Columns({}, ()))  # of the sheet survey
    names: dict[str, Asked] = field(default_factory=dict)  # what ${…} may name: a question's name or its code

    def read_choices(self, sheet: Sheet | None) -> None:
        at = self._open(sheet, (*_CHOICES, *OPTION_KEYS))
        for row in sheet.rows[1:] if sheet else ():
            name, told = at.cell(row, "name"), at.cell(row, "code")
            code = told or name
            if not re.fullmatch(r"[0-9]{1,3}", code):
                fix = "write the digits that are texted into a column code"
                self._wrong(at.address(row, "code" if told else "name"), f"“{code}” cannot be texted", fix)
                continue
            words = {language: value_of(cell, several=True) for language, cell in at.texts(row, "words").items()}
            own = [(key, value_of(at.cell(row, key))) for key in OPTION_KEYS]
            listed = self.lists.setdefault(at.cell(row, "list_name"), _Choices())
            listed.options.append(filled([("code", code), ("text", at.texts(row, "label")), ("words", words), *own]))
            listed.codes |= {name: code, code: code}
            listed.addresses.append(at.address(row, "label"))

    def read_survey(self, sheet: Sheet | None, file: str) -> None:
        if sheet is None:
            self._wrong(file, "no sheet survey with the questions in it", "name the sheet of the questions survey")
            return
        self.at = self._open(sheet, (*_SURVEY, *QUESTION_KEYS))
        items = self._items(sheet.rows[1:])
        # An expression may name a question further down.
        for item in items:
            self.names |= {item.asked.code: item.asked, self.at.cell(item.row, "name"): item.asked}
        for index, item in enumerate(items):
            self._add(("questions", index), item)

    def _open(self, sheet: Sheet | None, known: Sequence[str]) -> Columns:
        at = columns(sheet or Sheet(""), known, self.languages, self.default)
        self.survey.left_out += at.left_out
        return at

    def _items(self, rows: Sequence[Row]) -> list[_Item]:
        items: list[_Item] = []
        groups: list[tuple[str, str]] = []
        for row in rows:
            told = " ".join(self.at.cell(row, "type").split())
            condition = (self.at.cell(row, "relevant"), self.at.address(row, "relevant"))
            match told.lower().replace(" group", "_group"):
                case "begin_group":
                    groups.append(condition)
                case "end_group" if groups:
                    groups.pop()
                case "note":
                    self.survey.left_out.append(f"the note {self.at.cell(row, 'name') or row.address(0)}")
                case "" if not (self.at.cell(row, "name") or self.at.cell(row, "code")):
                    pass  # a remark
                case word if word in METADATA:
                    self.survey.left_out.append(word)
                case _:
                    items += self._item(row, told, [each for each in (*groups, condition) if each[0]])
        if groups and rows:
            self._wrong(rows[-1].address(0), "a group is not ended", "write end_group behind its last question")
        return items

    def _item(self, row: Row, told: str, conditions: list[tuple[str, str]]) -> list[_Item]:
        """One item, or none where its type cannot be texted."""
        match = _KIND.fullmatch(told)
        kind = TYPES[match[1].lower()] if match else ""
        list_name = (match[2] or "") if match else ""
        if match is None or bool(list_name) != (kind in ("choice", "multiple")):
            self._wrong(self.at.address(row, "type"), f"“{told}” cannot be texted", did_you_mean(told, TYPES))
            return []
        if list_name and list_name not in self.lists:
            fix = did_you_mean(list_name, self.lists) if self.lists else "add the sheet choices"
            self._wrong(self.at.address(row, "type"), f"there is no list {list_name} in choices", fix)
        code = self.at.cell(row, "code") or self.at.cell(row, "name").upper()
        codes = self.lists[list_name].codes if list_name in self.lists else {}
        return [_Item(row, Asked(code, kind, codes), list_name, conditions)]

    def _add(self, here: Location, item: _Item) -> None:
        at, row, asked = self.at, item.row, item.asked
        own_code = "code" if at.cell(row, "code") else "name"
        self.survey.cells[here] = at.address(row, own_code)
        for key in Question.model_fields:
            self.survey.cells[(*here, key)] = at.address(row, {"code": own_code, **_NAMED}.get(key, key))
        limits, text = self._bounds(item), at.texts(row, "label")
        critical = re.findall(r"[^\s,;|]+", at.cell(row, "critical"))
        question = [
            ("code", asked.code),
            ("type", asked.type),
            ("text", text),
            ("options", self._options(here, item.list_name)),
            ("min", limits.min),
            ("max", limits.max),
            ("required", None if self._required(row) else "false"),
            ("critical", [asked.options.get(name, name) for name in critical]),
            ("relevant", self._relevant(item)),
        ]
        self.survey.questions.append(
            filled([*question, *((key, value_of(at.cell(row, key))) for key in QUESTION_KEYS)])
        )
        if limits.rest:
            self._add_rule(item, limits.rest, text)

    def _options(self, here: Location, name: str) -> Any:
        """The name of a shared set where the list is just that; the options themselves otherwise."""
        if name not in self.lists:
            return None
        own = self.lists[name]
        if own.options == self.shared.get(name):
            return name
        note = f"choices {name} differ from those of options.yaml: this form gets its own"
        if name in self.shared and note not in self.survey.notes:
            self.survey.notes.append(note)
        for number, address in enumerate(own.addresses):
            self.survey.cells[(*here, "options", number)] = address
        return own.options

    def _required(self, row: Row) -> bool:
        """As XLSForm has it, an empty cell is no; without such a column, everything is required."""
        told = self.at.cell(row, "required").lower()
        if told not in (*YES, *NO):
            self._wrong(self.at.address(row, "required"), f"“{told}” is neither yes nor no", "write yes or no")
        return told in YES or "required" not in self.at.places

    def _relevant(self, item: _Item) -> str | None:
        parts = [part for text, address in item.conditions if (part := self._cel(text, address, item))]
        return " && ".join(f"({part})" for part in parts) if len(parts) > 1 else next(iter(parts), None)

    def _cel(self, text: str, address: str, item: _Item) -> str | None:
        if text.startswith(CEL):
            return text.removeprefix(CEL).strip()
        try:
            return expressions.to_cel(text, self.names)
        except Untranslatable as error:
            self._wrong(address, f"{item.asked.code}: {error}", f"write it in CEL: {CEL} D == 1")
        return None

    def _bounds(self, item: _Item) -> Bounds:
        text = self.at.cell(item.row, "constraint")
        try:
            return expressions.bounds(text, self.names, item.asked) if text else Bounds()
        except Untranslatable as error:
            fix = "write bounds like . >= 0 and . <= 100, or a rule on the sheet rules"
            self._wrong(self.at.address(item.row, "constraint"), f"{item.asked.code}: {error}", fix)
        return Bounds()

    def _add_rule(self, item: _Item, check: str, text: Mapping[str, str]) -> None:
        """XLSForm refuses an answer that breaks its constraint, and so does this rule."""
        told, code = self.at.texts(item.row, "constraint_message"), item.asked.code
        message = {language: told.get(language) or f"{code}: {words}" for language, words in text.items()}
        name = f"{FROM_CONSTRAINT}{code.lower()}"
        self.survey.rules.append({"name": name, "check": check, "message": message, "severity": "reject"})
        # Its place among the form's rules is not known here, its name is.
        self.survey.cells["rules", name] = self.at.address(item.row, "constraint")

    def _wrong(self, address: str, message: str, fix: str) -> None:
        self.survey.complaints.append(Complaint(address, message, fix))
