"""A Telegram account nobody knows becomes an observer's: as dialogues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.database import writing
from hub.intake import pipeline
from hub.models import AuditRow, ContactRow, JournalRow, PersonRow
from hub.sample import importer, invitations, links
from tests.journeys.town import Town, arvenia

A1, A2, A3 = "+237670000001", "+237670000002", "+237670000003"
NEW, OTHER = 8109999, 8108888
UNKNOWN = "Compte inconnu. Partagez votre numéro, ou envoyez le code du coordinateur."


async def share(town: Town, sender: int, phone: str, owner: int = 0) -> None:
    """Presses the button that shares a number; with `owner` passes on somebody else's card."""
    contact = {"phone_number": phone, "user_id": owner or sender}
    chat = {"id": sender, "type": "private"}
    await town.update(
        {"message": {"message_id": 1, "date": 0, "chat": chat, "from": {"id": sender}, "contact": contact}}
    )


def invite(town: Town, person: str) -> str:
    with writing(town.hub.engine) as session:
        return invitations.invite(session, town.hub.vault, person, town.clock[0]).code


def accounts(town: Town) -> dict[str, list[str]]:
    """Who has linked which accounts, by their last digits."""
    with town.session() as session:
        rows = session.execute(
            select(PersonRow.code, ContactRow.hint)
            .join(ContactRow, ContactRow.person_id == PersonRow.id)
            .where(ContactRow.linked_at.is_not(None))
        )
        found: dict[str, list[str]] = {}
        for code, hint in rows:
            found.setdefault(code, []).append(hint)
        return found


def desk(town: Town) -> list[dict[str, Any]]:
    return [item.detail for item in town.desk() if item.kind == "registration"]


async def test_start_asks_for_the_number_with_a_button_that_shares_it(town: Town) -> None:
    await town.telegram(NEW, "/start")
    await town.work()
    assert town.told() == [(str(NEW), UNKNOWN)]
    [sent] = town.bot_api.sent
    assert '"request_contact": true' in str(sent["reply_markup"]) or "'request_contact': True" in str(
        sent["reply_markup"]
    )
    assert town.desk() == []


async def test_a_shared_number_of_the_roster_links_the_account_and_the_number_is_told(town: Town) -> None:
    await share(town, NEW, "237670000002")
    await town.telegram(NEW, "SET H0715")  # in the same batch
    await town.work()
    assert accounts(town) == {"A2": ["999"]}
    told = town.told()
    assert (str(NEW), "A2: you can report from here.") in told
    assert (A2, "A Telegram account now reports for A2. Not you? Call.") in told
    assert (str(NEW), "SET 10001: OK. H07:15\nMissing: M, A") in told
    with town.session() as session:
        audited = session.scalars(select(AuditRow)).one()
        assert (audited.action, audited.subject, audited.after["how"]) == ("link_telegram", "person A2", "contact")
        shared = session.scalars(select(JournalRow).where(JournalRow.kind == "contact")).one()
        assert "67000" not in f"{shared.text} {shared.context}"  # the number stays sealed
    assert town.desk() == []


async def test_somebody_elses_card_links_nothing(town: Town) -> None:
    await share(town, NEW, "237670000002", owner=OTHER)
    await town.work()
    assert accounts(town) == {}


async def test_an_unknown_or_shared_number_is_refused_and_the_desk_is_told(town: Town) -> None:
    loaded = arvenia()
    people = tuple(replace(it, phones=(A3,)) if it.code == "A2" else it for it in loaded.people)
    with writing(town.hub.engine) as session:
        importer.load(session, replace(loaded, people=people), town.hub.vault, town.clock[0])
    await share(town, NEW, "237699999999")
    await share(town, OTHER, A3)
    await town.work()
    assert accounts(town) == {}
    assert {text for _, text in town.told()} == {
        "Ce numéro n'est pas sur la liste.",
        "Plusieurs personnes ont ce numéro. Demandez un code.",
    }
    assert desk(town) == [{"registration": "unknown_number"}, {"registration": "shared_number"}]


async def test_a_code_links_once_by_the_start_command_or_by_itself(town: Town) -> None:
    code = invite(town, "A2")
    await town.telegram(NEW, f"/start {code}")
    await town.telegram(OTHER, code)
    await town.work()
    assert accounts(town) == {"A2": ["999"]}
    told = town.told()
    assert (A2, "A Telegram account now reports for A2. Not you? Call.") in told
    assert (str(OTHER), "Code faux.") in told
    code = invite(town, "A3")
    await town.telegram(OTHER, f"{code[:4]} {code[4:]}")
    await town.work()
    assert accounts(town) == {"A2": ["999"], "A3": ["888"]}


async def test_a_second_account_of_a_person_is_refused_and_the_desk_is_told(town: Town) -> None:
    for sender in (NEW, OTHER):
        await share(town, sender, A2)
        await town.work()
    await town.telegram(OTHER, invite(town, "A1"))  # who has an account by the files
    await town.work()
    assert accounts(town) == {"A2": ["999"]}
    assert desk(town) == [{"registration": "taken", "person": person} for person in ("A2", "A1")]
    with town.session() as session:
        refused = session.scalars(
            select(AuditRow.subject).where(AuditRow.action == "link_refused").order_by(AuditRow.id)
        ).all()
    assert refused == ["person A2", "person A1"]


async def test_an_account_that_is_cut_off_is_a_stranger_again(town: Town) -> None:
    await share(town, NEW, A2)
    await town.work()
    with writing(town.hub.engine) as session:
        assert links.unlink(session, "A2", town.clock[0]) == 1
    await town.telegram(NEW, "SET H0715")
    await town.work()
    assert (str(NEW), f"Rien n'est noté.\nCe numéro n'est pas inscrit.\n{UNKNOWN}") in town.told()
    assert town.submissions()[-1].outcome == "rejected"


async def test_who_guesses_is_stopped_and_the_desk_is_told_once(town: Town) -> None:
    code = invite(town, "A2")
    for number in range(8):
        await town.telegram(NEW, f"/start {(int(code) + 1 + number) % 10**8:08}")
    await town.telegram(NEW, code)
    await town.work()
    assert accounts(town) == {}
    assert [text for _, text in town.told()].count("Code faux.") == 4
    assert desk(town) == [{"registration": "guessing_account"}]
    town.clock[0] += timedelta(minutes=10)
    await town.telegram(NEW, invite(town, "A2"))
    await town.work()
    assert accounts(town) == {"A2": ["999"]}


async def test_files_that_know_nothing_of_a_linked_account_leave_it_alone(town: Town) -> None:
    await share(town, NEW, A2)
    await town.work()
    loaded = arvenia()
    with writing(town.hub.engine) as session:
        changes = importer.load(session, loaded, town.hub.vault, town.clock[0])
    assert not changes
    assert "contacts: no change, 1 kept as changed in the hub (A2)" in str(changes)
    people = tuple(replace(it, telegram=str(NEW)) if it.code == "A3" else it for it in loaded.people)
    with writing(town.hub.engine) as session:
        importer.load(session, replace(loaded, people=people), town.hub.vault, town.clock[0])
    assert accounts(town) == {}  # the files say whose it is


async def test_start_from_a_known_account_is_told_so_and_a_code_in_a_group_is_nobodys(town: Town) -> None:
    await town.telegram(8100001, "/start")
    await town.work()
    assert [text.splitlines()[0] for _, text in town.told()] == ["A1 : compte connu."]
    code = invite(town, "A2")
    message = {"message_id": 1, "date": 0, "chat": {"id": -55, "type": "group"}, "from": {"id": NEW}}
    await town.update({"message": message | {"text": f"/start {code}"}})
    await town.work()
    assert accounts(town) == {}
    pipeline.settle_batch(town.hub, 1)
