"""The code that proves whose report it is, at the text's end: `TAL 5191 R900 V50 PIN 482 193`. Pure.

It is no part of what is reported. Whoever keeps or shows a text keeps it masked.
"""

from __future__ import annotations

import re
import unicodedata

MASK = "••••"
_ONES, _ZEROS = "IlІ|", "OoОо"  # as in numbers: letters that look like a digit
_NS = frozenset("NnНн")  # no code without one of them
_TRAILING = " \t\r\n\u00a0.!"
LONGEST = 40  # characters from the word to the last digit, and more
_END = re.compile(
    r"(?<![^\W\d_])(?:[PpРр][IiІі][Nn]|[Пп][Ии][Нн])[\s.,:;=#№*-]{0,3}"
    rf"(?P<code>(?:[\d{_ONES}{_ZEROS}][ -]?){{3,9}}[\d{_ONES}{_ZEROS}]|{MASK})$"
)


def parted(text: str) -> tuple[str, str]:
    """What `masked` and `code` say of a text, found together."""
    found = _find(text)
    if found is None:
        return text, ""
    digits = "" if found["code"] == MASK else found["code"].replace(" ", "").replace("-", "")
    return f"{text[: found.start('code')]}{MASK}", "".join(map(_digit, digits))


def code(text: str) -> str:
    """The code at the end of a text, as digits; "" where there is none, or it is masked."""
    return parted(text)[1]


def masked(text: str) -> str:
    """The text with the code at its end made unreadable."""
    return parted(text)[0]


def without(text: str) -> str:
    """What is reported: the text up to its code, masked or not."""
    found = _find(text)
    return text[: found.start()].rstrip() if found else text


def alone(text: str) -> bool:
    """Whether a text is a code and nothing else."""
    return _find(text) is not None and not without(text).strip()


def _find(text: str) -> re.Match[str] | None:
    """Looks at the end alone, for nearly every text has no code."""
    end = len(text.rstrip(_TRAILING))
    start = max(0, end - LONGEST)
    return None if _NS.isdisjoint(text[start:end]) else _END.search(text, start, end)


def _digit(char: str) -> str:
    if char in _ZEROS:
        return "0"
    return "1" if char in _ONES else str(unicodedata.decimal(char))
