"""One person, one spelling: however a spreadsheet or a provider writes the number."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from hub.election import phones

SPELLINGS = [
    ("+996555123456", "KG", "+996555123456"),
    ("+996 (555) 12-34-56", "KG", "+996555123456"),
    ("996555123456", "KG", "+996555123456"),
    ("00996555123456", "KG", "+996555123456"),
    ("0555 123456", "KG", "+996555123456"),
    ("555 12 34 56", "KG", "+996555123456"),
    ("8 (0555) 12-34-56", "KG", "+996555123456"),
    ("8 555 123456", "KG", "+996555123456"),
    ("8 (916) 123-45-67", "RU", "+79161234567"),
    ("6 70 00 00 02", "CM", "+237670000002"),
    ("01 70 18 99 00", "FR", "+33170189900"),
    ("+79161234567", "KG", "+79161234567"),
]


@pytest.mark.parametrize(("written", "country", "e164"), SPELLINGS)
def test_every_local_spelling_is_one_number(written: str, country: str, e164: str) -> None:
    phone = phones.read(written, country)
    assert phone is not None
    assert phone.e164 == e164


@pytest.mark.parametrize("written", ["", "12", "call me", "+996", "0555 1234567890123"])
def test_what_cannot_be_a_number_is_none(written: str) -> None:
    assert phones.read(written, "KG") is None


def test_a_possible_number_without_a_known_prefix_is_kept_and_marked() -> None:
    phone = phones.read("+237170000002", "CM")
    assert phone == phones.Phone("+237170000002", valid=False)


@pytest.mark.parametrize("country", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_address_is_the_same_whether_it_had_to_be_read_or_not(country: str) -> None:
    """In every country, whatever follows its code: a number is read only where it is not in its one spelling."""
    code, dice = phonenumbers.country_code_for_region(country), random.Random(country)
    written = [f"+{code}{dice.randrange(10**digits):0{digits}}" for digits in range(3, 15) for _ in range(10)]
    for kind in range(11):
        example = phonenumbers.example_number_for_type(country, kind)
        written += [f"+{example.country_code}{example.national_number}"] if example else []
    for each in written:
        read = phones.read(each, country)
        assert phones.address_of("sms", each, country) == ("phone", read.e164 if read else each)
