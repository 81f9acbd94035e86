"""`hub read`: what the hub would make of a message, from an election's files alone, with nothing stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.checklist import grammar, validation
from hub.checklist.people import Person, Station
from hub.checklist.reading import CommandText
from hub.election.configuration import Configuration
from hub.election.phones import address_of


def reader(configuration: Configuration) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function from one message (id, at, channel, sender, text) to what the hub makes of it.

    Raises `KeyError`, `TypeError` or `ValueError` where the message lacks what it must have.
    """
    election = configuration.election
    stations = {
        entry.code: Station(n, entry.code, entry.stratum, entry.region, entry.district, entry.voters, entry.sampled)
        for n, entry in enumerate(configuration.stations, 1)
    }
    people: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for n, entry in enumerate(configuration.people, 1):
        person = Person(n, entry.code, entry.role, entry.language, entry.region, tuple(entry.stations))
        for kind, address in entry.addresses():
            people[kind, address].append(person)

    def read(message: Mapping[str, Any]) -> dict[str, Any]:
        at = datetime.fromisoformat(message["at"]) if message.get("at") else None
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=election.zone)
        reading = grammar.read(message["text"], election.checklist)
        judgement = validation.judge(
            reading,
            senders=people.get(address_of(message["channel"], str(message["sender"]), election.country), []),
            stations=stations,
            records=lambda _station_id, _person_id: {},
            checklist=election.checklist,
            now=at,
        )
        command = {"command": reading.name} if isinstance(reading, CommandText) else {}
        incident = {"category": judgement.category, "description": judgement.description}
        return {
            "id": message.get("id"),
            "outcome": judgement.outcome,
            "form": judgement.form,
            "station": judgement.station.code if judgement.station else None,
            "answers": dict(judgement.answers),
            "problems": [problem.as_dict() for problem in judgement.problems],
            **(incident if judgement.category else {}),
            **command,
        }

    return read
