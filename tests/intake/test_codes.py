"""Reports that their observers prove with a code: entered with a good one; without, kept until somebody has called."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.console.app import console
from hub.database import writing
from hub.election.definition import Proof
from hub.intake import corrections, proving
from hub.models import (
    AccountRow,
    AuditRow,
    IncidentRow,
    JournalRow,
    OutboxRow,
    ProofRow,
    StationRecordRow,
    SubmissionRow,
    TallyRow,
    WorkItemRow,
)
from hub.sample import proofs
from hub.sample.roster import NotPossible
from tests.console.house import A1, A2, House, build, open_house

TALLY, CHANGED = "TAL R900 V50 YA20 YB30", "TAL R900 V50 YA5 YB45"


@pytest.fixture
def house(engine: Engine) -> House:
    return opened(engine, Proof(forms=("TAL",), incidents="critical"))


def opened(engine: Engine, proof: Proof) -> House:
    build(engine)
    house = open_house(engine)
    house.clock[0] += timedelta(hours=14)  # the count is over
    hub = replace(house.hub, election=house.hub.election.model_copy(update={"proof": proof}))
    return House(hub, console(hub), house.clock)


def codes(house: House, person: str = "A1") -> tuple[str, ...]:
    with writing(house.hub.engine) as session:
        [sheet] = proofs.issue(session, house.hub.vault, house.hub.election.proof.by, [person], house.clock[0])
    return sheet.codes


def outcomes(house: House) -> list[str]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))


def sun(house: House) -> str | None:
    with Session(house.hub.engine) as session:
        found = session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == "TAL")).first()
        return found["YA"] if found else None


def open_items(house: House) -> list[tuple[int, dict[str, object]]]:
    with Session(house.hub.engine) as session:
        rows = select(WorkItemRow).where(WorkItemRow.kind == "message", WorkItemRow.closed_at.is_(None))
        return [(row.severity, row.detail) for row in session.scalars(rows.order_by(WorkItemRow.id))]


def said(house: House) -> str:
    with Session(house.hub.engine) as session:
        return session.scalars(select(OutboxRow.text).order_by(OutboxRow.id.desc())).first() or ""


def test_a_result_with_its_pin_is_entered_and_one_without_waits_for_a_call(house: House) -> None:
    [pin] = codes(house)
    house.text(A1, f"{TALLY} PIN {pin}")
    assert (sun(house), outcomes(house)) == ("20", ["accepted"])
    house.text(A1, CHANGED)
    assert (sun(house), outcomes(house)) == ("20", ["accepted", "rejected"])
    assert open_items(house) == [(1, {"call_back": True, "proof": "missing"})]
    assert "TAL 10001 R900 V50 YA5 YB45" in said(house)  # what it was, for whoever did not send it
    house.text(A1, f"{CHANGED} pin{pin}")
    assert sun(house) == "5"
    assert open_items(house) == []  # nobody needs to call about the same


def test_the_same_again_other_forms_and_plain_incidents_need_none(house: House) -> None:
    [pin] = codes(house)
    for text in (f"{TALLY} PIN {pin}", TALLY, "SET H0715 M1 A1", "ALR 201 a queue"):
        house.text(A1, text)
    assert outcomes(house) == ["accepted", "duplicate", "accepted", "accepted"]


def test_a_code_by_itself_proves_the_one_report_that_waits_for_it(house: House) -> None:
    [pin] = codes(house)
    house.text(A1, TALLY)
    house.text(A1, "PIN 000000" if pin != "000000" else "PIN 111111")
    assert "wrong" in said(house).lower() or "faux" in said(house)
    assert len(open_items(house)) == 1
    house.text(A1, f"Pin: {pin}")
    assert (sun(house), outcomes(house)[-1], open_items(house)) == ("20", "accepted", [])
    house.text(A1, f"PIN {pin}")
    assert said(house) == house.hub.election.replies["proof_whole"]["fr"]


def test_a_code_by_itself_proves_nothing_where_two_reports_wait_and_one_may_be_forged(house: House) -> None:
    [pin] = codes(house)
    house.text(A1, CHANGED)
    house.text(A1, TALLY)
    house.text(A1, f"PIN {pin}")
    assert sun(house) is None
    house.text(A1, f"{TALLY} PIN {pin}")
    assert sun(house) == "20"
    assert len(open_items(house)) == 1  # the forged one is still to be called about


def test_a_code_of_a_sheet_is_good_once_and_only_for_its_owner(engine: Engine) -> None:
    house = opened(engine, Proof(forms=("TAL",), by="sheet"))
    first, second, *rest = codes(house)
    assert len({first, second, *rest}) == proofs.LINES
    house.text(A2, f"{TALLY} PIN {first}")
    assert sun(house) is None
    house.text(A1, f"{TALLY} PIN {second}")
    assert sun(house) == "20"
    house.text(A1, f"{CHANGED} PIN {second}")
    assert sun(house) == "20"
    house.text(A1, f"{CHANGED} PIN {first}")
    assert sun(house) == "5"
    with Session(engine) as session:
        used = set(session.scalars(select(ProofRow.used_by).where(ProofRow.used_by.is_not(None))))
        assert used == {2, 4}


def test_who_guesses_is_not_looked_at_for_an_hour_and_heard_all_the_same(house: House) -> None:
    [pin] = codes(house)
    for guess in range(proofs.WRONG):
        house.text(A1, f"TAL R900 V50 YA{guess} YB{50 - guess} PIN {(int(pin) + 1 + guess) % 10**6:06}")
    house.text(A1, f"{TALLY} PIN {pin}")
    assert sun(house) is None
    assert len(open_items(house)) == proofs.WRONG + 1  # each is a call
    house.clock[0] += proofs.WINDOW
    house.text(A1, f"{TALLY} PIN {pin}")
    assert sun(house) == "20"


def test_of_a_flood_in_an_observers_name_the_desk_gets_some_and_one_for_the_rest_and_the_observer_is_heard(
    house: House,
) -> None:
    [pin] = codes(house)
    for votes in range(proving.CALLS + 7):
        house.text(A1, f"TAL R900 V{votes} YA{votes} YB0")
    items = open_items(house)
    assert [("call_back" in detail, "flood" in detail) for _, detail in items] == [
        *[(True, False)] * proving.CALLS,
        (True, True),
    ]
    assert outcomes(house) == ["rejected"] * (proving.CALLS + 7)  # kept, all of them
    house.text(A2, TALLY)
    assert len(open_items(house)) == proving.CALLS + 2
    house.text(A1, f"{TALLY} PIN {pin}")
    assert (outcomes(house)[-1], sun(house)) == ("accepted", "20")


def test_a_critical_incident_is_asked_for_its_code_and_a_call_for_help_never(house: House) -> None:
    [pin] = codes(house)
    house.text(A1, "ALR 101 they fight")
    with Session(house.hub.engine) as session:
        assert session.scalars(select(IncidentRow)).all() == []
    house.text(A1, f"PIN {pin}")
    with Session(house.hub.engine) as session:
        assert [it.description for it in session.scalars(select(IncidentRow))] == ["they fight"]
    assert open_items(house) == []
    house.text(A1, "SOS")
    assert outcomes(house)[-1] == "command"


def test_the_desk_needs_no_code_once_it_has_called(house: House) -> None:
    codes(house)
    house.text(A1, TALLY)
    with Session(house.hub.engine) as session:
        operator = session.scalars(select(AccountRow.id).where(AccountRow.name == "operator-1")).one()
    item = house.item()
    with writing(house.hub.engine) as session:
        corrections.save(
            session,
            house.hub,
            item_id=item,
            text=f"{TALLY} PIN 482193",
            account_id=operator,
            reason="called",
            now=house.clock[0],
        )
        assert session.scalars(select(JournalRow.text).order_by(JournalRow.id)).all()[1] == f"{TALLY} PIN ••••"
    assert (sun(house), open_items(house)) == ("20", [])


async def test_the_desk_is_told_what_to_ask(house: House) -> None:
    house.text(A1, TALLY)
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item()}")).text
    assert "without the observer" in page
    assert "changed from a new number" not in page


def test_no_code_is_in_the_clear_anywhere(house: House) -> None:
    [pin] = codes(house)
    house.text(A1, f"{TALLY} PIN {pin}")
    house.text(A1, TALLY.replace("YA20 YB30", "YA21 YB29"))
    house.text(A1, f"PIN {pin}")
    with Session(house.hub.engine) as session:
        for table in (JournalRow, OutboxRow, SubmissionRow, WorkItemRow, ProofRow, TallyRow, AuditRow):
            for row in session.scalars(select(table)):
                values = [getattr(row, column.key) for column in table.__table__.columns]
                assert pin not in repr(values), table
                assert pin.encode() not in b"".join(it for it in values if isinstance(it, bytes))
        texts = list(session.scalars(select(JournalRow.text).order_by(JournalRow.id)))
        assert texts[0] == f"{TALLY} PIN ••••"
        assert texts[2:] == ["PIN ••••", "TAL R900 V50 YA21 YB29"]


def test_new_codes_end_the_old_ones_and_revoked_ones_prove_nothing(house: House) -> None:
    [old], [new] = codes(house), codes(house)
    house.text(A1, f"{TALLY} PIN {old}")
    assert (sun(house) is None) == (old != new)
    house.text(A1, f"{TALLY} PIN {new}")
    assert sun(house) == "20"
    with writing(house.hub.engine) as session:
        assert proofs.revoke(session, "A1", house.clock[0]) == 1
    house.text(A1, f"{CHANGED} PIN {new}")
    assert sun(house) == "20"
    assert house.audited() == ["codes_issued", "codes_issued", "codes_revoked"]


def test_all_in_the_field_who_have_none_get_codes_and_who_is_unknown_is_named(house: House) -> None:
    codes(house, "A2")
    with writing(house.hub.engine) as session:
        lacking = proofs.lacking(session)
        sheets = proofs.issue(session, house.hub.vault, "sheet", (), house.clock[0])
        assert [sheet.person for sheet in sheets] == lacking
        assert "A2" not in lacking
        assert proofs.lacking(session) == []
        with pytest.raises(NotPossible, match="no active person A99"):
            proofs.issue(session, house.hub.vault, "sheet", ["A99"], house.clock[0])
