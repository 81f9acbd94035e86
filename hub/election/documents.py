"""YAML files as plain values, with the place of each: every scalar is text, and the models say what it means.

So `no` stays a word, `01` a code and `07:15` a time, whatever YAML would make of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hub.election.findings import Findings

Location = tuple[str | int, ...]  # keys and indices, outermost first
_NULL = "tag:yaml.org,2002:null"
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    line: int


@dataclass(slots=True)
class Document:
    """A value of dicts, lists, str and None. `lines`: where each key and item of it stands."""

    file: str
    value: Any = None
    lines: dict[Location, int] = field(default_factory=dict)


@dataclass(slots=True)
class Places:
    """Where each part of a value that was put together from several documents came from."""

    _at: dict[Location, Place] = field(default_factory=dict)

    def mount(self, location: Location, document: Document, inside: Location = ()) -> None:
        """Says that the part `inside` the document stands at this location of the whole."""
        for path, line in document.lines.items():
            if path[: len(inside)] == inside:
                self._at[(*location, *path[len(inside) :])] = Place(document.file, line)

    def at(self, location: Location) -> Place:
        """The place of this location, or of the nearest thing around it."""
        for length in range(len(location), -1, -1):
            if place := self._at.get(location[:length]):
                return place
        raise KeyError(location)


def read(directory: Path, name: str, findings: Findings) -> Document:
    """Reads one file of the directory. What cannot be read is a finding, and the value None."""
    try:
        text = (directory / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        findings.error(name, 0, "this file is missing", "config/README.md tells what belongs in it")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.error(name, line, "not UTF-8", "save the file with the encoding UTF-8")
    else:
        return parse(name, text, findings)
    return Document(name)


def parse(name: str, text: str, findings: Findings) -> Document:
    """The document that a text is."""
    document = Document(name)
    try:
        node = _compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        findings.error(
            name, line, f"not YAML: {error.problem}", "check quotes, colons and indentation around this line"
        )
    else:
        document.lines[()] = 1
        if node is None:
            findings.error(name, 1, "this file is empty", "config/README.md tells what belongs in it")
        else:
            document.value = _value(node, (), document, findings)
    return document


def written(value: Any) -> str:
    """The text that reads as this value of dicts, lists and scalars; None and what is empty is left out."""
    return "\n".join(_block(_spelt(value), 0, "")) + "\n" if value else f"{_flow(_spelt(value))}\n"


def _spelt(value: Any) -> Any:
    """Every scalar as the text that stands for it."""
    match value:
        case dict():
            spelt = {str(key): _spelt(child) for key, child in value.items()}
            return {key: child for key, child in spelt.items() if child not in (None, [], {})}
        case list() | tuple():
            return [_spelt(child) for child in value]
        case bool():
            return "true" if value else "false"
    return value if value is None else str(value)


def _block(value: Any, lists: int, indent: str) -> Iterator[str]:
    """Lines. What lies in two lists, like an option of a question, and a list of words take one line each."""
    match value:
        case dict() if lists < 2:
            for key, child in value.items():
                if isinstance(child, str) or not _opens(child, lists):
                    yield f"{indent}{_scalar(key)}: {_flow(child)}"
                else:
                    yield f"{indent}{_scalar(key)}:"
                    yield from _block(child, lists, indent + "  ")
        case list() if _opens(value, lists):
            for child in value:
                first, *rest = list(_block(child, lists + 1, indent + "  ")) or [f"{indent}  {_flow(child)}"]
                yield f"{indent}- {first.lstrip()}"
                yield from rest
        case _:
            yield f"{indent}{_flow(value)}"


def _opens(value: Any, lists: int) -> bool:
    return lists < 2 and (isinstance(value, dict) or any(isinstance(child, dict) for child in value))


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_scalar(key)}: {_flow(child)}" for key, child in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


_PLAIN = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*|[0-9]{1,2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")


def _scalar(text: str) -> str:
    """As it is where nothing in it means anything to YAML; quoted as JSON does otherwise, which YAML reads alike."""
    if _PLAIN.fullmatch(text) and text.casefold() != "null":
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _compose(text: str) -> Node | None:
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


def _value(node: Node, at: Location, document: Document, findings: Findings) -> Any:
    if len(at) > _DEEPEST:  # also what ends an alias that contains itself
        findings.error(document.file, node.start_mark.line + 1, "nested too deep", "take some levels out")
        return None
    match node:
        case MappingNode():
            return _mapping(node, at, document, findings)
        case SequenceNode():
            return [_item(child, (*at, index), document, findings) for index, child in enumerate(node.value)]
        case ScalarNode():
            return None if node.tag == _NULL else node.value.strip()
    raise AssertionError(node)


def _mapping(node: MappingNode, at: Location, document: Document, findings: Findings) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key_node, child in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in value:
            findings.error(document.file, line, f"{key} stands here twice", "leave one of them")
        document.lines[(*at, key)] = line
        told = _value(child, (*at, key), document, findings)
        if told is not None:  # a key with nothing behind it is a key left out
            value[key] = told
    return value


def _item(node: Node, at: Location, document: Document, findings: Findings) -> Any:
    document.lines[at] = node.start_mark.line + 1
    return _value(node, at, document, findings)
