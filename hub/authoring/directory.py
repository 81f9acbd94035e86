"""A configuration written out as the directory that would load as it: the way back from the database to the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.authoring.registers import REGISTERS, as_csv
from hub.election import documents, frame, people
from hub.election.assembly import GUIDE, INCIDENT, KEYS, PARTS, SAMPLE, TOP
from hub.election.configuration import Configuration
from hub.election.definition import Election
from hub.election.documents import Location
from hub.election.frame import StationEntry
from hub.election.people import FIELD_ROLES, PREFERS, PersonEntry


def written(configuration: Configuration) -> dict[str, bytes]:
    """Each file's name and what it holds. Comments and shared sets of options are not in a configuration."""
    field = [person for person in configuration.people if person.role in FIELD_ROLES]
    staff = [person for person in configuration.people if person.role not in FIELD_ROLES]
    files = {name: documents.written(value).encode() for name, value in _documents(configuration.election).items()}
    columns = REGISTERS["stations"].columns
    files[frame.FILE] = as_csv(columns, [_station(station) for station in configuration.stations])
    return files | {people.OBSERVERS: _people("observers", field), people.STAFF: _people("staff", staff)}


def _documents(election: Election) -> dict[str, Any]:
    value = election.model_dump(mode="json")
    top = {key: _at(value, location) for key, location in KEYS.items()}
    top["station"].pop("lengths")  # the frame's
    top["incident"] = {key: value["checklist"][name] for key, name in INCIDENT.items()}
    forms = {f"forms/{form['code']}.yaml": form for form in value["checklist"]["forms"]}
    parts = {name: _at(value, location) for name, (location, _) in PARTS.items()}
    optional = {SAMPLE: value["sample"], GUIDE: value["guide"]}
    return {TOP: top, "options.yaml": {}} | forms | parts | {name: part for name, part in optional.items() if part}


def _at(value: Any, location: Location) -> Any:
    for step in location:
        value = value[step]
    return value


def _station(station: StationEntry) -> dict[str, str]:
    return {
        "station": station.code,
        "stratum": station.stratum,
        "region": station.region,
        "district": station.district,
        "voters": str(station.voters),
        "sampled": "1" if station.sampled else "",
    }


def _people(kind: str, entries: Sequence[PersonEntry]) -> bytes:
    register = REGISTERS[kind]
    lines = [
        {
            register.key: person.code,
            "role": person.role,
            "station": " ".join(person.stations),
            "phone": ";".join(person.phones),
            "telegram_id": person.telegram,
            "language": person.language,
            "region": person.region,
            PREFERS: person.prefers,
        }
        for person in entries
    ]
    needed = [column for column in register.columns if column != PREFERS or any(line[column] for line in lines)]
    return as_csv(needed, lines)
