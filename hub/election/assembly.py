"""The YAML files of an election put together in the shape of `Election`, each part knowing where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.election import documents
from hub.election.documents import Document, Location, Places
from hub.election.findings import Findings, did_you_mean

SAMPLE, GUIDE = "sample.yaml", "guide.yaml"
TOP = "election.yaml"
# Where each key of election.yaml belongs.
KEYS: dict[str, Location] = {
    "key": ("key",),
    "name": ("name",),
    "country": ("country",),
    "timezone": ("timezone",),
    "default_language": ("default_language",),
    "segment_price": ("segment_price",),
    "late": ("late",),
    "verify": ("verify",),
    "proof": ("proof",),
    "dialog": ("dialog",),
    "number": ("number",),
    "hotline": ("hotline",),
    "languages": ("checklist", "languages"),
    "commands": ("checklist", "commands"),
    "station": ("checklist", "station"),
    "incident": ("checklist",),
}
INCIDENT = {"code": "incident_code", "aliases": "incident_aliases"}
# The files that are one part each, and what they hold at the top.
PARTS: dict[str, tuple[Location, type]] = {
    "incidents.yaml": (("checklist", "categories"), list),
    "replies.yaml": (("replies",), dict),
    "alerts.yaml": (("alerting",), dict),
    "analysis.yaml": (("analysis",), dict),
}


@dataclass(slots=True)
class Draft:
    """An election before the models have seen it. Parts at `unread` could not be read, which is found already."""

    findings: Findings
    value: dict[Any, Any] = field(default_factory=lambda: {"checklist": {}})
    places: Places = field(default_factory=Places)
    unread: list[Location] = field(default_factory=list)

    def error(self, at: Location, message: str, fix: str) -> None:
        place = self.places.at(at)
        self.findings.error(place.file, place.line, message, fix)

    def warning(self, at: Location, message: str, fix: str) -> None:
        place = self.places.at(at)
        self.findings.warning(place.file, place.line, message, fix)

    def put(self, at: Location, value: Any) -> None:
        inside = self.value
        for step in at[:-1]:
            inside = inside.setdefault(step, {})
        inside[at[-1]] = value

    @property
    def languages(self) -> tuple[str, ...]:
        """The election's languages as far as they can be told; empty when they cannot."""
        told = self.value["checklist"].get("languages")
        return tuple(map(str, told)) if isinstance(told, list) else ()

    @property
    def country(self) -> str:
        return str(self.value.get("country", ""))


def assemble(directory: Path, lengths: Sequence[int], findings: Findings) -> Draft:
    """Reads every YAML file of the directory. `lengths`: how many digits station numbers have in the frame."""
    draft = Draft(findings)
    _add_top(directory, lengths, draft)
    for name, (at, kind) in PARTS.items():
        _add_part(directory, name, at, kind, draft)
    for name, key in ((SAMPLE, "sample"), (GUIDE, "guide")):
        if (directory / name).exists():
            _add_part(directory, name, (key,), dict, draft)
    _add_forms(directory, draft)
    return draft


def _add_part(directory: Path, name: str, at: Location, kind: type, draft: Draft) -> None:
    document = _read(directory, name, kind, draft)
    draft.places.mount(at, document)
    if isinstance(document.value, kind):
        draft.put(at, document.value)
    else:
        draft.unread.append(at)


def _read(directory: Path, name: str, kind: type, draft: Draft) -> Document:
    document = documents.read(directory, name, draft.findings)
    if document.value is not None and not isinstance(document.value, kind):
        shape = "a list: lines that begin with “- ”" if kind is list else "lines of “key: value”"
        draft.findings.error(name, 1, "the file has another shape", f"write {shape}; see config/README.md")
        document.value = None
    document.lines.setdefault((), 1)
    return document


def _add_top(directory: Path, lengths: Sequence[int], draft: Draft) -> None:
    document = _read(directory, TOP, dict, draft)
    draft.places.mount((), document)
    if document.value is None:
        draft.unread += KEYS.values()
        return
    for key, value in document.value.items():
        if key == "incident" and isinstance(value, dict):
            _add_incident(value, document, draft)
        elif key in KEYS:
            draft.put(KEYS[key], value)
            draft.places.mount(KEYS[key], document, inside=(key,))
        else:
            draft.error((key,), f"unknown key {key}", did_you_mean(key, KEYS))
    station = draft.value["checklist"].setdefault("station", {})
    if isinstance(station, dict):
        station["lengths"] = list(lengths) or [1]  # a frame without stations is found by who reads it


def _add_incident(value: dict[str, Any], document: Document, draft: Draft) -> None:
    for key, told in value.items():
        if key in INCIDENT:
            draft.put(("checklist", INCIDENT[key]), told)
            draft.places.mount(("checklist", INCIDENT[key]), document, inside=("incident", key))
        else:
            draft.error(("incident", key), f"unknown key {key}", did_you_mean(key, INCIDENT))


def _add_forms(directory: Path, draft: Draft) -> None:
    options = _read(directory, "options.yaml", dict, draft)
    names = sorted(path.name for path in (directory / "forms").glob("*.yaml"))
    read = [_read(directory, f"forms/{name}", dict, draft) for name in names]
    # In the order of the day, which is the order of every page.
    forms = sorted((form for form in read if form.value), key=_due)
    draft.put(("checklist", "forms"), [form.value for form in forms])
    if len(forms) < len(read):
        draft.unread.append(("checklist", "forms"))
    if not names:
        draft.findings.error("forms", 0, "there is no form", "write one file for each form, like forms/OPN.yaml")
    for index, form in enumerate(forms):
        at = ("checklist", "forms", index)
        draft.places.mount(at, form)
        _share_options(form.value, at, options, draft)
        _localise(form.value, draft)
        stem = Path(form.file).stem
        if form.value.get("code", stem) != stem:
            draft.error((*at, "code"), f"the file is called {stem}", f"call it {form.value['code']}.yaml")


def _due(form: Document) -> tuple[str, ...]:
    return tuple(str(form.value.get(key, "")) for key in ("day", "due", "code"))


def _share_options(form: dict[str, Any], at: Location, shared: Document, draft: Draft) -> None:
    """Replaces the name of an option set by the set."""
    questions = form.get("questions")
    for index, question in enumerate(questions if isinstance(questions, list) else ()):
        name = question.get("options") if isinstance(question, dict) else None
        if not isinstance(name, str):
            continue
        here = (*at, "questions", index, "options")
        if shared.value is None:
            draft.unread.append(here)
        elif name in shared.value:
            question["options"] = shared.value[name]
            draft.places.mount(here, shared, inside=(name,))
        else:
            draft.error(here, f"there are no options {name} in {shared.file}", did_you_mean(name, shared.value))
            draft.unread.append(here)


def _localise(form: dict[str, Any], draft: Draft) -> None:
    """Gives a moment without a zone the election's. What is no moment or no zone is left for the models to refuse."""
    for key in ("opens", "closes"):
        try:
            moment = datetime.fromisoformat(form[key])
            zone = ZoneInfo(draft.value["timezone"])
        except (KeyError, TypeError, ValueError, OSError):
            continue
        form[key] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
