"""Whom an alert reaches and when, and what else raises one: `alerts.yaml`."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal

import cel
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from hub.checklist.definition import Frozen, Severity, Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
# What the hub can tell of the reports in a pattern's window.
_SAMPLE: dict[str, Any] = {"stations": 3, "reports": 4, "severity": 1}


@cache
def compiled(check: str) -> Any:
    """A pattern's condition. Raises `ValueError` where it is no sound CEL."""
    return cel.compile(check)


def _sound(check: str) -> str:
    try:
        result = compiled(check).execute(dict(_SAMPLE))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as refusal:
        told = str(refusal).partition("\n")[0]
        raise ValueError(f"no sound condition over {', '.join(_SAMPLE)}: {told}") from refusal
    if not isinstance(result, bool):
        raise ValueError(f"the condition is neither true nor false, but {result!r}")
    return check


class Step(Frozen):
    """One step of a chain. `after`: minutes since the alert started. `to`: roles, or people by code.

    `by` "any" takes the first road that the person has. `region` "next" goes to the next region's people. `digest`
    holds it back for a list, sent when the next multiple of `after` minutes is over.
    """

    after: Annotated[int, Field(ge=0)] = 0
    to: tuple[str, ...]
    by: Literal["any", "telegram", "sms"] = "any"
    region: Literal["own", "next"] = "own"
    digest: bool = False


class Hours(Frozen):
    """From `start` until `end`, local time; past midnight where `end` is the earlier."""

    start: time
    end: time

    def hold(self, moment: time) -> bool:
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class Chain(Frozen):
    """The steps for the alerts it is for. What is left empty does not matter; the first chain that fits is taken."""

    severity: tuple[Severity, ...] = ()
    categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    hours: Hours | None = None
    steps: tuple[Step, ...] = ()


class Pattern(Frozen):
    """An alert over several reports: `topics` (incident:31, answer:OPN.E=2) of the last `within` minutes, taken
    together `by` place, for which `check` holds: CEL over `stations`, `reports` and `severity` (the most severe, 1)."""

    name: Name
    title: Text
    topics: tuple[Annotated[str, StringConstraints(pattern=r"^(incident:\d+|answer:[A-Z]+\.[A-Z0-9]+=\w+)$")], ...]
    by: Literal["district", "region", "everywhere"] = "district"
    within: Annotated[int, Field(gt=0)]
    check: Annotated[str, StringConstraints(max_length=1000), AfterValidator(_sound)]
    severity: Severity = 1


class Silence(Frozen):
    """An alert because nothing comes. `station`: without the form; `region`: under `share` of its sampled stations
    with the form; both `after` minutes past the form's due time. `channel`: nothing for `after` minutes, between
    `since` and `until` (local time)."""

    name: Name
    title: Text
    of: Literal["station", "region", "channel"]
    after: Annotated[int, Field(gt=0)]
    form: str = ""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    channel: Literal["", "sms", "telegram", "whatsapp"] = ""
    since: datetime | None = None
    until: datetime | None = None
    severity: Severity = 2

    @model_validator(mode="after")
    def _complete(self) -> Silence:
        if self.of == "channel" and not (self.channel and self.since and self.until):
            raise ValueError("the silence of a channel needs channel, since and until")
        if self.of != "channel" and not self.form:
            raise ValueError(f"the silence of a {self.of} needs a form")
        return self


class Quiet(Frozen):
    """At most `pages` a minute to one person; the others go together, `gather` seconds at a time."""

    pages: Annotated[int, Field(gt=0)] = 10
    gather: Annotated[int, Field(gt=0)] = 5


class Alerting(Frozen):
    """Who is paged, step by step, and what is watched. `shifts`: by code, the hours in which somebody is on duty."""

    chains: tuple[Chain, ...] = ()
    fallback: str = "head_office"  # whom the hub's own troubles reach, and alerts that nobody else can be reached for
    shifts: dict[str, tuple[Hours, ...]] = {}
    remind: Annotated[int, Field(gt=0)] = 15  # minutes after it was acknowledged
    release: Annotated[int, Field(gt=0)] = 30  # and then it is nobody's again
    quiet: Quiet = Quiet()
    patterns: tuple[Pattern, ...] = ()
    silence: tuple[Silence, ...] = ()

    def chain(self, severity: int, topic: str, region: str, moment: time) -> Chain | None:
        """The first chain that fits. `moment`: local time. None: such an alert is raised for nobody."""
        category = topic.removeprefix("incident:") if topic.startswith("incident:") else ""
        for chain in self.chains:
            if (
                (not chain.severity or severity in chain.severity)
                and (not chain.categories or category in chain.categories)
                and (not chain.regions or region in chain.regions)
                and (chain.hours is None or chain.hours.hold(moment))
            ):
                return chain
        return None

    def pages(self, severity: int) -> bool:
        """Is anybody ever paged for this severity?"""
        return any(chain.steps and (not chain.severity or severity in chain.severity) for chain in self.chains)

    def answered(self) -> tuple[int, ...]:
        """The severities that somebody must answer for: those that are not for a list alone."""
        return tuple(
            severity
            for severity in (1, 2, 3)
            if any(
                not step.digest
                for chain in self.chains
                if not chain.severity or severity in chain.severity
                for step in chain.steps
            )
        )

    def on_duty(self, person: str, moment: time) -> bool:
        shifts = self.shifts.get(person)
        return shifts is None or any(hours.hold(moment) for hours in shifts)

    def due(self, step: Step, started: datetime) -> datetime:
        """When a step is due. A digest waits for the next whole multiple of its minutes."""
        wait = timedelta(minutes=step.after)
        if not step.digest or not wait:
            return started + wait
        midnight = started.replace(hour=0, minute=0, second=0, microsecond=0)
        return started + (midnight - started) % wait
