"""The stations that stand behind a figure: what they give to it, whether they are enough, and how sound they are."""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.analysis import estimates
from hub.analysis.estimates import Pair, Stratum
from hub.analysis.evidence import Drawn, Evidence
from hub.election.definition import Election, ReleaseRule
from hub.reports.rulings import Place


@dataclass(frozen=True, slots=True)
class Release:
    """Whether enough stations stand behind a figure. `strata`, `overall`: the shares of the drawn stations that do.

    `conflicts` and `critical_flags`: stations whose answers to what the figure uses are disputed or break a critical
    rule; they hold back results.
    """

    rule: ReleaseRule
    strata: dict[str, float]
    overall: float
    conflicts: int = 0
    critical_flags: int = 0

    @property
    def holds(self) -> bool:
        covered = all(share >= self.rule.stratum for share in self.strata.values()) and bool(self.strata)
        return covered and self.overall >= self.rule.overall and not (self.conflicts or self.critical_flags)

    @property
    def thin(self) -> list[str]:
        """The strata in which too few stations have reported."""
        return [name for name, share in self.strata.items() if share < self.rule.stratum]


@dataclass(frozen=True, slots=True)
class Soundness:
    """How many of a figure's stations have a value that a person verified, and one that is flagged and nobody has;
    `quarantined` ones are no part of it, `disputed` ones not yet."""

    verified: int = 0
    flagged: int = 0
    quarantined: int = 0
    disputed: int = 0


NOTHING_SAID = Soundness()


def drawn(evidence: Evidence) -> dict[str, Sequence[Drawn]]:
    """The stations of the sample by stratum, those alone of which is spoken; every stratum in the frame's order."""
    return {
        name: stations if evidence.inside is None else [each for each in stations if each.id in evidence.inside]
        for name, stations in evidence.frame.sample.items()
        if _spoken_of(evidence, name)
    }


def chosen(evidence: Evidence, form: str, code: str) -> dict[int, frozenset[str]]:
    """The options that each station chose, everywhere in the sample."""
    return {
        station: _options(record.answers[code])
        for station, record in evidence.records.get(form, {}).items()
        if code in record.answers
    }


@lru_cache(maxsize=4096)
def _options(answer: str) -> frozenset[str]:
    """Thousands of stations say the same few things: one set for all of them."""
    return frozenset(answer.split(","))


def pairs(evidence: Evidence, refs: tuple[str, str]) -> dict[int, Pair]:
    """(part, total) at every station that names both."""
    part, total = (numbers(evidence, ref) for ref in refs)
    return {station: (value, total[station]) for station, value in part.items() if station in total}


def numbers(evidence: Evidence, ref: str) -> dict[int, float]:
    """What each station says that is a number, by its id."""
    form, _, code = ref.partition(".")
    said = {station: record.answers.get(code) for station, record in evidence.records.get(form, {}).items()}
    return {station: value for station, text in said.items() if (value := number(text)) is not None}


def number(text: str | None) -> float | None:
    # A decision made by hand that is no number must not take all the other figures down with it.
    try:
        value = math.nan if text is None else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def strata(evidence: Evidence, given: Mapping[int, Pair], domain: str | None) -> tuple[Stratum, ...]:
    """What the stations of each stratum give. Those of which is not spoken give (0, 0), as do those out of a domain."""
    stations = {
        name: [each.id for each in sample]
        for name, sample in evidence.frame.sample.items()
        if _spoken_of(evidence, name)
    }
    if evidence.inside is not None:
        given = {id: pair if id in evidence.inside else (0.0, 0.0) for id, pair in given.items()}
    sizes = evidence.frame.sizes
    found = tuple(
        Stratum(name, sizes[name], len(ids), tuple([given[id] for id in ids if id in given]))
        for name, ids in stations.items()
    )
    if domain is None:
        return found
    # Without a report on the form a station is taken to be outside; one that reported unusably is known to be inside.
    reported = evidence.records.get(domain, {})
    return estimates.domain(found, {name: sum(id not in reported for id in ids) for name, ids in stations.items()})


def domain_of(election: Election, refs: Sequence[str]) -> str | None:
    """The domain form that a figure rests on, if it rests on one."""
    forms = (ref.partition(".")[0] for ref in refs)
    return next((form for form in forms if form in election.analysis.domains), None)


def release(
    evidence: Evidence,
    rule: ReleaseRule,
    usable: Container[int],
    domain: str | None,
    conflicts: int = 0,
    critical_flags: int = 0,
) -> Release:
    """A station outside a domain is covered once anything came from it: only then is its silence an answer."""
    reported = evidence.records.get(domain, {}) if domain else {}
    heard = {station for of_form in evidence.records.values() for station in of_form} if domain else set()
    covered = {
        name: [each.id in usable or (each.id in heard and each.id not in reported) for each in stations]
        for name, stations in drawn(evidence).items()
        if stations
    }
    count = sum(map(len, covered.values()))
    overall = sum(map(sum, covered.values())) / count if count else 0.0
    shares = {name: sum(stations) / len(stations) for name, stations in covered.items()}
    return Release(rule, shares, overall, conflicts, critical_flags)


def disputes(evidence: Evidence, election: Election, refs: Sequence[str]) -> tuple[int, int]:
    """Stations with an open conflict on these answers, and stations with a critical flag on their forms."""
    disputed, flagged = set(), set()
    for form, _, code in (ref.partition(".") for ref in refs):
        critical = {rule.name for rule in election.checklist.form(form).rules if rule.critical}
        for station, record in evidence.records.get(form, {}).items():
            if not _inside(evidence, station):
                continue
            if code in record.said:
                disputed.add(station)
            if critical & record.flags:
                flagged.add(station)
    return len(disputed), len(flagged)


def soundness(evidence: Evidence, refs: Sequence[str], doubtful: Collection[Place]) -> Soundness:
    """Of the stations behind the answers `refs`. A station with one flagged value counts as flagged."""
    verified, flagged, quarantined, disputed = set(), set(), set(), set()
    for form, _, code in (ref.partition(".") for ref in refs):
        records = evidence.records.get(form, {})
        doubted = {station for station, *place in doubtful if place == [form, code]}
        looked_at = {id for id, record in records.items() if record.quarantined or record.said or record.verified}
        for station in (doubted | looked_at) & records.keys():
            record = records[station]
            if not _inside(evidence, station):
                continue
            if code in record.quarantined:
                quarantined.add(station)
            elif code in record.said:
                disputed.add(station)
            elif code in record.verified:
                verified.add(station)
            elif station in doubted:
                flagged.add(station)
    return Soundness(len(verified - flagged), len(flagged), len(quarantined), len(disputed))


def standing_in(evidence: Evidence, usable: Container[int]) -> int:
    """How many of these stations take the place of one that was drawn."""
    return sum(each.stands_in and each.id in usable and _inside(evidence, each.id) for each in evidence.frame.drawn)


def within(evidence: Evidence, usable: Collection[int]) -> list[int]:
    """Those of these stations of which is spoken."""
    return [id for id in usable if _inside(evidence, id)]


def _inside(evidence: Evidence, station: int) -> bool:
    return evidence.inside is None or station in evidence.inside


def _spoken_of(evidence: Evidence, stratum: str) -> bool:
    return evidence.strata is None or stratum in evidence.strata
