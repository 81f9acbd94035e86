"""A form of the checklist from an XLSForm workbook: survey, choices, settings, and our own sheet of rules in CEL. One
workbook is one form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.authoring import survey
from hub.authoring.columns import Columns, columns
from hub.authoring.dialect import FORM_KEYS, FROM_CONSTRAINT, RULE_KEYS, YES, filled, value_of
from hub.authoring.plan import Changes, Upload
from hub.authoring.sheets import Complaint, Row, Sheet, Workbook
from hub.authoring.survey import Survey
from hub.election import documents
from hub.election.documents import Location
from hub.election.findings import Finding, Findings

_SEVERAL = ("aliases",)  # keys of a form that hold a list


@dataclass(frozen=True, slots=True)
class Around:
    """What a form stands in: the election's languages and the shared sets of options."""

    directory: Path
    languages: tuple[str, ...]
    default: str
    options: Mapping[str, Any]

    def form(self, code: str) -> dict[str, Any] | None:
        """The form's file as it is now."""
        name = f"forms/{code}.yaml"
        value = documents.read(self.directory, name, Findings()).value if (self.directory / name).exists() else None
        return value if isinstance(value, dict) else None


def read(directory: Path, workbook: Workbook) -> Upload:
    """What the workbook would make of `forms/CODE.yaml`."""
    if workbook.complaints:
        return Upload("forms", complaints=workbook.complaints)
    here = around(directory)
    return _Reading(workbook, here, survey.read(workbook, here.languages, here.default, here.options)).upload()


def around(directory: Path) -> Around:
    top = documents.read(directory, "election.yaml", Findings()).value
    top = top if isinstance(top, dict) else {}
    told, options = top.get("languages"), documents.read(directory, "options.yaml", Findings()).value
    languages = tuple(told) if isinstance(told, list) else ()
    default = str(top.get("default_language") or next(iter(languages), "en"))
    return Around(directory, languages, default, options if isinstance(options, dict) else {})


@dataclass(slots=True)
class _Reading:
    workbook: Workbook
    around: Around
    survey: Survey
    kept: list[str] = field(default_factory=list)

    def upload(self) -> Upload:
        settings, at = self._settings()
        code = self._code(settings, at)
        if settings is None or code is None:
            return Upload("forms", complaints=tuple(self.survey.complaints))
        before, file = self.around.form(code) or {}, f"forms/{code}.yaml"
        form = self._form(code, settings, at, before)
        content = documents.written(form)
        lines = documents.parse(file, content, Findings()).lines
        return Upload(
            file,
            None if self.survey.complaints else content.encode(),
            _changes(before, form),
            left_out=tuple(dict.fromkeys(self.survey.left_out)),
            kept=tuple(self.kept),
            notes=tuple(self.survey.notes),
            complaints=tuple(self.survey.complaints),
            address=lambda finding: self._address(finding, file, lines),
        )

    def _settings(self) -> tuple[Row | None, Columns]:
        sheet = self.workbook.sheet("settings") or Sheet("settings")
        at = self._open(sheet, ("form_id", "form_title", "default_language", *FORM_KEYS))
        return (sheet.rows[1] if len(sheet.rows) > 1 else None), at

    def _open(self, sheet: Sheet, known: tuple[str, ...]) -> Columns:
        at = columns(sheet, known, self.around.languages, self.around.default)
        self.survey.left_out += at.left_out
        return at

    def _code(self, settings: Row | None, at: Columns) -> str | None:
        code = at.cell(settings, "form_id").upper() if settings else ""
        if re.fullmatch(r"[A-Z]{2,6}", code):  # it becomes a file's name
            return code
        address = at.address(settings, "form_id") if settings else "settings!A2"
        message = f"“{code}” is no form's code" if code else "which form is this?"
        fix = "write the form's code, two to six capital letters, into the column form_id of the sheet settings"
        self.survey.complaints.append(Complaint(address, message, fix))
        return None

    def _form(self, code: str, settings: Row, at: Columns, before: Mapping[str, Any]) -> dict[str, Any]:
        cells = self.survey.cells
        cells |= {("code",): at.address(settings, "form_id"), ("title",): at.address(settings, "form_title")}
        own: dict[str, Any] = {}
        for key in FORM_KEYS:
            if key in at.places:
                own[key] = value_of(at.cell(settings, key), key in _SEVERAL)
                cells[key,] = at.address(settings, key)
            elif key in before:
                own[key] = before[key]
                self.kept.append(key)
        title = at.texts(settings, "form_title") or before.get("title")
        rules = [*self._rules(before), *self.survey.rules]
        for index, rule in enumerate(rules):
            if address := cells.pop(("rules", rule.get("name", "")), None):
                cells["rules", index] = address
        aliases = own.pop("aliases", None)
        head = [("code", code), ("aliases", aliases), ("title", title)]
        return filled([*head, *own.items(), ("questions", self.survey.questions), ("rules", rules)])

    def _rules(self, before: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Those of the sheet; without one, those that the form has, but for what came from constraints."""
        sheet = self.workbook.sheet("rules")
        if sheet is None:
            kept = [rule for rule in before.get("rules", ()) if not rule.get("name", "").startswith(FROM_CONSTRAINT)]
            self.kept += [f"rule {rule.get('name')}" for rule in kept]
            return kept
        at = self._open(sheet, ("name", "message", *RULE_KEYS))
        rules = []
        for index, row in enumerate(sheet.rows[1:]):
            for key in ("name", "message", *RULE_KEYS):
                self.survey.cells["rules", index, key] = at.address(row, key)
            own = [(key, at.cell(row, key) if key == "check" else value_of(at.cell(row, key))) for key in RULE_KEYS]
            rules.append(filled([("name", at.cell(row, "name")), *own, ("message", at.texts(row, "message"))]))
        return rules

    def _address(self, finding: Finding, file: str, lines: Mapping[Location, int]) -> str | None:
        """The cell of the part that stands on this line, or of the nearest part around it."""
        if finding.file != file:
            return None
        places = sorted((place for place, line in lines.items() if line == finding.line and place), key=len)
        for place in places:
            for length in range(len(place), 0, -1):
                if address := self.survey.cells.get(place[:length]):
                    return address
        return None


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    old, new = dict(_parts(before)), dict(_parts(after))
    changed = [key for key in new if key in old and new[key] != old[key]]
    # The order is a part, too: it is that of the paper.
    moved = [key for key in old if key in new] != [key for key in new if key in old]
    return Changes(
        added=tuple(key for key in new if key not in old),
        changed=(*changed, *(["the order"] if moved else [])),
        removed=tuple(key for key in old if key not in new),
    )


def _parts(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything plain by its key, then questions by code and rules by name."""
    yield from sorted((key, value) for key, value in filled(form.items()).items() if key not in ("questions", "rules"))
    for key, name in (("questions", "code"), ("rules", "name")):
        for part in form.get(key) or ():
            yield f"{key[:-1]} {part.get(name)}", _said(part)


def _said(part: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is so anyway."""
    return filled((key, value) for key, value in part.items() if key != "required" or str(value).lower() not in YES)
