"""What a character is read as, and which raw characters stand behind it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.checklist.folding import fold, folded_words

FOLDED = [
    ("opn", "OPN"),
    ("АВСЕНКМОРТХУІЈЅ", "ABCEHKMOPTXYIJS"),
    ("авсенкмортхуіјѕ", "ABCEHKMOPTXYIJS"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("αορχ", "AOPX"),
    ("да нет жок", "ДA HET ЖOK"),
    ("В is no V", "B IS NO V"),
    ("ＯＰＮ５１９１", "OPN5191"),
    ("𝐀𝟏", "A1"),
    ("٥١٩١ ५१९१ ໑", "5191 5191 1"),
    ("A\u200b1\u200e\u2060\ufeff\u00ad", "A1"),
    ("1\ufe0f\u20e3", "1"),
    ("№5191", "№5191"),
    ("yo'q yo’q yoʻq yo`q", "YOQ YOQ YOQ YOQ"),
    ("T'5", "T 5"),
    ("T-5 T−5 T‐5 T‑5", "T-5 T-5 T-5 T-5"),
    ("T–5 T—5", "T 5 T 5"),
    ("«A1» “B2” [C3]", " A1   B2   C3 "),
    ("A1👍🏽B2", "A1  B2"),
    ("~5 ≈5 5‰", "%5 %5 5%"),
    ("A| B| T|0", "AI BI TI0"),
    ("OPN | A1 | B = |", "OPN   A1   B    "),
    ("OPN | A1 | T30|", "OPN   A1   T30¦"),
    ("A|\u20e3 yo\u200b'\u200dq", "AI YOQ"),
    ("A\u00a01\r\n", "A 1  "),
]

UNREADABLE = ["²", "½", "①", "º", "Ⅰ", "ﬁ", "ß", "1\u0336", "A\u0301", "З", "Ж"]


@pytest.mark.parametrize(("raw", "folded"), FOLDED)
def test_look_alikes_digits_and_separators_are_folded(raw: str, folded: str) -> None:
    assert fold(raw).text == folded


@pytest.mark.parametrize("raw", UNREADABLE)
def test_what_only_resembles_a_letter_or_digit_in_part_stays_unreadable(raw: str) -> None:
    assert not set(fold(raw).text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


def test_the_two_spellings_of_a_composed_letter_are_one() -> None:
    assert fold("Й").text == fold(unicodedata.normalize("NFD", "Й")).text == "Й"


def test_words_of_other_scripts_stay_apart() -> None:
    assert folded_words("हाँ") != folded_words("नहीं")


def test_a_span_covers_all_raw_characters_behind_it() -> None:
    folded = fold("K\u200b1️⃣4")
    assert folded.text == "K14"
    assert folded.span(1, 3) == (2, 6)
    assert folded.span(3, 3) == (6, 6)


@given(st.text(max_size=60))
def test_any_text_is_folded_in_order(raw: str) -> None:
    folded = fold(raw)
    spans = [folded.span(index, index + 1) for index in range(len(folded.text))]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(raw) for start, end in spans)
