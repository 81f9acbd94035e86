"""Addresses in one spelling, so that the same person is found however a provider or a spreadsheet writes the number."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers


def address_of(channel: str, sender: str, country: str) -> tuple[str, str]:
    """The kind of contact (`phone`, `telegram`) behind a channel, and the address in its one spelling."""
    if channel == "telegram":
        return "telegram", sender
    return "phone", normalise(sender, country) or sender


@lru_cache(maxsize=100_000)
def normalise(number: str, country: str) -> str | None:
    """E.164 (+996555123456) of a number as people write it in `country`, or None where it cannot be one.

    `8 (0555) 12-34-56`: an old trunk prefix before the new one, which numbering plans no longer know.
    """
    text = number.strip()
    for attempt in (text, text[1:].strip() if text.startswith("8") else ""):
        if not attempt:
            continue
        try:
            parsed = phonenumbers.parse(attempt, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None
