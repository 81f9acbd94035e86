"""An undo on both databases: the record and the item as they were, and nothing goes out."""

from __future__ import annotations

from sqlalchemy import select

from hub.database import writing
from hub.desk import deeds, queue
from hub.intake import corrections, undoing
from hub.models import AccountRow, StationRecordRow
from tests.journeys.town import Town

A1 = "+237670000001"


async def test_a_correction_undone_never_goes_out_and_leaves_no_trace_in_the_record(town: Town) -> None:
    await town.sms(A1, "SET 10001 H0715 M1 A7")
    await town.work()
    town.told()
    [item] = town.desk()
    with writing(town.hub.engine) as session:
        account = AccountRow(name="op", role="operator", language="en", password_hash="-")
        session.add(account)
        session.flush()
        operator = account.id
        before = session.scalars(select(StationRecordRow.by_observer)).one()
        queue.claim(session, item.id, operator, town.hub.timer())
        corrections.save(
            session,
            town.hub,
            item_id=item.id,
            text="SET H0730 M1 A1",
            account_id=operator,
            reason="",
            now=town.clock[0],
        )
    assert town.desk() == []
    with writing(town.hub.engine) as session:
        deed = deeds.last(session, operator, town.hub.timer())
        assert deed is not None
        undoing.undo(session, town.hub, deed.id, operator, town.clock[0])
    await town.undo_no_more()
    with town.session() as session:
        assert session.scalars(select(StationRecordRow.by_observer)).one() == before
    assert [(it.id, it.claimed_by) for it in town.desk()] == [(item.id, operator)]
    assert [it.outcome for it in town.submissions()] == ["partial", "accepted", "partial"]
    assert town.told() == []
