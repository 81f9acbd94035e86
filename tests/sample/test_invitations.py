"""One-time codes: ten minutes, once, and guessing is stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from hub.database import reading, writing
from hub.models import InvitationRow, WrongCodeRow
from hub.sample import invitations
from hub.sample.invitations import Refusal, locked
from hub.sample.roster import NotPossible
from tests.sample.people import NOW, VAULT

ME, OTHER = b"account of mine..", b"another account.."
MINUTE = timedelta(minutes=1)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def invite(engine: Engine, person: str = "A1", now: datetime = NOW) -> str:
    with writing(engine) as session:
        return invitations.invite(session, VAULT, person, now).code


def redeem(engine: Engine, code: str, at: datetime = NOW, sender: bytes = ME) -> int | Refusal:
    with writing(engine) as session:
        return invitations.redeem(session, VAULT, code, sender, at)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_a_code_is_good_once_within_ten_minutes_and_kept_only_as_a_hash(loaded: Engine) -> None:
    code = invite(loaded)
    assert (len(code), code.isdecimal()) == (8, True)
    with reading(loaded) as session:
        [row] = session.scalars(select(InvitationRow))
        assert code.encode() not in row.digest
        assert row.expires_at - row.made_at == 10 * MINUTE
    assert redeem(loaded, code, NOW + 9 * MINUTE) == 1
    assert redeem(loaded, code, NOW + 9 * MINUTE) == Refusal(locked=False)


@on_sqlite
def test_a_code_ends_after_ten_minutes_and_when_a_new_one_is_made(loaded: Engine) -> None:
    assert isinstance(redeem(loaded, invite(loaded), NOW + 10 * MINUTE), Refusal)
    first = invite(loaded)
    second = invite(loaded, now=NOW + MINUTE)
    assert isinstance(redeem(loaded, first, NOW + 2 * MINUTE), Refusal)
    assert redeem(loaded, second, NOW + 2 * MINUTE) == 1


@on_sqlite
def test_after_five_wrong_codes_an_account_is_not_heard_for_ten_minutes_and_others_are(loaded: Engine) -> None:
    code = invite(loaded)
    refused = [redeem(loaded, wrong(code), sender=ME) for _ in range(5)]
    assert refused == [*[Refusal(locked=False)] * 4, Refusal(locked=False, begins="account")]
    assert redeem(loaded, code, sender=ME) == Refusal(locked=True)
    assert redeem(loaded, code, sender=OTHER) == 1
    later = NOW + 10 * MINUTE
    assert redeem(loaded, invite(loaded, now=later), later, sender=ME) == 1


@on_sqlite
def test_after_twenty_wrong_codes_of_many_accounts_nobody_is_heard(loaded: Engine) -> None:
    code = invite(loaded)
    refused = [redeem(loaded, wrong(code), sender=b"%016d" % number) for number in range(20)]
    assert refused[-1] == Refusal(locked=False, begins="everybody")
    assert redeem(loaded, code, NOW + 9 * MINUTE, sender=ME) == Refusal(locked=True)


def test_many_accounts_that_guess_at_once_get_no_more_tries_than_one_after_the_other(loaded: Engine) -> None:
    code = invite(loaded)
    with ThreadPoolExecutor(8) as guessing:
        made = list(guessing.map(lambda n: redeem(loaded, wrong(code), sender=b"%016d" % n), range(40)))
    assert made.count(Refusal(locked=True)) == 20
    with reading(loaded) as session:
        assert len(session.scalars(select(WrongCodeRow)).all()) == 20


def test_one_code_that_two_send_at_once_is_good_for_one(loaded: Engine) -> None:
    code = invite(loaded)
    with ThreadPoolExecutor(4) as sending:
        made = list(sending.map(lambda n: redeem(loaded, code, sender=b"%016d" % n), range(4)))
    assert made.count(1) == 1


@on_sqlite
@pytest.mark.parametrize("person", ["A9", ""])
def test_there_is_no_code_for_nobody(loaded: Engine, person: str) -> None:
    with pytest.raises(NotPossible):
        invite(loaded, person)


@pytest.mark.parametrize(
    ("minutes", "at", "shut"),
    [
        ([0, 1, 2, 3], 4, False),
        ([0, 1, 2, 3, 4], 4, True),
        ([0, 1, 2, 3, 4], 13, True),
        ([0, 1, 2, 3, 4], 14, False),
        ([0, 3, 6, 9, 12], 12, False),  # never five in ten minutes
        ([0, 3, 6, 9, 12, 12, 13], 20, True),
        ([0, 1, 2, 3, 4], 3, False),  # read in another order than sent
    ],
)
def test_a_lock_lasts_ten_minutes_from_the_wrong_code_that_was_too_many(
    minutes: list[int], at: int, shut: bool
) -> None:
    assert locked([NOW + minute * MINUTE for minute in minutes], 5, NOW + at * MINUTE) is shut
