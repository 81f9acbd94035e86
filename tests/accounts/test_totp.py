"""The codes of an authenticator app, against the vectors of RFC 6238, and what a password must not be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.accounts import passwords, totp
from hub.accounts.devices import device

SECRET = b"12345678901234567890"
NOW = datetime(2030, 3, 10, 7, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [  # RFC 6238, appendix B, SHA-1; an app shows the last six of the eight digits
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(SECRET, totp.step_at(moment)) == code
    assert totp.matching(SECRET, code, moment, after=0) == totp.step_at(moment)


@pytest.mark.parametrize(("drift", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_one_step_off(drift: int, taken: bool) -> None:
    here = totp.step_at(NOW)
    found = totp.matching(SECRET, totp.code(SECRET, here + drift), NOW, after=0)
    assert found == (here + drift if taken else None)


def test_a_code_that_was_taken_is_not_taken_again_nor_is_any_before_it() -> None:
    here = totp.step_at(NOW)
    code = totp.code(SECRET, here)
    assert totp.matching(SECRET, code, NOW, after=here) is None
    assert totp.matching(SECRET, totp.code(SECRET, here - 1), NOW, after=here) is None
    later = NOW + timedelta(seconds=totp.PERIOD)
    assert totp.matching(SECRET, totp.code(SECRET, here + 1), later, after=here) == here + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "абвгде", "١٢٣٤٥٦"])
def test_what_is_no_code_proves_nothing(typed: str) -> None:
    assert totp.matching(SECRET, typed, NOW, after=0) is None


def test_the_picture_says_whose_code_it_is() -> None:
    told = totp.uri(SECRET, "anna", "Выборы 2030")
    assert told.startswith("otpauth://totp/%D0%92%D1%8B%D0%B1%D0%BE%D1%80%D1%8B%202030:anna?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in told
    assert len(totp.new_secret()) == 20


@pytest.mark.parametrize(
    "password",
    [
        "blue-kettle-92-river",
        "correct horse battery staple",
        "четыре медленных трамвая",
        "жашыл чайнек көпүрө",
        "xK4_pQ9-vT2z",
        "mmmm velvet cactus",
    ],
)
def test_a_password_that_somebody_thought_of_will_do(password: str) -> None:
    assert passwords.weakness(password, "nurlan") == ""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kettle-river", ""),
        ("kettleriver", "short"),
        ("password1234", "easy"),
        ("P@$$w0rd2030!", "easy"),
        ("Passw0rdPassw0rd", "easy"),
        ("qwertyuiop[]", "easy"),
        ("1q2w3e4r5t6y", "easy"),
        ("zxcvbnm,./123", "easy"),
        ("123456789012", "easy"),
        ("987654321098", "easy"),
        ("aaaaaaaaaaaa", "easy"),
        ("abcabcabcabc", "easy"),
        ("abcdefghijkl", "easy"),
        ("iloveyou2030!!", "easy"),
        ("Welcome2Election", "easy"),
        ("администратор", ""),
        ("йцукенгшщзхъ", "easy"),
        ("пароль123456", "easy"),
        ("наблюдатель1", "easy"),
        ("сырсөз123456", "easy"),
        ("gfhjkm123456", "easy"),
        ("nurlan-nurlan", "easy"),
        ("Nurlan2030!!", "easy"),
        ("november2030", "easy"),
    ],
)
def test_a_password_that_everybody_thinks_of_is_refused(password: str, why: str) -> None:
    assert passwords.weakness(password, "nurlan") == why


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("curl/8", ""),
    ],
)
def test_a_browser_is_told_in_two_words(agent: str, words: str) -> None:
    assert device(agent) == words
