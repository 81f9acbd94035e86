"""Who an unknown sender may be: people of the roster whose number, station or words come near. Only an offer.

The operator sees codes and the last three digits; whole numbers are compared inside and go nowhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz.distance import OSA
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.models import AssignmentRow, ContactRow, JournalRow, PersonRow, StationRow
from hub.sample import roster
from hub.vault import Vault

FAR = 2  # digits typed wrongly, left out, added or swapped
SHOWN = 8
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Near:
    """Somebody it may be. `reasons`: number (`apart` digits differ) · code · same (sent the same text) · station."""

    id: int
    code: str
    language: str
    stations: tuple[str, ...]
    hint: str
    reasons: tuple[str, ...]
    apart: int = 0


def near(session: Session, vault: Vault, journal_id: int, now: datetime) -> list[Near]:
    """The likeliest first: a number that nearly is theirs, then whoever is named, then who is at the station named."""
    entry = session.get_one(JournalRow, journal_id)
    words = {word.upper() for word in _WORD.findall(entry.text)}
    reasons: dict[int, list[str]] = defaultdict(list)
    apart = dict(_by_number(session, vault, entry)) if entry.channel != "telegram" else {}
    for reason, ids in (
        ("number", sorted(apart, key=lambda person_id: apart[person_id])),
        ("code", _named(session, words)),
        ("same", _same_text(session, entry)),
        ("station", _posted(session, words, now)),
    ):
        for person_id in ids:
            reasons[person_id].append(reason)
    ranked = sorted(reasons, key=lambda it: (-len(reasons[it]), apart.get(it, FAR + 1)))[:SHOWN]
    return [_near(session, person_id, reasons[person_id], apart.get(person_id, 0)) for person_id in ranked]


def _by_number(session: Session, vault: Vault, entry: JournalRow) -> Iterator[tuple[int, int]]:
    """Person id and how many digits apart."""
    number = vault.open(entry.sender_sealed).decode("utf-8", "replace")
    phones = select(ContactRow.person_id, ContactRow.sealed).join(PersonRow, PersonRow.id == ContactRow.person_id)
    for person_id, sealed in session.execute(phones.where(ContactRow.kind == "phone", PersonRow.active)):
        distance = OSA.distance(number, vault.open(sealed).decode(), score_cutoff=FAR)
        if 0 < distance <= FAR:
            yield person_id, distance


def _named(session: Session, words: set[str]) -> list[int]:
    named = select(PersonRow.id).where(func.upper(PersonRow.code).in_(words), PersonRow.active)
    return list(session.scalars(named.order_by(PersonRow.id)))


def _same_text(session: Session, entry: JournalRow) -> list[int]:
    """Who sent these very words before from a number that is known: the phone was changed, not the person."""
    statement = (
        select(ContactRow.person_id)
        .join(JournalRow, JournalRow.sender_digest == ContactRow.digest)
        .where(JournalRow.text == entry.text, JournalRow.corrects.is_(None), JournalRow.id != entry.id)
        .distinct()
        .limit(SHOWN)
    )
    return list(session.scalars(statement))


def _posted(session: Session, words: set[str], now: datetime) -> list[int]:
    stations = roster.stations(session, {word for word in words if word.isdecimal()})
    posted = roster.observers(session, {station.id for station in stations.values()}, now)
    return sorted({person_id for ids in posted.values() for person_id in ids})


def _near(session: Session, person_id: int, reasons: list[str], apart: int) -> Near:
    row = session.get_one(PersonRow, person_id)
    hint = select(ContactRow.hint).where(ContactRow.person_id == person_id, ContactRow.kind == "phone").limit(1)
    stations = (
        select(StationRow.code)
        .join(AssignmentRow, AssignmentRow.station_id == StationRow.id)
        .where(AssignmentRow.person_id == person_id, AssignmentRow.until.is_(None))
    )
    at = tuple(session.scalars(stations.order_by(StationRow.code)))
    return Near(person_id, row.code, row.language, at, session.scalar(hint) or "", tuple(reasons), apart)
