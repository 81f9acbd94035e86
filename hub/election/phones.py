"""Telephone numbers as people write them, made E.164 for the election's country."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import phonenumbers

# What people dial before a national number in one country or another; `8 (0555) 12-34-56` has two of them.
_TRUNKS = ("0", "8", "80")


def address_of(channel: str, sender: str, country: str) -> tuple[str, str]:
    """The kind of contact (`phone`, `telegram`) behind a channel's sender, and the address in its one spelling."""
    if channel == "telegram":
        return "telegram", sender
    if _in_its_spelling(country).fullmatch(sender):  # as providers send it: reading it would take thirty times as long
        return "phone", sender
    phone = read(sender, country)
    return "phone", phone.e164 if phone else sender


@cache
def _in_its_spelling(country: str) -> re.Pattern[str]:
    """What is E.164 as it is written: of a length that the country has, and nothing to be dialled before it."""
    code = phonenumbers.country_code_for_region(country)
    plan = phonenumbers.PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code), None)
    if plan is None or plan.general_desc is None:
        return re.compile(r"(?!)")
    before = plan.national_prefix_for_parsing or "(?!)"
    lengths = "|".join(rf"[0-9]{{{length - 1}}}" for length in plan.general_desc.possible_length if length > 1)
    return re.compile(rf"\+{code}(?!{before})[1-9](?:{lengths})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Phone:
    """`valid`: the country's numbering plan has such numbers; otherwise only the length is right."""

    e164: str
    valid: bool


@lru_cache(maxsize=100_000)
def read(written: str, country: str) -> Phone | None:
    """The number in any of its local spellings, or None. Of several readings the first valid one counts.

    >>> read("8 (0555) 12-34-56", "KG").e164
    '+996555123456'
    """
    readings = [phone for spelling in _spellings(written) if (phone := _parse(spelling, country))]
    return next((phone for phone in readings if phone.valid), next(iter(readings), None))


def _spellings(written: str) -> list[str]:
    if written.lstrip().startswith("+"):
        return [written]
    digits = "".join(filter(str.isdigit, written))
    return [written, *(digits[len(trunk) :] for trunk in _TRUNKS if digits.startswith(trunk))]


def _parse(spelling: str, country: str) -> Phone | None:
    try:
        number = phonenumbers.parse(spelling, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, phonenumbers.is_valid_number(number))
