"""The expressions of an XLSForm (XPath) and of our rules (CEL): one tree, two spellings.

What both can say is translated; the rest is refused, never bent: `${D} = 'yes' and . <= 100` ⇄ `D == 1 && E <= 100`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_DEEPEST = 20  # brackets
_LONGEST = 1_000  # characters


class Untranslatable(Exception):
    """This has no spelling on the other side; the message says what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as expressions see it. `options`: the choice's name in the workbook → the option's code."""

    code: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A constraint taken apart: what the question's `min` and `max` can hold, and what is left, in CEL."""

    min: str | None = None
    max: str | None = None
    rest: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    asked: Asked


@dataclass(frozen=True, slots=True)
class Number:
    text: str


@dataclass(frozen=True, slots=True)
class String:
    text: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator in XPath's spelling, `neg` for a sign, or a function, on its operands."""

    what: str
    parts: tuple[Tree, ...]


Tree = Name | Number | String | Apply


def to_cel(xpath: str, names: Mapping[str, Asked], own: Asked | None = None) -> str:
    """`names`: by the name in `${…}`; `own`: the question that `.` is. Raises `Untranslatable`."""
    return _cel(_Parser(_tokens(xpath, _XPATH), names, own).whole())


def to_xpath(cel: str, names: Mapping[str, Asked]) -> str | None:
    """None where the translation back would not be the same text. `names`: by code."""
    try:
        xpath = _xpath(_Parser(_tokens(cel, _CEL), names, None).whole())
        return xpath if to_cel(xpath, names) == cel else None
    except Untranslatable:
        return None


def bounds(xpath: str, names: Mapping[str, Asked], own: Asked) -> Bounds:
    """Takes a constraint apart. Raises `Untranslatable`."""
    found: dict[str, str] = {}
    rest: list[Tree] = []
    for part in _conjuncts(_Parser(_tokens(xpath, _XPATH), names, own).whole()):
        limit = _limit(part, own)
        if limit and limit[0] not in found:
            found[limit[0]] = limit[1]
        else:
            rest.append(part)
    told = None
    for part in rest:
        told = Apply("and", (told, part)) if told else part
    return Bounds(found.get("min"), found.get("max"), _cel(told) if told else None)


def _conjuncts(tree: Tree) -> Iterator[Tree]:
    match tree:
        case Apply("and", (left, right)):
            yield from _conjuncts(left)
            yield from _conjuncts(right)
        case _:
            yield tree


_MIRRORED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


def _limit(tree: Tree, own: Asked) -> tuple[str, str] | None:
    """`. >= 0` as ("min", "0"). More than a whole number is at least the next one."""
    match tree:
        case Apply(op, (Name(asked), limit)) if asked is own and op in _MIRRORED:
            pass
        case Apply(op, (limit, Name(asked))) if asked is own and op in _MIRRORED:
            op = _MIRRORED[op]
        case _:
            return None
    sign = ""
    if isinstance(limit, Apply) and limit.what == "neg":
        sign, limit = "-", limit.parts[0]
    if not isinstance(limit, Number) or own.type not in ("integer", "decimal"):
        return None
    text = sign + limit.text
    if op in ("<", ">"):
        if own.type != "integer" or "." in text:
            return None
        text = str(int(text) + (1 if op == ">" else -1))
    return ("min" if op.startswith(">") else "max"), text


_SPACE = r"\s*"
_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?)"
_STRING = r"(?P<string>'[^'\\]*'|\"[^\"\\]*\")"
_XPATH = re.compile(
    _SPACE
    + rf"(?:{_NUMBER}|{_STRING}|\$\{{\s*(?P<name>[\w.-]+)\s*\}}|(?P<op><=|>=|!=|[=<>+*(),-]|(?:and|or|mod|div)\b)"
    r"|(?P<function>[a-z][a-z-]*)(?=\s*\()|(?P<own>\.))"
)
_CEL = re.compile(
    _SPACE + rf"(?:{_NUMBER}|{_STRING}|(?P<op>&&|\|\||==|!=|<=|>=|[<>+*(),!%/-]|\bin\b)"
    r"|(?P<function>size)(?=\()|(?P<name>[A-Z][\w.]*))"
)
_SAME = {"&&": "and", "||": "or", "==": "=", "%": "mod", "/": "div"}
_BINDS = {"or": 1, "and": 2, "=": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4}
_BINDS |= {"+": 5, "-": 5, "*": 6, "mod": 6, "div": 6}
_UNARY = 7
_FUNCTIONS = {"not": 1, "selected": 2, "count-selected": 1, "string-length": 1, "regex": 2, "true": 0, "false": 0}

Token = tuple[str, str]  # number, string, name, function, op, own; and what stands there


def _tokens(text: str, spelling: re.Pattern[str]) -> list[Token]:
    if len(text) > _LONGEST:
        raise Untranslatable(f"it is longer than {_LONGEST} characters")
    tokens: list[Token] = []
    at = 0
    while text[at:].strip():
        match = spelling.match(text, at)
        if match is None:
            raise Untranslatable(f"“{text[at:].strip()[:20]}” is not understood")
        kind = str(match.lastgroup)
        tokens.append((kind, _SAME.get(match[kind], match[kind])))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[Token], names: Mapping[str, Asked], own: Asked | None) -> None:
        self._tokens = tokens
        self._names = names
        self._own = own
        self._at = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._expression(0)
        if self._at < len(self._tokens):
            raise Untranslatable(f"“{self._peek()[1]}” stands in a wrong place")
        return tree

    def _expression(self, least: int) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Untranslatable(f"it is nested deeper than {_DEEPEST}")
        left = self._operand()
        while (binds := _BINDS.get(self._peek()[1], 0) if self._peek()[0] == "op" else 0) > least:
            operator = self._next()[1]
            right = self._expression(binds)
            # CEL writes the option first: 1 in E.
            left = Apply("selected", (right, left)) if operator == "in" else Apply(operator, (left, right))
        self._depth -= 1
        return left

    def _operand(self) -> Tree:
        kind, text = self._next()
        match kind, text:
            case "number", _:
                return Number(text)
            case "string", _:
                return String(text[1:-1])
            case "name", _:
                if text not in self._names:
                    raise Untranslatable(f"there is no question {text} in this form")
                return Name(self._names[text])
            case "own", _:
                if self._own is None:
                    raise Untranslatable("“.” stands for the question itself, which is not answered yet")
                return Name(self._own)
            case "function", _:
                return self._call(text)
            case "op", "(":
                inside = self._expression(0)
                self._expect(")")
                return inside
            case "op", "-":
                return Apply("neg", (self._expression(_UNARY),))
            case "op", "!":
                return Apply("not", (self._expression(_UNARY),))
        raise Untranslatable(f"“{text}” stands in a wrong place" if text else "it ends too early")

    def _call(self, name: str) -> Tree:
        self._expect("(")
        parts: list[Tree] = []
        while self._peek() != ("op", ")"):
            if parts:
                self._expect(",")
            parts.append(self._expression(0))
        self._expect(")")
        if name == "size":  # CEL's, of a list and of a text
            of_list = len(parts) == 1 and isinstance(parts[0], Name) and parts[0].asked.type == "multiple"
            name = "count-selected" if of_list else "string-length"
        if _FUNCTIONS.get(name) != len(parts):
            raise Untranslatable(f"{name}() cannot be used here")
        return Apply(name, tuple(parts))

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, text: str) -> None:
        if self._next() != ("op", text):
            raise Untranslatable(f"a “{text}” is missing")


_CEL_OPERATORS = {"or": "||", "and": "&&", "=": "==", "mod": "%"}
_COMPARED = ("=", "!=", "<", "<=", ">", ">=")


def _cel(tree: Tree, binds: int = 0) -> str:
    match tree:
        case Name(asked):
            return asked.code
        case Number(text):
            return text
        case String(text):
            return f"'{text}'" if "'" not in text else f'"{text}"'
        case Apply("not", (part,)):
            return f"!({_cel(part)})"
        case Apply("neg", (part,)):
            return f"-{_cel(part, _UNARY)}"
        case Apply("selected", (Name(asked), option)):
            code = _option(asked, option)
            told = f"{code} in {asked.code}" if asked.type == "multiple" else f"{asked.code} == {code}"
            return _bracketed(told, _BINDS["in" if asked.type == "multiple" else "="], binds)
        case Apply("count-selected" | "string-length", (part,)):
            return f"size({_cel(part)})"
        case Apply("regex", (part, String(pattern))):
            return f"{_cel(part, _UNARY)}.matches('{pattern}')"
        case Apply("true" | "false" as word, ()):
            return word
        case Apply(op, (left, right)) if op in _BINDS and op != "div":
            if op in _COMPARED:
                left, right = _typed(left, right), _typed(right, left)
            told = f"{_cel(left, _BINDS[op] - 1)} {_CEL_OPERATORS.get(op, op)} {_cel(right, _BINDS[op])}"
            return _bracketed(told, _BINDS[op], binds)
    raise Untranslatable(
        "a division would drop what is behind the comma" if _is(tree, "div") else "it is not understood"
    )


def _xpath(tree: Tree, binds: int = 0) -> str:
    match tree:
        case Name(asked):
            return f"${{{asked.code}}}"
        case Number(text):
            return text
        case String(text):
            return f"'{text}'" if "'" not in text else f'"{text}"'
        case Apply("neg", (part,)):
            return f"-{_xpath(part, _UNARY)}"
        case Apply(op, (left, right)) if op in _BINDS:
            if op in _COMPARED:
                left, right = _quoted(left, right), _quoted(right, left)
            told = f"{_xpath(left, _BINDS[op] - 1)} {op} {_xpath(right, _BINDS[op])}"
            return _bracketed(told, _BINDS[op], binds)
        case Apply("selected", (field, option)):
            return f"selected({_xpath(field)}, {_xpath(_quoted(option, field))})"
        case Apply(name, parts):
            return f"{name}({', '.join(_xpath(part) for part in parts)})"
    raise Untranslatable("it is not understood")


def _typed(tree: Tree, other: Tree) -> Tree:
    """A literal as the question that it is compared with holds it: '1' of a choice is 1, 5 of a decimal 5.0."""
    if not isinstance(other, Name):
        return tree
    match other.asked.type, tree:
        case "multiple", _:
            raise Untranslatable(f"several may be chosen in {other.asked.code}: write selected(…, …)")
        case "choice" | "confirmation", String() | Number():
            return Number(_option(other.asked, tree))
        case _, String(""):
            raise Untranslatable(f"whether {other.asked.code} was answered at all cannot be asked")
        case (("integer" | "decimal"), String(text)) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            return _typed(Number(text), other)
        case "decimal", Number(text) if "." not in text:
            return Number(f"{text}.0")
    return tree


def _quoted(tree: Tree, other: Tree) -> Tree:
    """The other way round: XLSForm writes options as texts."""
    if isinstance(tree, Number) and isinstance(other, Name) and other.asked.type in ("choice", "multiple"):
        return String(tree.text)
    return tree


def _option(asked: Asked, tree: Tree) -> str:
    """The option's code as a number of CEL."""
    if not isinstance(tree, String | Number):
        raise Untranslatable(f"an option of {asked.code} is expected")
    if asked.type == "confirmation":
        return "1"
    code = asked.options.get(tree.text)
    if code is None:
        raise Untranslatable(f"{asked.code} has no choice {tree.text or '“”'}")
    return str(int(code))


def _bracketed(told: str, own: int, around: int) -> str:
    return told if own > around else f"({told})"


def _is(tree: Tree, what: str) -> bool:
    return isinstance(tree, Apply) and tree.what == what
