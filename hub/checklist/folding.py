"""A text as the grammar reads it: look-alikes made Latin, digits made ASCII, separators made plain.

The raw text stays as it is; every folded character knows which raw characters it stands for.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from hub.values import value

# What separators are folded to: a blank, but for those that a value may hold or that say something about one.
# `-` is a hyphen or minus, `%` any mark that changes the number it touches, `№` itself (NFKC would make "No" of it).
SEPARATORS = " .,:%№-"
COMMENT_MARKS = "#@"

_APOSTROPHES = frozenset("'`´ʹʻʼʽˈ‘’‛′＇")
_BARS = frozenset("|｜")
_UNREADABLE = "¦"
_HYPHENS = frozenset("-‐‑−﹣－")
_MARKS = frozenset("%‰‱~≈±<>≤≥≦≧+∓٪$")
_KEPT = frozenset(".,:#@№")

# Cyrillic and Greek capitals that look like Latin ones. A transliteration would be wrong: it makes V of В.
_LOOK_ALIKES = str.maketrans(
    "АВСЕНКМОРТХУІЈЅҮԚԜӀ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "İ",
    "ABCEHKMOPTXYIJSYQWI" + "ABEZHIKMNOPTYX" + "I",
)
# Small Greek letters whose capitals look like other Latin letters than they do: ν is no N, η no H, μ no M, υ no Y.
_UNLIKE_THEIR_CAPITALS = frozenset("νημυ")
# Compatibility forms that change a letter's looks only. Superscripts, circles and fractions change its meaning.
_HARMLESS_FORMS = frozenset(
    ["<wide>", "<narrow>", "<font>", "<small>", "<noBreak>", "<initial>", "<medial>", "<final>", "<isolated>"]
)


@value
class Folded:
    """`text` holds capitals, ASCII digits, separators and whatever could not be folded.

    `starts[i]` and `ends[i]` bound the raw characters behind `text[i]`; both are empty where they are i and i + 1.
    """

    text: str
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The raw span behind a folded one."""
        if not self.starts:
            return start, end
        first = self.starts[start] if start < len(self.starts) else self.ends[-1]
        return first, self.ends[end - 1] if end > start else first


def fold(text: str) -> Folded:
    """Folds character by character, so that nothing is read that is not there. Linear; never raises."""
    alone = text.translate(_ALONE)
    if len(alone) == len(text):
        return Folded(alone)
    lines = not _BARS.isdisjoint(text) and any(it in _BARS and not _touches(text, at) for at, it in enumerate(text))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        for char in _fold_cluster(text, start, end, lines):
            folded.append(char)
            starts.append(start)
            ends.append(end)
    return Folded("".join(folded), tuple(starts), tuple(ends))


def folded_words(words: str) -> list[str]:
    """The folded words of a configured phrase: what a text must hold to mean it."""
    return "".join(" " if char in SEPARATORS else char for char in fold(words).text).split()


def _clusters(text: str) -> list[tuple[int, int]]:
    """A base character with the combining marks that follow it."""
    bounds = [index for index, char in enumerate(text) if not _combines(char)]
    if not bounds or bounds[0] != 0:
        bounds.insert(0, 0)
    return list(zip(bounds, [*bounds[1:], len(text)], strict=True)) if text else []


def _fold_cluster(text: str, start: int, end: int, lines: bool) -> str:
    char = text[start]
    if char in _BARS:
        return _fold_bar(text, start, lines) + "".join(map(_fold_char, text[start + 1 : end]))
    if end - start > 1:
        # A mark that does not melt into its letter stays behind it, unreadable: a digit struck out is no digit.
        return "".join(map(_fold_char, unicodedata.normalize("NFC", text[start:end])))
    if char in _APOSTROPHES:
        return "" if all(map(str.isalpha, _neighbours(text, start))) else " "
    return _fold_char(char)


def _fold_bar(text: str, index: int, lines: bool) -> str:
    """A bar that stands alone is a line. One that touches a piece is 1, like I and l, unless others are lines."""
    if not _touches(text, index):
        return " "
    return _UNREADABLE if lines else "I"


def _touches(text: str, index: int) -> bool:
    return any(char and not char.isspace() for char in _neighbours(text, index))


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    if char in _KEPT:
        return char
    if char in _HYPHENS:
        return "-"
    if char in _MARKS:
        return "%"
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Cf" or _drops(char):
        return ""
    if category[0] in "ZSPC":
        plain = _plain(char)
        return _fold_char(plain) if plain != char else " "
    return _fold_letter(_plain(char))


def _fold_letter(char: str) -> str:
    capital = char.upper()
    if len(capital) != 1 or char in _UNLIKE_THEIR_CAPITALS:
        return char
    return capital.translate(_LOOK_ALIKES)


def _plain(char: str) -> str:
    """The character without its typographic form, where that is one character and means the same."""
    form = unicodedata.decomposition(char).partition(" ")[0]
    if form not in _HARMLESS_FORMS:
        return char
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


@lru_cache(maxsize=8192)
def _combines(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def _drops(char: str) -> bool:
    """Variation selectors, the keycap's frame and the grapheme joiner are never seen by themselves."""
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or char in "\u20e3\u034f"


def _neighbours(text: str, index: int) -> tuple[str, str]:
    """The characters beside this one that can be seen; empty at the text's ends."""
    left, right = index - 1, index + 1
    while left >= 0 and not _fold_char(text[left]):
        left -= 1
    while right < len(text) and not _fold_char(text[right]):
        right += 1
    return text[left] if left >= 0 else "", text[right] if right < len(text) else ""


class _Alone(dict[int, str]):
    """What a character is folded to; nothing where it is dropped, or where that hangs on what stands beside it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = "" if char in _APOSTROPHES or char in _BARS or _combines(char) else _fold_char(char)
        if len(self) < _MOST_CHARACTERS:
            self[code] = folded
        return folded


_MOST_CHARACTERS = 8192
_ALONE = _Alone()
