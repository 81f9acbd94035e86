"""Results that are changed from a number that was not the observer's before wait for a call back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.database import writing
from hub.election import configuration
from hub.intake import corrections, proving
from hub.models import AccountRow, OutboxRow, PersonRow, StationRecordRow, SubmissionRow, WorkItemRow
from hub.sample import links
from tests.console.house import A1, House, build, open_house

NEW = "+237699000111"
TALLY, CHANGED = "TAL R900 V50 YA20 YB30", "TAL R900 V50 YA5 YB45"
ELECTIONS = Path(__file__).parent.parent / "elections"


@pytest.fixture
def house(engine: Engine) -> House:
    build(engine)
    house = open_house(engine)
    house.clock[0] += timedelta(hours=14)  # the count is over
    return house


def _link(house: House) -> None:
    """An operator has been persuaded that this is the observer's new number."""
    house.clock[0] += timedelta(minutes=5)
    with writing(house.hub.engine) as session:
        person = session.scalars(select(PersonRow.id).where(PersonRow.code == "A1")).one()
        links.adopt(session, house.hub.vault, person, "sms", house.hub.vault.seal(NEW.encode()), 1, house.clock[0])
    house.clock[0] += timedelta(minutes=5)


def _sun(house: House) -> str:
    with Session(house.hub.engine) as session:
        answers: str = session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == "TAL")).one()[
            "YA"
        ]
    return answers


def _outcomes(house: House) -> list[str]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))


def test_a_change_from_a_new_number_is_kept_and_not_entered_until_the_observer_was_called(house: House) -> None:
    house.text(A1, TALLY)
    _link(house)
    house.text(NEW, CHANGED)
    assert (_sun(house), _outcomes(house)) == ("20", ["accepted", "rejected"])
    with Session(house.hub.engine) as session:
        item = session.scalars(select(WorkItemRow).where(WorkItemRow.kind == "message")).one()
        assert (item.severity, item.detail) == (1, {"call_back": True})
        reply = session.scalars(select(OutboxRow.text).order_by(OutboxRow.id.desc())).first()
        assert reply is not None
        assert "10001" in reply
        operator = session.scalars(select(AccountRow.id).where(AccountRow.name == "operator-1")).one()
    with writing(house.hub.engine) as session:
        corrections.save(
            session,
            house.hub,
            item_id=item.id,
            text=CHANGED,
            account_id=operator,
            reason="called back",
            now=house.clock[0],
        )
    assert (_sun(house), _outcomes(house)) == ("5", ["accepted", "rejected", "accepted"])
    with Session(house.hub.engine) as session:
        closed = session.get_one(WorkItemRow, item.id)
        assert (closed.resolution, closed.closed_by) == ("corrected", operator)


def test_nothing_else_waits(house: House) -> None:
    """Their own number; the same again; another form; a number that was theirs before they reported."""
    house.text(A1, "SET H0715 M1 A1")
    house.text(A1, TALLY)
    _link(house)
    for sender, text in ((NEW, TALLY), (NEW, "SET H0745 M1 A1"), (A1, CHANGED), (NEW, CHANGED), (A1, TALLY)):
        house.text(sender, text)
    assert _outcomes(house)[2:] == ["duplicate", "accepted", "accepted", "duplicate", "accepted"]
    house.text(NEW, "TAL R900 V50 YA6 YB44")
    assert _outcomes(house)[-1] == "accepted"  # what it changes was said after the number was known


def test_results_are_the_protocol_and_what_shares_are_estimated_from() -> None:
    assert proving.results(configuration.load(ELECTIONS / "arvenia").election) == {"TAL"}
