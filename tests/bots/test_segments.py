"""Segments by the standard's own borders."""

from __future__ import annotations

import pytest

from bots.segments import count


@pytest.mark.parametrize(
    ("text", "segments", "gsm"),
    [
        ("", 1, True),
        ("a" * 160, 1, True),
        ("a" * 161, 2, True),
        ("a" * 306, 2, True),
        ("a" * 307, 3, True),
        ("€" * 80, 1, True),
        ("€" * 81, 2, True),
        ("€" * 152, 2, True),  # 76 to a segment: an escape is not torn from its letter
        ("€" * 153, 3, True),
        ("ы" * 70, 1, False),
        ("ы" * 71, 2, False),
        ("ы" * 134, 2, False),
        ("ы" * 135, 3, False),
        ("😀" * 35, 1, False),
        ("😀" * 36, 2, False),
        ("😀" * 66, 2, False),
        ("😀" * 67, 3, False),
        ("`", 1, False),
        ("ç", 1, False),
        ("Ç", 1, True),
    ],
)
def test_a_text_takes_as_many_segments(text: str, segments: int, gsm: bool) -> None:
    counted = count(text)
    assert (counted.count, counted.gsm) == (segments, gsm)
