"""An assembled election through the models: an `Election`, or pydantic's complaints in the words of a data manager."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hub.election.assembly import Draft
from hub.election.definition import Election
from hub.election.documents import Location
from hub.election.findings import did_you_mean

_REFERENCE = "write a form's code, a dot and a question's code, like OPN.K"
_ADVICE: dict[tuple[str, str], str] = {
    ("", "key"): "write small letters a–z, digits and -",
    ("", "country"): "write its two capital letters, as in ISO 3166",
    ("checklist", "languages"): "write small letters, like en",
    ("questions", "critical"): "write options' codes",
    ("questions", "code"): "write one to five capital letters A–Z without I, L, O; digits only in the middle",
    ("forms", "code"): "write two to six capital letters A–Z",
    ("checklist", "incident_code"): "write two to six capital letters A–Z",
    ("options", "code"): "write one to three digits",
    ("categories", "code"): "write one to three digits",
    ("categories", "key"): "write small letters a–z, digits and _",
    ("rules", "name"): "write small letters a–z, digits and _",
    ("turnout", "votes"): _REFERENCE,
    ("turnout", "registered"): _REFERENCE,
    ("shares", "total"): _REFERENCE,
}
_KINDS = {
    "bool": "write true or false",
    "date": "write a day, like 2021-11-28",
    "datetime": "write a day and a time, like 2021-11-28 17:00",
    "dict": "write lines of “key: value”",
    "float": "write a number",
    "int": "write a whole number",
    "model": "write lines of “key: value”",
    "string": "write a text",
    "time": "write a time, like 09:00",
    "tuple": "write a list, like [one, two]",
}


def build(draft: Draft) -> Election | None:
    """The election, or None and findings. Parts that could not be read are not complained of again."""
    try:
        election = Election.model_validate(draft.value)
    except ValidationError as error:
        for complaint in error.errors(include_url=False):
            at = tuple(step for step in complaint["loc"] if step != "[key]")
            if not any(at[: len(unread)] == unread for unread in draft.unread):
                draft.error(at, *_in_words(at, complaint))
        return None
    return None if draft.unread else election


def _in_words(at: Location, complaint: Mapping[str, Any]) -> tuple[str, str]:
    """The message and the fix."""
    kind, name, told = complaint["type"], _name(at), complaint.get("input")
    if kind == "missing":
        return f"{name} is missing", "add it here"
    if kind == "extra_forbidden":
        return f"unknown key {name}", did_you_mean(name, _keys(at[:-1]))
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'|(\d+)", complaint["ctx"]["expected"])
        return f"{name}: “{told}” is unknown", did_you_mean(str(told), [word or number for word, number in known])
    if kind == "value_error":
        return f"{name}: {complaint['msg'].removeprefix('Value error, ')}", "correct or add it here"
    shown = f" “{told}”" if isinstance(told, str | int | float) else ""
    if kind == "string_pattern_mismatch":
        return f"{name}{shown} is not spelt right", _advice(at, "")
    return f"{name}{shown} is not right: {_lower(complaint['msg'])}", _advice(at, kind.split("_")[0])


def _advice(at: Location, kind: str) -> str:
    around = ["", *(step for step in at if isinstance(step, str))]
    if "parts" in around:
        return _REFERENCE
    return _ADVICE.get((around[-2], around[-1]), _KINDS.get(kind, "config/README.md tells how"))


def _name(at: Location) -> str:
    """What the place is called: `code`, or `critical 2` for the second of a list."""
    if at and isinstance(at[-1], int):
        return f"{at[-2]} {at[-1] + 1}"
    return str(at[-1]) if at else "the election"


def _keys(at: Location) -> list[str]:
    kind: Any = Election
    for step in at:
        kind = _inside(kind, step)
    return list(kind.model_fields)


def _inside(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_fields[str(step)].annotation
    return get_args(kind)[-1 if get_origin(kind) is dict else 0]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
