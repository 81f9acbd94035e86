"""Our dialect of XLSForm (https://xlsform.org): which types can be texted, and the columns of our own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hub.checklist.definition import Form, Option, Question, Rule

TYPES = {
    "select_one": "choice",
    "select one": "choice",
    "select one from": "choice",
    "select_multiple": "multiple",
    "select multiple": "multiple",
    "select all that apply": "multiple",
    "integer": "integer",
    "int": "integer",
    "decimal": "decimal",
    "time": "time",
    "text": "text",
    "string": "text",
    "acknowledge": "confirmation",
    "trigger": "confirmation",
}
# What phones add by themselves: nobody texts it.
METADATA = (
    *("start", "end", "today", "deviceid", "phonenumber", "username", "email"),
    *("audit", "simserial", "subscriberid", "start-geopoint"),
)
YES, NO = ("yes", "true", "true()", "1"), ("no", "false", "false()", "0", "")
CEL = "cel:"  # before an expression of ours that XPath cannot say
SEPARATOR = "|"  # between several in one cell
FROM_CONSTRAINT = "constraint_"  # begins the names of rules that are made of constraints

# Every plain key of the models that XLSForm has no column for, whatever they come to hold.
FORM_KEYS = tuple(key for key in Form.model_fields if key not in ("code", "title", "questions", "rules"))
QUESTION_KEYS = tuple(
    key
    for key in Question.model_fields
    if key not in ("code", "type", "text", "options", "min", "max", "required", "critical", "relevant")
)
OPTION_KEYS = tuple(key for key in Option.model_fields if key not in ("code", "text", "words"))
RULE_KEYS = tuple(key for key in Rule.model_fields if key not in ("name", "message"))


def cell_of(value: Any) -> str:
    """A plain value as one cell: several words between separators, anything deeper as JSON."""
    match value:
        case str():
            return value
        case list() if all(isinstance(each, str) for each in value):
            return f" {SEPARATOR} ".join(value)
    return json.dumps(value, ensure_ascii=False)


def value_of(cell: str, several: bool = False) -> Any:
    """What `cell_of` made a cell of. `several`: a list, also of one."""
    if several:
        return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]
    if cell[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell


def filled(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs that say something."""
    return {key: value for key, value in pairs if value not in (None, "", [], {})}
