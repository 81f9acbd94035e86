"""A configuration into the database: what differs, and writing just that. The same files twice change nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.database import parts
from hub.election.configuration import Configuration, ConfigurationError, Finding
from hub.election.definition import Election
from hub.election.findings import few
from hub.models import (
    AlertRow,
    AssignmentRow,
    ContactRow,
    ElectionRow,
    IncidentRow,
    OfficialRow,
    PersonRow,
    ReplacementRow,
    StationRecordRow,
    StationRow,
    SubmissionRow,
    WorkItemRow,
)
from hub.sample import replacements
from hub.vault import Vault

Key = TypeVar("Key", bound=Any)
Values = Mapping[str, Any]
Address = tuple[str, str, bytes]  # person code, kind, digest
Assignment = tuple[str, str]  # person code, station code

_REPORTED: tuple[InstrumentedAttribute[Any], ...] = (
    SubmissionRow.station_id,
    StationRecordRow.station_id,
    IncidentRow.station_id,
    AlertRow.station_id,
    OfficialRow.station_id,
    WorkItemRow.station_id,
    ReplacementRow.station_id,
    ReplacementRow.by_id,
)


@dataclass(frozen=True, slots=True)
class TableChanges:
    """Codes of what is added, changed or removed. Contacts and assignments go by their person's code.

    `kept`: what was changed in the hub since, and stays so: a replaced station, an observer who moved.
    """

    table: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        kinds = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        told = [f"{len(codes)} {kind} ({few(codes, 3)})" for kind, codes in kinds if codes] or ["no change"]
        if self.kept:
            told.append(f"{len(self.kept)} kept as changed in the hub ({few(self.kept, 3)})")
        return f"{self.table}: {', '.join(told)}"


@dataclass(frozen=True, slots=True)
class Changes:
    """False where nothing differs. As text: one line a table, with a few examples."""

    tables: tuple[TableChanges, ...]

    def __bool__(self) -> bool:
        return any(table.added or table.changed or table.removed for table in self.tables)

    def __str__(self) -> str:
        return "\n".join(map(str, self.tables))


def plan(session: Session, configuration: Configuration, vault: Vault) -> Changes:
    """What `load` would change. Raises `ConfigurationError` where it would."""
    return _differences(session, configuration, vault).summary()


def load(session: Session, configuration: Configuration, vault: Vault, now: datetime) -> Changes:
    """Makes the database equal to the files, in the caller's transaction.

    People who left the files stay, inactive, because reports name them; stations that left are deleted. Raises
    `ConfigurationError` where such a station was reported from, and where the database holds another election.
    """
    differences = _differences(session, configuration, vault)
    _write_election(session, differences.election, now)
    station_ids = _write_rows(session, StationRow, differences.stations)
    person_ids = _write_rows(session, PersonRow, differences.people)
    _deactivate(session, [person_ids[code] for code in differences.people.removed])
    _write_contacts(session, differences.contacts, person_ids, vault)
    _write_assignments(session, differences.assignments, person_ids, station_ids, now)
    _delete_stations(session, [station_ids[code] for code in differences.stations.removed])
    return differences.summary()


def election(session: Session) -> Election | None:
    """The election this database holds."""
    definition = session.scalars(select(ElectionRow.definition)).one_or_none()
    return None if definition is None else Election.model_validate(definition)


@dataclass(frozen=True, slots=True)
class _Difference(Generic[Key]):
    """Between the files and one table, by natural key."""

    added: Mapping[Key, Values]
    changed: Mapping[Key, Values]
    removed: tuple[Key, ...]
    kept: tuple[str, ...] = ()  # codes

    def summary(self, table: str) -> TableChanges:
        return TableChanges(table, tuple(self.added), tuple(self.changed), self.removed, self.kept)

    def summary_by_person(self, table: str) -> TableChanges:
        added, removed = ({key[0]: None for key in keys} for keys in (self.added, self.removed))
        return TableChanges(
            table,
            added=tuple(code for code in added if code not in removed),
            changed=tuple(code for code in added if code in removed),
            removed=tuple(code for code in removed if code not in added),
            kept=tuple(code for code in self.kept if code not in {**added, **removed}),
        )


@dataclass(frozen=True, slots=True)
class _Differences:
    election: _Difference[str]
    stations: _Difference[str]
    people: _Difference[str]
    contacts: _Difference[Address]
    assignments: _Difference[Assignment]

    def summary(self) -> Changes:
        return Changes(
            (
                self.election.summary("election"),
                self.stations.summary("stations"),
                self.people.summary("people"),
                self.contacts.summary_by_person("contacts"),
                self.assignments.summary_by_person("assignments"),
            )
        )


def _differences(session: Session, configuration: Configuration, vault: Vault) -> _Differences:
    differences = _Differences(
        _compare_election(session, configuration),
        _compare_stations(session, configuration),
        _compare_people(session, configuration),
        _compare_contacts(session, configuration, vault),
        _compare_assignments(session, configuration),
    )
    _refuse_reported(session, differences.stations.removed)
    return differences


def _compare(wanted: Mapping[Key, Values], stored: Mapping[Key, Values]) -> _Difference[Key]:
    return _Difference(
        added={key: values for key, values in wanted.items() if key not in stored},
        changed={key: values for key, values in wanted.items() if key in stored and values != stored[key]},
        removed=tuple(key for key in stored if key not in wanted),
    )


def _compare_election(session: Session, configuration: Configuration) -> _Difference[str]:
    wanted = configuration.election
    stored = {row.key: {"definition": row.definition} for row in session.scalars(select(ElectionRow))}
    for key in stored.keys() - {wanted.key}:
        message = f"the database holds another election, {key}"
        raise ConfigurationError([Finding("election.yaml", 0, message, "give this one a database of its own")])
    return _compare({wanted.key: {"definition": wanted.model_dump(mode="json")}}, stored)


def _compare_stations(session: Session, configuration: Configuration) -> _Difference[str]:
    fields = ("code", "stratum", "region", "district", "voters", "sampled")
    rows = session.execute(select(*(getattr(StationRow, field) for field in fields)))
    stored = {row.code: dict(row._mapping) for row in rows}
    wanted = {station.code: asdict(station) for station in configuration.stations}
    kept = {code: sampled for code, sampled in replacements.sampled_now(session).items() if code in wanted}
    differing = tuple(code for code, sampled in kept.items() if wanted[code]["sampled"] != sampled)
    for code, sampled in kept.items():
        wanted[code]["sampled"] = sampled
    return replace(_compare(wanted, stored), kept=differing)


def _compare_people(session: Session, configuration: Configuration) -> _Difference[str]:
    fields = ("code", "role", "language", "region", "prefers", "active")
    wanted = {
        person.code: {
            "code": person.code,
            "role": person.role,
            "language": person.language,
            "region": person.region,
            "prefers": person.prefers,
            "active": True,
        }
        for person in configuration.people
    }
    rows = session.execute(select(*(getattr(PersonRow, field) for field in fields)))
    # Who is inactive already cannot leave again.
    stored = {row.code: dict(row._mapping) for row in rows if row.active or row.code in wanted}
    return _compare(wanted, stored)


def _compare_contacts(session: Session, configuration: Configuration, vault: Vault) -> _Difference[Address]:
    wanted = {
        (person.code, kind, vault.digest(kind, address)): {"address": address}
        for person in configuration.people
        for kind, address in person.addresses()
    }
    codes = {person.code for person in configuration.people}
    told = {person.code for person in configuration.people if person.telegram}
    given = {digest for _, _, digest in wanted}
    rows = session.execute(
        select(PersonRow.code, ContactRow.kind, ContactRow.digest, ContactRow.linked_at).join(
            PersonRow, PersonRow.id == ContactRow.person_id
        )
    )
    stored: dict[Address, Values] = {}
    kept: dict[str, None] = {}
    for code, kind, digest, linked_at in rows:
        key = code, kind, bytes(digest)
        if linked_at is not None and code not in told and key[2] not in given:
            kept[code] = None  # the person's own doing, and nothing in the files contradicts it
        elif code in codes:  # who left keeps their contacts
            stored[key] = wanted.get(key, {})  # an address that is stored already is the same by its digest
    return replace(_compare(wanted, stored), kept=tuple(kept))


def _compare_assignments(session: Session, configuration: Configuration) -> _Difference[Assignment]:
    """What the files say, against what they said last: where that is the same, a move made since stands."""
    wanted: dict[Assignment, Values] = {
        (person.code, station): {} for person in configuration.people for station in person.stations
    }
    rows = session.execute(
        select(PersonRow.code, StationRow.code, AssignmentRow.filed, AssignmentRow.until.is_(None))
        .join(AssignmentRow, AssignmentRow.person_id == PersonRow.id)
        .join(StationRow, StationRow.id == AssignmentRow.station_id)
        .where(or_(AssignmentRow.filed, AssignmentRow.until.is_(None)))
    )
    said: dict[Assignment, bool] = {}  # whether it still holds
    moved: dict[str, None] = {}
    for person, station, filed, holds in rows:
        if filed:
            said[person, station] = holds or said.get((person, station), False)
        else:
            moved[person] = None
    changed = {person for person, _ in wanted.keys() ^ said.keys()}
    # Where the files say something new, what a move had ended and they still name begins again.
    stored: dict[Assignment, Values] = {
        key: {} for key, holds in said.items() if holds or key[0] not in changed or key not in wanted
    }
    return replace(_compare(wanted, stored), kept=tuple(moved))


def _refuse_reported(session: Session, removed: Collection[str]) -> None:
    reported: set[str] = set()
    for codes in parts(removed):
        for column in _REPORTED:
            query = select(StationRow.code).join_from(StationRow, column.class_, column == StationRow.id)
            reported.update(session.scalars(query.where(StationRow.code.in_(codes))))
    if reported:
        message = f"no longer in the frame, but reported from: {few(sorted(reported))}"
        raise ConfigurationError([Finding("stations.csv", 0, message, "put these stations back")])


def _write_election(session: Session, difference: _Difference[str], now: datetime) -> None:
    for key, values in difference.added.items():
        session.execute(insert(ElectionRow).values(key=key, loaded_at=now, **values))
    for key, values in difference.changed.items():
        session.execute(update(ElectionRow).where(ElectionRow.key == key).values(loaded_at=now, **values))


def _write_rows(
    session: Session, table: type[StationRow] | type[PersonRow], difference: _Difference[str]
) -> dict[str, int]:
    """Adds and updates by code. The ids of all rows by their codes."""
    if difference.added:
        session.execute(insert(table), list(difference.added.values()))
    ids = {code: id for code, id in session.execute(select(table.code, table.id))}
    if difference.changed:
        session.execute(update(table), [{"id": ids[code], **values} for code, values in difference.changed.items()])
    return ids


def _deactivate(session: Session, ids: Collection[int]) -> None:
    for part in parts(ids):
        session.execute(update(PersonRow).where(PersonRow.id.in_(part)).values(active=False))


def _write_contacts(
    session: Session, difference: _Difference[Address], person_ids: Mapping[str, int], vault: Vault
) -> None:
    for code, kind, digest in difference.removed:
        this = (ContactRow.person_id == person_ids[code], ContactRow.kind == kind, ContactRow.digest == digest)
        session.execute(delete(ContactRow).where(*this))
    rows = [
        {
            "person_id": person_ids[code],
            "kind": kind,
            "digest": digest,
            "sealed": vault.seal(values["address"].encode()),
            "hint": values["address"][-3:],
        }
        for (code, kind, digest), values in difference.added.items()
    ]
    if rows:
        session.execute(insert(ContactRow), rows)


def _write_assignments(
    session: Session,
    difference: _Difference[Assignment],
    person_ids: Mapping[str, int],
    station_ids: Mapping[str, int],
    now: datetime,
) -> None:
    # A first assignment holds from the beginning, so that a message sent before the files came is the observer's, too.
    assigned_before = set(session.scalars(select(AssignmentRow.person_id).distinct()))
    changed = {person for person, _ in (*difference.added, *difference.removed)}
    for person, station in difference.removed:
        this = (AssignmentRow.person_id == person_ids[person], AssignmentRow.station_id == station_ids[station])
        session.execute(update(AssignmentRow).where(*this).values(filed=False))
        session.execute(update(AssignmentRow).where(*this, _lasts(now)).values(until=now))
    for part in parts([person_ids[person] for person in changed if person_ids[person] in assigned_before]):
        # Where the files say something new they end what was said in the hub meanwhile.
        moved = (AssignmentRow.person_id.in_(part), AssignmentRow.filed.is_(False))
        session.execute(update(AssignmentRow).where(*moved, _lasts(now)).values(until=now))
    rows = [
        {
            "person_id": person_ids[person],
            "station_id": station_ids[station],
            "since": now if person_ids[person] in assigned_before else None,
            "filed": True,
        }
        for person, station in difference.added
    ]
    if rows:
        session.execute(insert(AssignmentRow), rows)


def _lasts(now: datetime) -> ColumnElement[bool]:
    return or_(AssignmentRow.until.is_(None), AssignmentRow.until > now)


def _delete_stations(session: Session, ids: Collection[int]) -> None:
    for part in parts(ids):
        session.execute(delete(AssignmentRow).where(AssignmentRow.station_id.in_(part)))
        session.execute(delete(StationRow).where(StationRow.id.in_(part)))
