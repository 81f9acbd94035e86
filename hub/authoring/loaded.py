"""What the database holds as the configuration that the files said last: without what the hub changed since, such as
moves, replacements and linked accounts, which an import leaves as they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.election.configuration import Configuration
from hub.election.frame import StationEntry
from hub.election.people import PersonEntry
from hub.models import AssignmentRow, ContactRow, PersonRow, ReplacementRow, StationRow
from hub.sample import importer
from hub.vault import Vault


def configuration(session: Session, vault: Vault) -> Configuration:
    """Raises `LookupError` where no election is loaded."""
    election = importer.election(session)
    if election is None:
        raise LookupError("no election is loaded")
    return Configuration(election, _stations(session), _people(session, vault))


def _stations(session: Session) -> tuple[StationEntry, ...]:
    fields = ("code", "stratum", "region", "district", "voters", "sampled")
    rows = session.execute(
        select(StationRow.id, *(getattr(StationRow, name) for name in fields)).order_by(StationRow.id)
    )
    replaced = set(session.scalars(select(ReplacementRow.station_id)))
    instead = set(session.scalars(select(ReplacementRow.by_id)))
    return tuple(
        replace(StationEntry(*row[1:]), sampled=(row.sampled or row.id in replaced) and row.id not in instead)
        for row in rows
    )


def _people(session: Session, vault: Vault) -> tuple[PersonEntry, ...]:
    stations: dict[int, list[str]] = defaultdict(list)
    filed = (
        select(AssignmentRow.person_id, StationRow.code)
        .join(StationRow, StationRow.id == AssignmentRow.station_id)
        .where(AssignmentRow.filed)
        .order_by(AssignmentRow.id)
    )
    for person_id, code in session.execute(filed):
        if code not in stations[person_id]:
            stations[person_id].append(code)
    addresses: dict[tuple[int, str], list[str]] = defaultdict(list)
    contacts = select(ContactRow).where(ContactRow.linked_at.is_(None)).order_by(ContactRow.id)
    for contact in session.scalars(contacts):
        addresses[contact.person_id, contact.kind].append(vault.open(contact.sealed).decode())
    people = session.scalars(select(PersonRow).where(PersonRow.active).order_by(PersonRow.id))
    return tuple(
        PersonEntry(
            code=person.code,
            role=person.role,
            language=person.language,
            region=person.region,
            stations=tuple(stations[person.id]),
            phones=tuple(addresses[person.id, "phone"]),
            telegram=next(iter(addresses[person.id, "telegram"]), ""),
        )
        for person in people
    )
