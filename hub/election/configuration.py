"""An election from the files of one directory: all of it, or everything that is wrong with it. See config/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hub.election import assembly, coherence, collisions, documents, frame, people, postage, shape, wording
from hub.election.definition import Election, Sample
from hub.election.findings import ConfigurationError, Finding, Findings
from hub.election.frame import StationEntry
from hub.election.people import PersonEntry

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Finding",
    "PersonEntry",
    "StationEntry",
    "check",
    "files",
    "load",
    "load_frame",
    "load_sample",
]


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


def files(directory: Path) -> tuple[str, ...]:
    """The names of everything that is read here, relative to the directory."""
    found = [path for pattern in ("*.yaml", "*.csv", "forms/*.yaml") for path in directory.glob(pattern)]
    return tuple(sorted(path.relative_to(directory).as_posix() for path in found))


def load_frame(directory: Path) -> tuple[StationEntry, ...]:
    """The frame alone: a sample is drawn before anybody is assigned to it. Raises `ConfigurationError`."""
    findings = Findings()
    stations = frame.read(directory, findings)
    if findings.errors:
        raise ConfigurationError(findings.all())
    return stations


def load_sample(directory: Path) -> Sample:
    """How the sample was drawn. Raises `ConfigurationError`, also where nothing tells it."""
    findings = Findings()
    document = documents.read(directory, assembly.SAMPLE, findings)
    try:
        return Sample.model_validate(document.value)
    except ValidationError:
        findings.error(assembly.SAMPLE, 0, "it does not tell how the sample was drawn", "write n, seed and order")
        raise ConfigurationError(findings.all()) from None


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
    frame.warn_of_another_size(election.sample, stations, findings)
    people.judge_paged(election.alerting, persons, draft)
    if not findings.errors:
        postage.judge(election, persons, draft)
    people.warn_of_unpaged(election.alerting, stations, persons, findings)
    return Configuration(election, stations, persons, findings.all())
