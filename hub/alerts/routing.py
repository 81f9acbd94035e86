"""Whom an alert reaches, step by step: roles and named people of its region, who are on duty then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from hub.alerts.steps import Planned
from hub.election.alerting import Chain, Step
from hub.election.definition import Election
from hub.models import AlertRow, PersonRow, StationRow
from hub.models.election import STAFF
from hub.prepared import Prepared


class Duty(NamedTuple):
    """Somebody who may be paged."""

    id: int
    code: str
    role: str
    region: str


_TO: BindParameter[str] = bindparam("to", expanding=True)
_STAFF = Prepared(
    select(PersonRow.id, PersonRow.code, PersonRow.role, PersonRow.region)
    .where(STAFF, PersonRow.active, PersonRow.code.in_(_TO) | PersonRow.role.in_(_TO))
    .order_by(PersonRow.id)
)
_FIRST = Prepared(select(func.min(StationRow.id)).where(StationRow.region == bindparam("region")))
ROAD = {"any": "", "telegram": "telegram", "sms": "phone"}


def chain(session: Session, election: Election, alert: AlertRow, now: datetime) -> list[Planned]:
    """The pages of a chain that starts now. Where it would reach nobody, the fallback is: never silently nobody.
    Where its first step has nobody, the next that has somebody is due at once."""
    alerting = election.alerting
    found = alerting.chain(alert.severity, alert.topic, alert.region, now.astimezone(election.zone).time())
    if of_the_hub(alert.topic):  # our own troubles are the head office's, whatever the chains say
        found = _to_fallback(election)
    planned = list(_planned(session, election, found, alert.region, now)) if found else []
    planned = planned or list(_planned(session, election, _to_fallback(election), alert.region, now))
    first = min((step.position for step in planned), default=0)
    return [replace(step, due_at=min(step.due_at, now)) if step.position == first > 0 else step for step in planned]


def of_the_hub(topic: str) -> bool:
    return topic.startswith("hub:")


def _to_fallback(election: Election) -> Chain:
    to = (election.alerting.fallback,)
    return Chain(steps=(Step(to=to), Step(after=5, to=to, by="sms")))


def _planned(session: Session, election: Election, chain: Chain, region: str, started: datetime) -> Iterator[Planned]:
    alerting = election.alerting
    people = _of_chain(session, chain)
    elsewhere = {it.region for it in people} if any(step.region != "own" for step in chain.steps) else set()
    following = _following(session, region, elsewhere)
    for position, step in enumerate(chain.steps):
        due_at = alerting.due(step, started)
        moment = due_at.astimezone(election.zone).time()
        for person in _at_step(people, step, region, following):
            if alerting.on_duty(person.code, moment):
                yield Planned("page", due_at, position, person.id, ROAD[step.by], step.digest)


def _of_chain(session: Session, chain: Chain) -> Sequence[Duty]:
    """All whom some step may reach, in one query: a burst of alerts is paged in the reports' own transaction."""
    return [Duty(*row) for row in _STAFF.rows(session, to={name for step in chain.steps for name in step.to})]


def _at_step(people: Sequence[Duty], step: Step, region: str, following: Sequence[str]) -> list[Duty]:
    if step.region == "own":
        return _staff(people, step.to, region)
    for other in following:
        if found := [person for person in _staff(people, step.to, other) if person.region]:
            return found
    return []


def _staff(people: Sequence[Duty], to: Collection[str], region: str) -> list[Duty]:
    """Those named, and those of the roles for the region; of all regions where there is none (a mobile team's SOS)."""
    return [it for it in people if it.code in to or (it.role in to and (not region or it.region in (region, "")))]


def _following(session: Session, region: str, others: Collection[str]) -> list[str]:
    """The other regions, beginning with the one after this in the frame's order."""
    first = {each: _FIRST.column(session, region=each)[0] for each in {region, *others}}
    frame = sorted((at, each) for each, at in first.items() if at)
    here = first[region] or 0
    after = [each for at, each in frame if at > here]
    return after + [each for at, each in frame if at < here]
