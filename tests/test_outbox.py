from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from bots.gateway import DeliveryState, DeliveryStatus, SendError
from hub import outbox
from hub.database import reading, writing
from hub.models import OutboxRow
from hub.outbox import CRITICAL, LEASE, REPLY, Draft, Due

NOW = datetime(2030, 3, 10, 8, tzinfo=UTC)


def draft(text: str = "hello", priority: int = REPLY, dedup: str | None = None, channel: str = "sms") -> Draft:
    return Draft("reply", priority, channel, b"sealed", text, dedup=dedup)


def put(engine: Engine, *drafts: Draft) -> None:
    with writing(engine) as session:
        outbox.enqueue(session, drafts, NOW)


def claim(engine: Engine, now: datetime = NOW, limit: int = 10) -> list[Due]:
    with writing(engine) as session:
        return outbox.claim(session, ["sms"], now, limit)


def state(engine: Engine) -> str:
    with reading(engine) as session:
        return session.scalars(select(OutboxRow.state)).one()


def test_critical_pushes_go_first_and_other_channels_wait_for_their_own(engine: Engine) -> None:
    put(engine, draft("reply"), draft("push", CRITICAL), draft("elsewhere", channel="telegram"))
    assert [due.text for due in claim(engine)] == ["push", "reply"]


def test_what_must_go_once_goes_once(engine: Engine) -> None:
    put(engine, draft(dedup="alert:1:7"), draft(dedup="alert:1:7"))
    put(engine, draft(dedup="alert:1:7"))
    assert len(claim(engine)) == 1


def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(engine: Engine) -> None:
    put(engine, draft())
    assert len(claim(engine)) == 1
    assert claim(engine, NOW + LEASE) == []
    assert len(claim(engine, NOW + LEASE * 1.1)) == 1


def test_a_lease_that_runs_out_sends_once_more_and_then_never(engine: Engine) -> None:
    put(engine, draft("alert", CRITICAL))
    for n in range(5):
        claim(engine, NOW + n * 2 * LEASE)
    with reading(engine) as session:
        assert session.execute(select(OutboxRow.state, OutboxRow.attempts)).one() == ("unknown", 2)


def test_success_needs_no_lease(engine: Engine) -> None:
    put(engine, draft())
    [due] = claim(engine)
    claim(engine, NOW + 2 * LEASE)
    with writing(engine) as session:
        outbox.sent(session, due.id, "SM1", NOW)
    assert state(engine) == "sent"


@pytest.mark.parametrize(
    ("priority", "error", "expected"),
    [
        (REPLY, SendError("no such number", permanent=True), "failed"),
        (REPLY, SendError("busy"), "pending"),
        (REPLY, SendError("wait", retry_after=7), "pending"),
        (REPLY, SendError("answer lost", unknown=True), "unknown"),
        (CRITICAL, SendError("answer lost", unknown=True), "pending"),
    ],
)
def test_what_becomes_of_a_refusal(engine: Engine, priority: int, error: SendError, expected: str) -> None:
    put(engine, draft(priority=priority))
    [due] = claim(engine)
    with writing(engine) as session:
        assert outbox.refused(session, due, error, NOW) == expected
    assert state(engine) == expected


def test_a_critical_message_whose_answer_is_lost_twice_is_not_sent_a_third_time(engine: Engine) -> None:
    put(engine, draft(priority=CRITICAL))
    for n in range(2):
        [due] = claim(engine, NOW + timedelta(minutes=10 * n))
        with writing(engine) as session:
            outbox.refused(session, due, SendError("answer lost", unknown=True), NOW)
    assert (state(engine), claim(engine, NOW + timedelta(hours=1))) == ("unknown", [])


def test_a_wait_the_provider_asks_for_is_kept(engine: Engine) -> None:
    put(engine, draft())
    [due] = claim(engine)
    with writing(engine) as session:
        outbox.refused(session, due, SendError("429", retry_after=30), NOW)
    assert claim(engine, NOW + timedelta(seconds=29)) == []
    assert len(claim(engine, NOW + timedelta(seconds=31))) == 1


def test_attempts_are_capped(engine: Engine) -> None:
    put(engine, draft())
    for n in range(20):
        for due in claim(engine, NOW + timedelta(hours=n)):
            with writing(engine) as session:
                outbox.refused(session, due, SendError("busy"), NOW)
    assert state(engine) == "failed"


def test_a_delivery_status_never_goes_back(engine: Engine) -> None:
    put(engine, draft())
    [due] = claim(engine)
    with writing(engine) as session:
        outbox.sent(session, due.id, "SM1", NOW)
    seen: list[str] = []
    reports: list[DeliveryState] = ["sent", "delivered", "sent", "failed"]
    for reported in reports:
        with writing(engine) as session:
            outbox.report(session, DeliveryStatus("twilio", "SM1", reported), NOW)
        seen.append(state(engine))
    assert seen == ["sent", "delivered", "delivered", "delivered"]


def test_a_report_of_a_message_that_is_not_ours_changes_nothing(engine: Engine) -> None:
    put(engine, draft())
    for reference in ("", "out-", "out-99999999999999999999", "out-7", "out-²"):
        with writing(engine) as session:
            assert outbox.report(session, DeliveryStatus("twilio", "SM404", "failed", "", reference), NOW) is None
    assert state(engine) == "pending"


def test_a_report_with_our_reference_finds_the_message_whose_answer_was_lost(engine: Engine) -> None:
    put(engine, draft())
    [due] = claim(engine)
    with writing(engine) as session:
        outbox.refused(session, due, SendError("lost", unknown=True), NOW)
    assert state(engine) == "unknown"
    with writing(engine) as session:
        status = DeliveryStatus("twilio", "SM1", "delivered", "", outbox.reference(due.id))
        assert outbox.report(session, status, NOW) is None
    assert state(engine) == "delivered"


def test_a_report_of_failure_gives_the_message_back_once(engine: Engine) -> None:
    put(engine, draft())
    [due] = claim(engine)
    with writing(engine) as session:
        outbox.sent(session, due.id, "SM1", NOW)
        failed = outbox.report(session, DeliveryStatus("twilio", "SM1", "failed", "30005"), NOW)
        again = outbox.report(session, DeliveryStatus("twilio", "SM1", "failed", "30005"), NOW)
    assert (failed and failed.id, again) == (due.id, None)
