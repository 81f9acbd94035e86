"""An election that wants a code for what is reported: by SMS, on Telegram, at the end of a dialog, and at the desk."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from hub.database import reading, writing
from hub.election.definition import Proof
from hub.intake import corrections
from hub.models import PersonRow, StationRow
from hub.sample import proofs
from tests.journeys.test_dialogs import Phone, record, walk
from tests.journeys.town import Town

A1, A1_TELEGRAM, A2 = "+237670000001", 8100001, "+237670000002"


def sheet(town: Town, person: str = "A1") -> tuple[str, ...]:
    """The election asks for codes of a sheet for SET; this observer's."""
    election = town.hub.election.model_copy(update={"proof": Proof(forms=("SET",), by="sheet")})
    town.hub = replace(town.hub, election=election)
    with writing(town.hub.engine) as session:
        [printed] = proofs.issue(session, town.hub.vault, "sheet", [person], town.hub.clock())
    return printed.codes


async def test_a_text_with_a_line_of_the_sheet_is_entered_by_sms_and_on_telegram(town: Town) -> None:
    first, second, *_ = sheet(town)
    await town.sms(A1, f"SET H0715 M1 A1 PIN {first}")
    await town.work()
    assert town.told() == [(A1, "SET 10001 : reçu. H07:15 M1 A1")]
    await town.telegram(A1_TELEGRAM, f"set h0720 pin{second}")
    await town.work()
    assert record(town, "SET")["H"] == "07:20"
    assert [row.text for row in town.journal()] == ["SET H0715 M1 A1 PIN ••••", "set h0720 pin••••"]


async def test_a_spoofed_report_waits_at_the_desk_and_its_alleged_sender_hears_of_it(town: Town) -> None:
    sheet(town)
    await town.sms(A1, "SET H0915 M1,2,3 A1")
    await town.work()
    [(number, words)] = town.told()
    assert (number, record(town, "SET")) == (A1, {})
    assert words.startswith("SET 10001 H09:15 M1,2,3 A1 : gardé, non saisi.")
    [item] = town.desk()
    assert (item.severity, item.detail) == (1, {"call_back": True, "proof": "missing"})


async def test_a_dialog_ends_with_the_code(town: Town) -> None:
    first, second, *_ = sheet(town)
    phone = Phone(town, A1_TELEGRAM)
    await walk(phone, "/start", "7.15", "+encre", "+Terminé", "+oui", "+Passer")
    assert "gardé, non saisi" in await phone.press("Envoyer")
    assert record(town, "SET") == {}
    assert "reçu. H07:15 M1 A1" in await phone.write(f"PIN {first}")
    assert record(town, "SET") == {"H": "07:15", "M": "1", "A": "1"}
    assert town.desk() == []
    assert "Envoyez tout le rapport" in await phone.write(f"PIN {second}")


async def test_what_is_read_out_on_the_phone_needs_none(town: Town) -> None:
    sheet(town)
    with reading(town.hub.engine) as session:
        person = session.scalars(select(PersonRow.id).where(PersonRow.code == "A1")).one()
        station = session.scalars(select(StationRow.id).where(StationRow.code == "10001")).one()
    form = town.hub.election.checklist.form("SET")
    with writing(town.hub.engine) as session:
        refused = corrections.dictate(
            session,
            town.hub,
            station_id=station,
            form=form,
            person_id=person,
            answers={"H": "07:15", "M": "1", "A": "1"},
            account_id=1,
            now=town.hub.clock(),
        )
    assert (refused, record(town, "SET")["H"]) == ((), "07:15")
