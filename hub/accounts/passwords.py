"""What makes a password too easy: its length, and being what everybody chooses. No other rules (NIST SP 800-63B)."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

LENGTH = 12
# What is left of a password once everything that a guesser tries first is taken out must still be this long.
_OWN = 5
_ROWS = (  # rows of keyboards and alphabets; three neighbours are nobody's idea
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p",
    "abcdefghijklmnopqrstuvwxyz", "12345678901234567890",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
)  # fmt: skip
_LEET = str.maketrans("013457@$!", "oieastasi")
# What the best-known passwords are made of, in English, Russian and Kyrgyz, and Russian typed on Latin keys.
_WORDS = Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").split()
_WORD = re.compile("|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)))


def weakness(password: str, name: str) -> str:
    """`short`, `easy`, or "" for a password that will do. `name`: the account's, which is no secret."""
    if len(password) < LENGTH:
        return "short"
    # An l for a 1 or an i for one: whichever reading a guesser would find counts.
    folded = unicodedata.normalize("NFKC", password).casefold()
    return "easy" if any(_own(form, name.casefold()) < _OWN for form in (folded, folded.translate(_LEET))) else ""


def _own(text: str, name: str) -> int:
    """How many different letters and digits are left without the name, well-known words, runs, years and repetition."""
    text = _WORD.sub(" ", text.replace(name, " ") if len(name) > 2 else text)
    text = re.sub(r"(19|20)\d\d", " ", _without_runs(text))
    text = re.sub(r"(.{1,6}?)\1+", r"\1", text)
    return len(set(re.findall(r"\w", text)))


def _without_runs(text: str) -> str:
    kept, at = "", 0
    while at < len(text):
        run = max((_run(text[at:], row) for known in _ROWS for row in (known, known[::-1])), default=1)
        kept += " " if run >= 3 else text[at]
        at += run if run >= 3 else 1
    return kept


def _run(text: str, row: str) -> int:
    """How many characters at the beginning of `text` follow each other in `row`."""
    length = 0
    while length < len(text) and text[: length + 1] in row:
        length += 1
    return length
