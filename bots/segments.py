"""How many SMS a text takes: GSM 03.38 with its extension table, or UCS-2. Each costs money, and each can be lost."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_WRITTEN_SO = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "−": "-", "°": "o"}
    | {"œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "Þ": "TH", "ð": "d"}
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a letter: two septets


@dataclass(frozen=True, slots=True)
class Segments:
    """`count` SMS, each of at most `room` units (septets of GSM-7, or UTF-16 units), `units` in all."""

    count: int
    units: int
    room: int
    gsm: bool


def is_gsm(text: str) -> bool:
    """Whether every letter is in GSM-7, so that a segment has 160 of them and not 70."""
    return all(letter in _BASIC or letter in _EXTENDED for letter in text)


def count(text: str) -> Segments:
    """Segments of 160 septets or 70 UTF-16 units; of 153 or 67 where there are several (3GPP TS 23.040)."""
    gsm = is_gsm(text)
    sizes = [_septets(letter) for letter in text] if gsm else [_units(letter) for letter in text]
    alone, joined = (160, 153) if gsm else (70, 67)
    if sum(sizes) <= alone:
        return Segments(1, sum(sizes), alone, gsm)
    return Segments(_filled(sizes, joined), sum(sizes), joined, gsm)


def in_gsm(text: str) -> str:
    """The text without what keeps Latin letters out of GSM-7: “ç” as “c”. As it is where it has other letters."""
    plain = "".join(letter if is_gsm(letter) else _plain(letter) for letter in text)
    return plain if is_gsm(plain) else text


def _plain(letter: str) -> str:
    written = unicodedata.normalize("NFKD", letter.translate(_WRITTEN_SO))
    return "".join(part for part in written if not unicodedata.combining(part))


def _septets(letter: str) -> int:
    return 2 if letter in _EXTENDED else 1


def _units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1


def _filled(sizes: list[int], room: int) -> int:
    """No pair (an escape and its letter, two surrogates) is torn apart over two segments."""
    segments, used = 1, 0
    for size in sizes:
        if used + size > room:
            segments, used = segments + 1, 0
        used += size
    return segments
