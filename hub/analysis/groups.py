"""The parts of the sample of which every figure can be told apart: strata, regions, and groups that are declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.analysis.evidence import Drawn, Evidence
from hub.checklist.definition import Text
from hub.election.definition import Election, Group


@dataclass(frozen=True, slots=True)
class Part:
    """`key`: stratum:NAME · region:NAME · group:KEY; `name` in every language where it is a declared one's."""

    key: str
    name: str | Text
    stations: frozenset[int]


def parts(base: Evidence, election: Election) -> dict[str, Part]:
    """By key; those alone in which a station was drawn."""
    drawn = base.frame.drawn
    found = [
        *(_named("stratum", name, (each for each in drawn if each.stratum == name)) for name in base.frame.sizes),
        *(
            _named("region", name, (each for each in drawn if each.region == name))
            for name in dict.fromkeys(each.region for each in drawn)
        ),
        *(
            Part(f"group:{key}", group.name, frozenset(each.id for each in drawn if _belongs(each, group)))
            for key, group in election.analysis.groups.items()
        ),
    ]
    return {part.key: part for part in found if part.stations}


def within(base: Evidence, part: Part) -> Evidence:
    """The evidence to speak of a part alone. A stratum without a station of it has nothing to say and is left out."""
    strata = {each.stratum for each in base.frame.drawn if each.id in part.stations}
    return base.of(part.stations, strata)


def _named(kind: str, name: str, stations: Iterable[Drawn]) -> Part:
    return Part(f"{kind}:{name}", name, frozenset(each.id for each in stations))


def _belongs(station: Drawn, group: Group) -> bool:
    return station.code in group.stations or station.district in group.districts or station.region in group.regions
