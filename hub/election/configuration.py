"""An election from the files of one directory: all of it, or everything that is wrong with it. See config/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.election import assembly, coherence, collisions, frame, people, shape, wording
from hub.election.definition import Election
from hub.election.findings import ConfigurationError, Finding, Findings
from hub.election.frame import StationEntry
from hub.election.people import PersonEntry

__all__ = ["Configuration", "ConfigurationError", "Finding", "PersonEntry", "StationEntry", "check", "load"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A sound configuration. `warnings`: what a data manager should look at all the same."""

    election: Election
    stations: tuple[StationEntry, ...]
    people: tuple[PersonEntry, ...]
    warnings: tuple[Finding, ...] = ()


def load(directory: Path) -> Configuration:
    """Reads and judges the whole directory. Raises `ConfigurationError` with all findings when one is an error."""
    findings = Findings()
    configuration = _read(directory, findings)
    if configuration is None or findings.errors:
        raise ConfigurationError(findings.all())
    return configuration


def check(directory: Path) -> tuple[Finding, ...]:
    """Everything that is wrong or doubtful. No error among it means that `load` will succeed."""
    findings = Findings()
    _read(directory, findings)
    return findings.all()


def _read(directory: Path, findings: Findings) -> Configuration | None:
    stations = frame.read(directory, findings)
    draft = assembly.assemble(directory, frame.code_lengths(stations), findings)
    persons = people.read(directory, draft.country, draft.languages, stations, findings)
    election = shape.build(draft)
    if election is None:
        return None
    # What must fit together is judged once every part is sound by itself.
    for judge in (coherence.judge, collisions.judge, wording.judge):
        judge(election, draft)
    people.warn_of_unpaged(election.alerting, stations, persons, findings)
    return Configuration(election, stations, persons, findings.all())
