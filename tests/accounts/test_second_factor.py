"""Setting a second factor up, giving it, and losing it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from hub import audit
from hub.accounts import accounts, second_factor, sessions, totp
from hub.accounts.accounts import Locked
from hub.accounts.sessions import Limits
from hub.audit import Wanted
from hub.database import reading, writing
from hub.models import AccountRow, RecoveryCodeRow
from hub.vault import Vault

NOW = datetime(2030, 3, 10, 7, 40, tzinfo=UTC)
VAULT = Vault("s" * 40)


def enrolled(engine: Engine) -> tuple[int, bytes, list[str]]:
    """An account with a second factor: its id, the secret, the recovery codes."""
    with writing(engine) as session:
        accounts.create(session, "anna", "operator", "en")
        account_id = accounts.listing(session)[0].id
        secret = second_factor.begin(session, VAULT, account_id)
        codes = second_factor.confirm(session, VAULT, account_id, now_code(secret, -1), NOW)
    assert codes is not None
    return account_id, secret, codes


def now_code(secret: bytes, steps: int = 0) -> str:
    return totp.code(secret, totp.step_at(NOW) + steps)


def test_a_second_factor_is_on_once_a_code_of_it_came(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as session:
        accounts.create(session, "anna", "operator", "en")
        account_id = accounts.listing(session)[0].id
        assert second_factor.confirm(session, VAULT, account_id, "123456", NOW) is None
        secret = second_factor.begin(session, VAULT, account_id)
        assert second_factor.confirm(session, VAULT, account_id, now_code(secret, 5), NOW) is None
        assert not second_factor.has(session, account_id)
        spaced = f"{now_code(secret)[:3]} {now_code(secret)[3:]}"
        codes = second_factor.confirm(session, VAULT, account_id, spaced, NOW)
        assert codes is not None
        assert len(set(codes)) == second_factor.RECOVERY_CODES
        assert second_factor.has(session, account_id)
        row = session.get_one(AccountRow, account_id)
        assert row.totp_secret is not None
        assert secret not in row.totp_secret  # sealed


def test_each_code_is_accepted_once(engine: Engine) -> None:
    account_id, secret, _ = enrolled(engine)
    for typed, proof in [
        (now_code(secret, -1), None),  # it was given at the enrolment
        (now_code(secret), "app"),
        (now_code(secret), None),
        (now_code(secret, 1), "app"),
        (now_code(secret), None),
    ]:
        with writing(engine) as session:
            assert second_factor.prove(session, VAULT, account_id, typed, NOW) == proof


def test_each_recovery_code_works_once_however_it_is_typed(engine: Engine) -> None:
    account_id, _, codes = enrolled(engine)
    with writing(engine) as session:
        assert codes[0].replace("-", "").encode() not in session.scalars(select(RecoveryCodeRow.digest)).all()
        assert second_factor.prove(session, VAULT, account_id, codes[0], NOW) == "recovery"
        assert second_factor.prove(session, VAULT, account_id, codes[0], NOW) is None
        assert second_factor.prove(session, VAULT, account_id, codes[1].upper().replace("-", " "), NOW) == "recovery"
        assert second_factor.recovery_codes_left(session, account_id) == 8


def test_a_new_phone_ends_the_old_codes_only_when_it_is_confirmed(sqlite_engine: Engine) -> None:
    account_id, old, codes = enrolled(sqlite_engine)
    with writing(sqlite_engine) as session:
        new = second_factor.begin(session, VAULT, account_id)
        assert second_factor.prove(session, VAULT, account_id, now_code(old), NOW) == "app"
        assert second_factor.confirm(session, VAULT, account_id, now_code(new), NOW) is not None
        assert second_factor.prove(session, VAULT, account_id, now_code(old, 1), NOW) is None
        assert second_factor.prove(session, VAULT, account_id, codes[0], NOW) is None
        assert second_factor.prove(session, VAULT, account_id, now_code(new, 1), NOW) == "app"
        second_factor.reset(session, account_id)
        assert not second_factor.has(session, account_id)
        assert second_factor.recovery_codes_left(session, account_id) == 0


def test_wrong_codes_are_slowed_for_longer_and_the_password_does_not_forget_them(sqlite_engine: Engine) -> None:
    account_id, _, _ = enrolled(sqlite_engine)
    now, waits = NOW, []
    for _ in range(20):
        with writing(sqlite_engine) as session:
            locked = accounts.attempt_code(session, account_id, now)
            if locked is None:
                continue
            waits.append(locked.until - now)
            now = locked.until
            assert not isinstance(accounts.attempt(session, "anna", now), Locked)
            accounts.holds(session, account_id)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=2)
    assert waits[-1] > accounts.LONGEST_LOCK
    with writing(sqlite_engine) as session:
        accounts.admit(session, account_id)
        assert accounts.attempt_code(session, account_id, now) is None
        assert accounts.attempt_code(session, account_id, now) is None


def test_a_log_in_that_stopped_halfway_is_soon_worth_nothing(sqlite_engine: Engine) -> None:
    account_id, _, _ = enrolled(sqlite_engine)
    soon, late = NOW + sessions.HALFWAY, NOW + sessions.HALFWAY + timedelta(seconds=1)
    with writing(sqlite_engine) as session:
        halfway = sessions.begin(session, account_id, "10.0.0.1", NOW)
        whole = sessions.begin(session, account_id, "10.0.0.1", NOW, device="Firefox · Windows", proved=True)
        assert sessions.find(session, halfway, soon, Limits()) is not None
        assert sessions.find(session, halfway, late, Limits()) is None
        assert sessions.find(session, whole, late, Limits()) is not None
        assert [it.device for it in sessions.of(session, account_id, late, Limits())] == ["Firefox · Windows"]


def test_a_made_password_must_be_changed_and_an_own_one_must_not(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as session:
        accounts.create(session, "anna", "operator", "en")
        accounts.create(session, "bolot", "operator", "en", password="blue-kettle-92-river")
        anna, bolot = accounts.listing(session)
        assert (anna.must_change, bolot.must_change) == (True, False)
        accounts.set_password(session, anna.id, accounts.hashed("green-kettle-92-river"))
        accounts.new_password(session, bolot.id)
    with reading(sqlite_engine) as session:
        assert [it.must_change for it in accounts.listing(session)] == [False, True]


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit(engine: Engine, statement: str) -> None:
    with writing(engine) as session:
        audit.record(session, "login", NOW)
    with pytest.raises(DBAPIError, match="the audit is never changed"), writing(engine) as session:
        session.execute(text(statement))
    with reading(engine) as session:
        assert [it.action for it in audit.recent(session, Wanted())] == ["login"]


def test_postgresql_refuses_to_empty_the_audit_at_once(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return  # the other has no TRUNCATE
    with pytest.raises(DBAPIError, match="the audit is never changed"), writing(engine) as session:
        session.execute(text("TRUNCATE audit"))


def test_the_audit_is_searched_by_person_action_subject_and_time_page_by_page(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as session:
        accounts.create(session, "anna", "operator", "en")
        anna = accounts.listing(session)[0].id
        for minute in range(6):
            at, who = NOW + timedelta(minutes=minute), anna if minute % 2 else None
            audit.record(session, "save" if minute < 4 else "claim", at, account_id=who, subject=f"item {minute}")
    with reading(sqlite_engine) as session:

        def found(wanted: Wanted, before: int = 0, limit: int = 100) -> list[str]:
            return [it.subject[5:] for it in audit.recent(session, wanted, before=before, limit=limit)]

        assert found(Wanted()) == ["5", "4", "3", "2", "1", "0"]
        assert found(Wanted(who="anna")) == ["5", "3", "1"]
        assert found(Wanted(action="claim")) == ["5", "4"]
        assert found(Wanted(words="ITEM 3")) == ["3"]
        assert found(Wanted(words="%")) == []
        since, until = NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)
        assert found(Wanted(since=since, until=until)) == ["2", "1"]
        page = audit.recent(session, Wanted(), limit=4)
        assert found(Wanted(), before=page[-1].id) == ["1", "0"]
        assert audit.actions(session) == ["claim", "save"]
