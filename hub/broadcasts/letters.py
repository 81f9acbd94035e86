"""What each reader would get, and what that would cost. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bots import segments
from hub.broadcasts.audience import Reader
from hub.election.definition import Election
from hub.sample.roster import Contact

LONGEST = 1500  # characters: Twilio takes 1,600 in one message


@dataclass(frozen=True, slots=True)
class Letter:
    """One text on its way to one person. `borrowed`: it is not in their language, for nobody wrote it in that."""

    reader: Reader
    way: Contact
    language: str
    text: str
    channel: str
    segments: int
    borrowed: bool


@dataclass(frozen=True, slots=True)
class Postage:
    """What a broadcast takes. `price` is None where nobody said what an SMS costs."""

    letters: tuple[Letter, ...]
    left_out: tuple[Reader, ...]
    price: float | None

    @property
    def segments(self) -> int:
        return sum(letter.segments for letter in self.letters)

    @property
    def channels(self) -> Counter[str]:
        return Counter(letter.channel for letter in self.letters)

    @property
    def borrowed(self) -> Counter[str]:
        """Language → readers who get the text of another one."""
        return Counter(letter.reader.language for letter in self.letters if letter.borrowed)

    @property
    def why(self) -> dict[str, list[str]]:
        """Reason → the codes of those who are left out for it."""
        reasons = sorted({str(reader.left_out) for reader in self.left_out})
        return {why: [reader.code for reader in self.left_out if reader.left_out == why] for why in reasons}


def write(readers: Sequence[Reader], texts: Mapping[str, str], election: Election, gateway: str) -> Postage:
    """One letter to each who can be reached. `texts` must have the election's default language; `gateway` sends SMS."""
    taken = cache(lambda text: segments.count(text).count)
    letters = []
    for reader in readers:
        if reader.way is None:
            continue
        wanted = election.language(reader.language)
        language = wanted if texts.get(wanted) else election.default_language
        text, channel = texts[language], "telegram" if reader.way.kind == "telegram" else "sms"
        count = taken(text) if channel == "sms" else 0
        letters.append(Letter(reader, reader.way, language, text, channel, count, language != reader.language))
    left_out = tuple(reader for reader in readers if reader.way is None)
    price = election.price(gateway)
    total = sum(letter.segments for letter in letters)
    return Postage(tuple(letters), left_out, None if price is None else price * total)


def sound(texts: Mapping[str, str], election: Election) -> bool:
    """There is a text in the default language, and none is too long for one message."""
    return bool(texts.get(election.default_language)) and all(len(text) <= LONGEST for text in texts.values())
