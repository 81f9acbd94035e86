from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.accounts import accounts
from hub.database import reading, writing
from hub.intake import corrections
from hub.models import JournalRow, StationRecordRow, WorkItemRow
from tests.journeys.town import Town, open_town

A1, STRANGER = "+237670000001", "+237699999999"


@pytest.fixture
async def town(engine, database_url):  # type: ignore[no-untyped-def]
    async with open_town(engine, database_url) as town:
        yield town


def operator(town: Town) -> int:
    with writing(town.hub.engine) as session:
        accounts.create(session, "operator-1", "operator", "fr")
    with reading(town.hub.engine) as session:
        from hub.models import AccountRow

        return session.scalars(select(AccountRow.id)).one()


async def test_a_corrected_message_is_stored_for_its_sender_and_the_original_stays(town: Town) -> None:
    await town.sms(A1, "SET 10001 H0715 M1 A7")
    await town.work()
    town.told()
    [item] = town.desk()
    account = operator(town)
    with reading(town.hub.engine) as session:
        assert item.journal_id is not None
        before = corrections.preview(session, town.hub, item.journal_id, "SET 10001 A1")
    assert (before.outcome, before.answers) == ("accepted", {"A": "1"})
    with writing(town.hub.engine) as session:
        corrections.save(
            session,
            town.hub,
            item_id=item.id,
            text="SET 10001 H0715 M1 A1",
            account_id=account,
            reason="called back",
            now=town.clock[0],
        )
    await town.undo_no_more()
    original, correction = town.journal()
    assert (original.text, correction.text) == ("SET 10001 H0715 M1 A7", "SET 10001 H0715 M1 A1")
    assert (correction.corrects, correction.account_id, correction.reason) == (original.id, account, "called back")
    assert [it.outcome for it in town.submissions()] == ["partial", "accepted"]
    assert town.desk() == []
    assert town.told() == [(A1, "SET 10001 : reçu. H07:15 M1 A1")]
    with reading(town.hub.engine) as session:
        closed = session.scalars(select(WorkItemRow)).one()
        assert (closed.resolution, closed.closed_by) == ("corrected", account)
        assert session.scalars(select(StationRecordRow.answers)).one() == {"H": "07:15", "M": "1", "A": "1"}


async def test_a_correction_that_is_still_unsound_leaves_the_item_open_and_tells_nobody(
    town: Town,
) -> None:
    await town.sms(A1, "blah blah")
    await town.work()
    town.told()
    [item] = town.desk()
    account = operator(town)
    with writing(town.hub.engine) as session:
        corrections.save(
            session, town.hub, item_id=item.id, text="SET 20001 A1", account_id=account, reason="", now=town.clock[0]
        )
    await town.work()
    assert [it.id for it in town.desk()] == [item.id]
    assert town.told() == []


async def test_an_unusable_message_is_closed_with_its_reason_and_stays_in_the_journal(town: Town) -> None:
    await town.sms(STRANGER, "hello")
    await town.work()
    [item] = town.desk()
    account = operator(town)
    with writing(town.hub.engine) as session:
        corrections.close(
            session,
            town.hub,
            item_id=item.id,
            account_id=account,
            resolution="unusable",
            reason="spam",
            now=town.clock[0],
        )
    assert town.desk() == []
    with writing(town.hub.engine) as session, pytest.raises(corrections.Gone):
        corrections.close(
            session,
            town.hub,
            item_id=item.id,
            account_id=account,
            resolution="unusable",
            reason="spam",
            now=town.clock[0],
        )
    with reading(town.hub.engine) as session:
        assert session.scalars(select(JournalRow.text)).one() == "hello"
