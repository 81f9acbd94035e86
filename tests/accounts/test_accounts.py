"""Who may log in, and how hard it is for who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from hub import audit
from hub.accounts import accounts, passwords, sessions
from hub.accounts.accounts import AccountRefused, Attempt, Locked
from hub.accounts.sessions import Limits
from hub.audit import Wanted
from hub.database import reading, writing

NOW = datetime(2021, 11, 28, 2, 0, tzinfo=UTC)


def test_an_account_gets_a_password_of_its_own_and_lets_in_with_it(engine: Engine) -> None:
    with writing(engine) as session:
        password = accounts.create(session, "operator-01", "operator", "ru")
    assert len(password) >= passwords.LENGTH
    with writing(engine) as session:
        attempt = accounts.attempt(session, "operator-01", NOW)
    assert isinstance(attempt, Attempt)
    assert not accounts.verify(attempt, "another password")
    assert accounts.verify(attempt, password)
    with writing(engine) as session:
        assert attempt.account_id is not None
        assert accounts.admit(session, attempt.account_id).name == "operator-01"


@pytest.mark.parametrize(
    ("name", "role", "region", "password", "why"),
    [
        ("a", "boss", "", None, "no role"),
        ("a", "coordinator", "", None, "name it"),
        ("a", "operator", "", "short", "too short"),
        ("a", "operator", "", "password1234", "easy to guess"),
        ("a", "operator", "", "aaaaaaaaaaaa", "easy to guess"),
        ("nurlan", "operator", "", "nurlan-november", "easy to guess"),
        ("taken", "operator", "", None, "already"),
    ],
)
def test_an_unsound_account_is_refused(
    sqlite_engine: Engine, name: str, role: str, region: str, password: str | None, why: str
) -> None:
    with writing(sqlite_engine) as session:
        accounts.create(session, "taken", "operator", "en")
        with pytest.raises(AccountRefused, match=why):
            accounts.create(session, name, role, "en", region, password)


def test_an_unknown_and_a_disabled_name_are_verified_like_any_other_and_never_let_in(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as session:
        password = accounts.create(session, "gone", "operator", "en")
        accounts.disable(session, accounts.listing(session)[0].id, NOW)
    for name in ("nobody", "gone"):
        with writing(sqlite_engine) as session:
            attempt = accounts.attempt(session, name, NOW)
        assert isinstance(attempt, Attempt)
        assert not accounts.verify(attempt, password)


def test_after_some_failures_each_further_one_locks_for_longer_but_never_for_long(engine: Engine) -> None:
    with writing(engine) as session:
        accounts.create(session, "operator-01", "operator", "en")
    now, waits = NOW, []
    for _ in range(12):
        with writing(engine) as session:
            answer = accounts.attempt(session, "operator-01", now)
        if isinstance(answer, Locked):
            waits.append(answer.until - now)
            now = answer.until
    assert waits == sorted(waits)
    assert timedelta(seconds=1) < waits[0] < waits[-1] <= accounts.LONGEST_LOCK


def test_a_log_in_holds_by_its_token_until_it_is_idle_too_long_too_old_or_ended(engine: Engine) -> None:
    limits = Limits(idle=timedelta(minutes=30), longest=timedelta(hours=10))
    with writing(engine) as session:
        accounts.create(session, "operator-01", "operator", "en")
        account_id = accounts.listing(session)[0].id
        token = sessions.begin(session, account_id, "10.0.0.1", NOW)
    with reading(engine) as session:
        login = sessions.find(session, token, NOW, limits)
        assert login is not None
        assert login.account.name == "operator-01"
        assert sessions.find(session, token + "x", NOW, limits) is None
        assert sessions.find(session, token, NOW + limits.idle + timedelta(seconds=1), limits) is None
    with writing(engine) as session:
        late = NOW + limits.longest
        sessions.touch(session, login.id, late)
        assert sessions.find(session, token, late, limits) is not None
        assert sessions.find(session, token, late + timedelta(seconds=1), limits) is None
        assert sessions.live(session, late, limits) == {account_id: [late]}
        assert sessions.revoke(session, account_id) == 1
        assert sessions.find(session, token, NOW, limits) is None


def test_the_audit_tells_who_did_what_newest_first(engine: Engine) -> None:
    with writing(engine) as session:
        accounts.create(session, "operator-01", "operator", "en")
        account_id = accounts.listing(session)[0].id
        audit.record(session, "login_failed", NOW, subject="somebody", address="10.0.0.1")
        audit.record(session, "save", NOW, account_id=account_id, before={"text": "A"}, after={"text": "B"})
    with reading(engine) as session:
        newest, oldest = audit.recent(session, Wanted())
        assert (newest.who, newest.action, newest.before, newest.after) == (
            "operator-01",
            "save",
            {"text": "A"},
            {"text": "B"},
        )
        assert (oldest.who, oldest.action, oldest.subject) == ("", "login_failed", "somebody")
        assert audit.recent(session, Wanted(who="operator-01")) == [newest]
        assert audit.recent(session, Wanted(action="login_failed")) == [oldest]
