"""The journal in its chain: whatever is done to the database behind the hub's back is found, and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from hub import clock
from hub.custody import chain
from hub.custody.chain import Sealer
from hub.custody.statements import canonical
from hub.custody.verifier import committed, genesis, linked
from hub.database import reading, writing
from hub.models import ChainRow, HeadRow, InboxRow, JournalRow, MediaBlobRow, MediaRow, RulingRow
from tests.custody.archive import Archive
from tests.journeys.town import MORNING

Tampering = Callable[[Session], object]


def _text(session: Session) -> object:
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(text="SET 101 A9"))


def _sender(session: Session) -> object:
    other = select(JournalRow.sender_digest).where(JournalRow.id == 1).scalar_subquery()
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(sender_digest=other))


def _moment(session: Session) -> object:
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(received_at=MORNING - timedelta(1)))


def _raw(session: Session) -> object:
    other = select(JournalRow.raw_sealed).where(JournalRow.id == 1).scalar_subquery()
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(raw_sealed=other))


def _garbled(session: Session) -> object:
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(raw_sealed=b"x" * 40))


def _emptied(session: Session) -> object:
    session.execute(update(ChainRow).where(ChainRow.seq == 2).values(salt_sealed=None))
    return session.execute(update(JournalRow).where(JournalRow.id == 2).values(raw_sealed=b"", sender_sealed=b""))


def _no_row(session: Session) -> object:
    return session.execute(delete(JournalRow).where(JournalRow.id == 2))


def _slipped_in(session: Session) -> object:
    first = session.execute(select(JournalRow.__table__).where(JournalRow.id == 1)).one()
    values = first._asdict() | {"id": 900, "dedup": b"another", "received_at": MORNING - timedelta(1)}
    return session.execute(insert(JournalRow).values(values))


def _swapped(session: Session) -> None:
    texts = {row.id: row.text for row in session.scalars(select(JournalRow).where(JournalRow.id.in_((1, 2))))}
    session.execute(update(JournalRow).where(JournalRow.id == 1).values(text=texts[2]))
    session.execute(update(JournalRow).where(JournalRow.id == 2).values(text=texts[1]))


def _links_swapped(session: Session) -> None:
    session.execute(update(ChainRow).where(ChainRow.seq == 1).values(seq=99))
    session.execute(update(ChainRow).where(ChainRow.seq == 2).values(seq=1))
    session.execute(update(ChainRow).where(ChainRow.seq == 99).values(seq=2))


def _no_link(session: Session) -> object:
    return session.execute(delete(ChainRow).where(ChainRow.seq == 2))


def _end_cut(session: Session) -> object:
    return session.execute(delete(ChainRow).where(ChainRow.seq > 3))


def _heads_cut(session: Session) -> object:
    last = session.scalar(select(func.max(HeadRow.seq)))
    return session.execute(delete(HeadRow).where(HeadRow.seq == last))


def _anew(session: Session) -> None:
    """Everything is linked again with another text in it; only the key is missing."""
    _text(session)
    link = genesis("arvenia-2030")
    for row in session.scalars(select(ChainRow).order_by(ChainRow.seq)):
        if row.row_id == 2 and row.kind == "journal":
            told = json.loads(row.statement)
            row.statement = canonical(told | {"text": committed(row.salt or b"", "text", b"SET 101 A9")})
        row.link = link = linked(link, row.statement)
    session.flush()
    for head in session.scalars(select(HeadRow)):
        head.link = session.get_one(ChainRow, head.seq).link
    session.flush()


def _photo(session: Session) -> object:
    return session.execute(update(MediaBlobRow).values(sealed=b"y" * 60))


def _ruling(session: Session) -> object:
    return session.execute(update(RulingRow).values(value="2"))


def unchecked(session: Session) -> None:
    """As somebody works who has the database in hand: what refers to a row is not asked."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(
        text("PRAGMA defer_foreign_keys = ON" if on_sqlite else "SET LOCAL session_replication_role = replica")
    )


TAMPERINGS: list[tuple[Tampering, str]] = [
    (_text, "journal entry 2 (link 2): its text is not what was committed to"),
    (_sender, "journal entry 2 (link 2): it is looked up under another sender"),
    (_moment, "journal entry 2 (link 2): its at is not"),
    (_raw, "journal entry 2 (link 2): its raw is not"),
    (_garbled, "journal entry 2 (link 2) cannot be opened"),
    (_emptied, "journal entry 2 (link 2): its origin, raw, sender was destroyed, and no purge of it is recorded"),
    (_no_row, "journal entry 2 (link 2) was deleted"),
    (_slipped_in, "journal entry 900 is in no link of the chain"),
    (_swapped, "journal entry 1 (link 1): its text is not"),
    (_links_swapped, "journal entry 2 (link 1): the chain was changed here"),
    (_no_link, "link 2 is missing"),
    (_end_cut, "the chain ends at 3: its end was cut off"),
    (_heads_cut, "are not signed"),
    (_anew, "is not signed with this hub's key"),
    (_photo, "file 1 (link 6): its bytes cannot be opened"),
    (_ruling, "ruling 1 (link 7): its value is not"),
]


async def test_every_tampering_is_found_and_the_first_broken_entry_named(archive: Archive) -> None:
    assert archive.verdict().broken == ""
    for tampering, told in TAMPERINGS:
        with Session(archive.hub.engine) as session:
            unchecked(session)
            tampering(session)
            assert told in archive.verify(session).broken, tampering.__name__
            session.rollback()
    assert archive.verdict().broken == ""


async def test_an_end_that_was_cut_with_its_heads_is_found_by_whoever_kept_a_checkpoint(archive: Archive) -> None:
    kept = f"arvenia-2030 {archive.head()}"
    with Session(archive.hub.engine) as session:
        for table in (ChainRow, HeadRow):
            session.execute(delete(table).where(table.seq > 3))
        unchecked(session)
        for cut in (RulingRow, MediaRow):
            session.execute(delete(cut))
        session.execute(delete(JournalRow).where(JournalRow.id > 3))
        assert "its end was cut off" in archive.verify(session, kept).broken
        session.rollback()
    assert archive.verdict(kept).counts["checkpoint"] == 1
    typed = " ".join(kept.split()[1:2] + kept.split()[3:8])
    assert archive.verdict(typed).broken == ""
    assert "written anew" in archive.verdict(typed[:-1] + ("0" if typed[-1] != "0" else "1")).broken


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_came_after_the_last_head_waits_and_is_linked_next(archive: Archive) -> None:
    await archive.town.sms("+237670000001", "SET 101 A2")
    assert (archive.verdict().broken, archive.verdict().waiting) == ("", 1)
    with writing(archive.hub.engine) as session:  # committed late: an id that was taken before others
        unchecked(session)
        session.execute(delete(InboxRow))
        session.execute(update(JournalRow).where(JournalRow.text == "SET 101 A2").values(id=-1))
    archive.seal()
    assert (archive.verdict().broken, archive.verdict().waiting) == ("", 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_head_of_another_key_is_none_of_ours_until_that_key_is_named(archive: Archive) -> None:
    with reading(archive.hub.engine) as session:
        assert "not signed with this hub's key" in archive.verify(session, keys=[bytes(31) + b"\x01"]).broken


async def test_of_two_sealers_one_leads_and_the_worker_links_within_a_round(archive: Archive) -> None:
    first, second = Sealer(archive.hub), Sealer(archive.hub)
    second._holder = "another process"
    await archive.town.sms("+237670000001", "SET 101 A2")
    assert (first.take() > 0, second.take()) == (True, 0)
    with reading(archive.hub.engine) as session:
        assert chain.end(session, "arvenia-2030")[0] == session.scalar(select(func.count()).select_from(ChainRow))


async def test_a_head_says_when_in_the_election_s_time(archive: Archive) -> None:
    assert archive.head().at == "2030-03-10T07:30:00Z"
    assert archive.hub.timer is clock.system
