"""What raises an alert. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.checklist.definition import Category, Checklist, Form
from hub.election.alerting import Alerting, Pattern, compiled


@dataclass(frozen=True, slots=True)
class Trigger:
    """`topic` is what the alert is about at its place, so that repeats find it: `incident:01`, `answer:OPN.A=2`."""

    topic: str
    severity: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One report that a pattern may be made of."""

    topic: str
    severity: int
    station: str
    district: str
    region: str
    at: datetime


def by_answers(form: Form, answers: Mapping[str, str]) -> list[Trigger]:
    """The answers that the checklist marks as critical."""
    return [
        Trigger(f"answer:{form.code}.{question.code}={answers[question.code]}", 1)
        for question in form.questions
        if answers.get(question.code) in question.critical
    ]


def by_category(category: Category, alerting: Alerting) -> list[Trigger]:
    """An incident raises an alert where the election pages somebody for its severity."""
    if not alerting.pages(category.severity):
        return []
    return [Trigger(f"incident:{category.code}", category.severity)]


def by_rules(checklist: Checklist, form: str, violated: Iterable[str]) -> list[Trigger]:
    """The violated rules that the checklist marks as critical."""
    critical = {rule.name for rule in checklist.form(form).rules if rule.critical}
    return [Trigger(f"rule:{form}.{name}", 1) for name in violated if name in critical]


def by_pattern(pattern: Pattern, sightings: Iterable[Sighting]) -> dict[tuple[str, str], list[Sighting]]:
    """(region, district) → the reports that make the pattern there; "" for what the pattern does not tell apart.

    The sightings are those of the pattern's topics in its window.
    """
    places: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        region = "" if pattern.by == "everywhere" else sighting.region
        places[region, sighting.district if pattern.by == "district" else ""].append(sighting)
    return {place: seen for place, seen in places.items() if _holds(pattern, seen)}


def _holds(pattern: Pattern, seen: list[Sighting]) -> bool:
    told = {
        "stations": len({sighting.station for sighting in seen}),
        "reports": len(seen),
        "severity": min(sighting.severity for sighting in seen),
    }
    try:
        return compiled(pattern.check).execute(told) is True
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return False  # not to be judged on these reports: a division by zero
