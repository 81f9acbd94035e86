"""What is handed out, in words: a file for each language; the election's own words where they are there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from babel.dates import format_datetime
from babel.numbers import format_decimal
from ruamel.yaml import YAML

from hub.checklist.definition import Text
from hub.election.definition import Election

FILES = Path(__file__).parent / "words"


def languages() -> list[str]:
    """Those in which something can be handed out."""
    return sorted(path.stem for path in FILES.glob("*.yaml"))


@dataclass(frozen=True, slots=True)
class Words:
    election: Election
    language: str

    def say(self, key: str, **values: object) -> str:
        return _read(self.language)[key].format(**values)

    def said(self, text: Text) -> str:
        """The election's own words, in its default language where they are missing."""
        return text.get(self.language) or text.get(self.election.default_language) or next(iter(text.values()), "")

    def number(self, value: float | Decimal, digits: int = 1) -> str:
        return number(value, digits, self.language)

    def percent(self, fraction: float | None, digits: int = 1) -> str:
        told = tenths(fraction, digits)
        return self.say("not_available") if told is None else f"{self.number(told, digits)}%"

    def margin(self, fraction: float | None, digits: int = 1) -> str:
        """In percentage points."""
        told = tenths(fraction, digits)
        return "" if told is None else f"±{self.number(told, digits)}"

    def cell(self, value: object) -> str:
        """A table's cell on paper."""
        return written(value, self.language)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, "d MMMM y, HH:mm", self.election.zone, self.language)

    def hour(self, at: datetime) -> str:
        return format_datetime(at, "d MMM HH:mm", self.election.zone, self.language)


def written(value: object, language: str) -> str:
    match value:
        case None:
            return "—"
        case Decimal():
            return number(value, max(0, -int(value.as_tuple().exponent)), language)
        case int():
            return number(value, 0, language)
    return str(value)


def number(value: float | Decimal, digits: int, language: str) -> str:
    return format_decimal(value, "#,##0." + "0" * digits if digits else "#,##0", language)


def tenths(fraction: float | None, digits: int = 1) -> Decimal | None:
    """A fraction as a percentage of so many digits, a half rounded up as on paper: 0.0625 is 6.3."""
    if fraction is None:
        return None
    # Twelve digits first: 0.0625 must not become 0.062499999 on its way here.
    exact = Decimal(f"{100 * fraction:.10f}")
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


@cache
def _read(language: str) -> dict[str, str]:
    texts: dict[str, str] = YAML(typ="safe", pure=True).load((FILES / f"{language}.yaml").read_text(encoding="utf-8"))
    return texts
