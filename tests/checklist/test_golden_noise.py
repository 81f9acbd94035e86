"""The golden day and its noise: every line is read and judged as it was meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hub.checklist import grammar, validation
from hub.checklist.people import Person, Station
from hub.checklist.validation import Judgement
from hub.election.configuration import Configuration

Said = dict[str, Any]
Judge = Callable[[Said], Judgement]


@pytest.fixture(scope="module")
def judge(golden_election: Configuration) -> Judge:
    """Judges a line of the golden day, by itself, with nothing stored before."""
    stations = {
        it.code: Station(number, it.code, it.stratum, it.region, it.district, it.voters, it.sampled)
        for number, it in enumerate(golden_election.stations)
    }
    people: dict[str, list[Person]] = defaultdict(list)
    for number, it in enumerate(golden_election.people):
        person = Person(number, it.code, it.role, it.language, it.region, it.stations)
        for _, address in it.addresses():
            people[address].append(person)

    def judge(said: Said) -> Judgement:
        return validation.judge(
            grammar.read(said["text"], golden_election.election.checklist),
            senders=people.get(said["sender"], []),
            stations=stations,
            records=lambda *_: {},
            checklist=golden_election.election.checklist,
            now=datetime.fromisoformat(said["at"]),
        )

    return judge


def test_every_noisy_line_is_made_of_what_it_was_meant_to_be(judge: Judge, golden_noise: list[Said]) -> None:
    assert len(golden_noise) == 600
    for said in golden_noise:
        made = judge(said)
        assert {
            "outcome": made.outcome,
            "form": made.form,
            "station": made.station.code if made.station else None,
            "answers": made.answers,
            "problems": sorted(problem.code for problem in made.problems),
        } == said["expect"] | {"problems": sorted(said["expect"]["problems"])}, said


def test_every_message_of_the_day_is_accepted_as_it_was_meant(judge: Judge, golden_messages: list[Said]) -> None:
    for said in golden_messages:
        made = judge(said)
        assert (made.outcome, made.problems, made.form) == ("accepted", (), said["form"]), said
        assert made.station is not None
        assert made.station.code == said["station"]
        assert made.answers == said.get("answers", {})
        assert made.category == said.get("category")
