"""Another key in the middle of the day: nobody is a stranger, nothing is said otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from hub.bootstrap import NotReady, open_hub
from hub.custody import rotation
from hub.database import reading, writing
from hub.models import ContactRow, JournalRow, PersonRow, SubmissionRow
from hub.sample import proofs, roster
from hub.vault import Vault
from tests.custody.archive import A1, Archive

NEW = "another secret that is only for tests"


def with_both(archive: Archive) -> Archive:
    hub = replace(archive.hub, vault=Vault(NEW, "s" * 40))
    return Archive(replace(archive.town, hub=hub), archive.key)


async def test_everything_opens_with_the_new_key_alone_and_the_chain_holds(archive: Archive) -> None:
    both = with_both(archive)
    steps = rotation.rotate(both.hub)
    assert "contacts" in next(steps)
    assert both.verdict().broken == ""  # half done
    list(steps)
    alone = Archive(replace(both.town, hub=replace(both.hub, vault=Vault(NEW))), archive.key)
    alone.seal()
    assert (alone.verdict().broken, alone.verdict().counts["bytes"] > 0) == ("", True)
    with pytest.raises(InvalidTag):
        Vault("s" * 40).open(_contact(archive).sealed)
    assert ["0 rows" in step or "0 messages" in step for step in list(rotation.rotate(both.hub))[1:]].count(False) == 0
    with reading(archive.hub.engine) as session:
        digest = alone.hub.vault.digest("phone", A1)
        senders = roster.senders(session, {(digest, archive.hub.clock())})
        assert [person.code for found in senders.values() for person in found] == ["A1"]
        assert session.scalars(select(JournalRow.id).where(JournalRow.sender_digest == digest)).all() == [1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_message_that_waits_is_its_sender_s_under_the_new_key(archive: Archive) -> None:
    await archive.town.sms(A1, "SET 10001 M12")
    both = with_both(archive)
    next(rotation.rotate(both.hub))  # and is ended there
    await both.town.work()
    with reading(archive.hub.engine) as session:
        newest = session.scalars(select(SubmissionRow).order_by(SubmissionRow.journal_id.desc())).first()
        assert newest is not None
        assert (newest.outcome, newest.person_id is not None) == ("accepted", True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_process_starts_with_two_keys_before_people_are_sealed_with_the_new_one(archive: Archive) -> None:
    secrets = {"secret_key": NEW, "secret_key_old": "s" * 40}
    settings = type(archive.hub.settings).model_validate(archive.hub.settings.model_dump() | secrets)
    with pytest.raises(NotReady, match="hub rotate-key"):
        open_hub(settings)
    next(rotation.rotate(with_both(archive).hub))
    open_hub(settings).engine.dispose()
    with pytest.raises(rotation.NotPossible, match="HUB_SECRET_KEY_OLD"):
        next(rotation.rotate(archive.hub))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_printed_code_is_good_under_the_new_key_and_what_it_proved_is_what_came(archive: Archive) -> None:
    hub = archive.hub
    await archive.town.sms(A1, "SET 10001 M12 PIN 482193")
    await archive.town.work()
    archive.seal()
    with writing(hub.engine) as session:
        [sheet] = proofs.issue(session, hub.vault, "pin", ["A1"], hub.clock())
        a1 = session.scalars(select(PersonRow.id).where(PersonRow.code == "A1")).one()
    both = with_both(archive)
    list(rotation.rotate(both.hub))
    assert both.verdict().broken == ""
    with writing(hub.engine) as session:
        code = sheet.codes[0]
        assert proofs.redeem(session, Vault(NEW), a1, code, sender=b"", journal_id=1, now=hub.clock())


def _contact(archive: Archive) -> ContactRow:
    with reading(archive.hub.engine) as session:
        return session.scalars(select(ContactRow)).first() or ContactRow()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_place_and_a_shared_number_are_known_under_the_new_key(archive: Archive) -> None:
    who = {"message_id": 9, "date": 0, "chat": {"id": 8100009, "type": "private"}, "from": {"id": 8100009}}
    await archive.town.update({"message": who | {"location": {"latitude": 5.5, "longitude": 10.5}}})
    await archive.town.update(
        {"message": who | {"contact": {"phone_number": A1, "user_id": 8100009, "first_name": "A"}}}
    )
    await archive.town.work()
    archive.seal()
    both = with_both(archive)
    list(rotation.rotate(both.hub))
    alone = replace(both.hub, vault=Vault(NEW))
    contexts = [row.context for row in archive.town.journal()]
    [place] = [context["location"] for context in contexts if "location" in context]
    assert alone.vault.open(bytes.fromhex(place)).decode().startswith("geo:5.5")
    assert [it["contact"] for it in contexts if "contact" in it] == [alone.vault.digest("phone", A1).hex()]
    assert Archive(replace(both.town, hub=alone), archive.key).verdict().broken == ""
