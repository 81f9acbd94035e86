"""YAML files as plain values, with the place of each: every scalar is text, and the models say what it means.

So `no` stays a word, `01` a code and `07:15` a time, whatever YAML would make of them.
"""

from __future__ import annotations

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
    document = Document(name)
    try:
        text = (directory / name).read_bytes().decode("utf-8-sig")
        node = _compose(text)
    except FileNotFoundError:
        findings.error(name, 0, "this file is missing", "config/README.md tells what belongs in it")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.error(name, line, "not UTF-8", "save the file with the encoding UTF-8")
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
