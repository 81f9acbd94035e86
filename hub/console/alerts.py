"""Alerts: what burns, and who has it? A list of cards, and a page for each with everything that can be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub.alerts import board, escalation, life, sos, times
from hub.alerts.life import Outcome, Who
from hub.alerts.pages import what as said_of
from hub.alerts.times import Timed, Times
from hub.console.access import Caller, Forbidden, Here, Visitor, note, pages
from hub.console.download import as_csv
from hub.console.frame import language_of, page
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import late

routes = pages("alerts")  # looking, and answering for an alert
checking = pages("alerts", act="verify")  # whoever calls people: the desk and the lawyers, too
sorting = pages("alerts", act="sort")  # a supervisor's
Words = Annotated[str, Form()]
_FIGURES = ("count", "median", "p95", "longest")  # of a wait, in seconds


@routes.get("")
def shown(request: Request, caller: Caller, hub: Here, state: str = "", region: str = "", wrong: str = "") -> Response:
    """A coordinator sees the own region whatever the address asks for."""
    return page(request, "alerts/page.html", **_values(request, caller, hub, state, region), wrong=wrong)


@routes.get("/cards")
def cards(request: Request, caller: Caller, hub: Here, state: str = "", region: str = "") -> Response:
    """The cards alone, asked for every few seconds."""
    return page(request, "alerts/cards.html", **_values(request, caller, hub, state, region))


@routes.get("/times")
def waited(request: Request, caller: Caller, hub: Here) -> Response:
    """How long alerts waited, by region and by what they are about."""
    each = _timed(caller, hub)
    by_topic = {_said(request, caller, hub, topic): told for topic, told in times.by_topic(each).items()}
    return page(request, "alerts/times.html", by_region=times.by_region(each), by_topic=by_topic)


@routes.get("/times.csv")
def waited_file(request: Request, caller: Caller, hub: Here) -> Response:
    each = _timed(caller, hub)
    by_topic = {_said(request, caller, hub, topic): told for topic, told in times.by_topic(each).items()}
    rows = [*_time_rows("region", times.by_region(each)), *_time_rows("topic", by_topic)]
    waits = [f"{until}_{figure}" for until in ("acknowledged", "resolved") for figure in _FIGURES]
    return as_csv("alert-times", ["by", "name", "raised", *waits], rows)


@routes.get("/alerts.csv")
def alerts_file(caller: Caller, hub: Here) -> Response:
    """Each alert with its moments: never a person, never what was said."""
    names = Timed.__slots__
    return as_csv("alerts", names, ([getattr(it, name) for name in names] for it in _timed(caller, hub)))


@routes.get("/{alert_id:int}")
def one(request: Request, caller: Caller, hub: Here, alert_id: int, wrong: str = "") -> Response:
    with reading(hub.engine) as session:
        whole = board.whole(session, alert_id)
    if whole is None:
        raise HTTPException(404)
    _within(caller, whole.card.region)
    topics = {whole.card.topic, *(it.topic for it in whole.earlier + whole.others)}
    what = {topic: _said(request, caller, hub, topic) for topic in topics}
    return page(request, "alerts/one.html", whole=whole, card=whole.card, what=what, wrong=wrong)


@routes.post("/{alert_id:int}/acknowledge")
def acknowledge(caller: Caller, hub: Here, alert_id: int) -> Response:
    with _changing(caller, hub, alert_id) as session:
        won = life.acknowledge(session, hub.election.alerting, alert_id, _who(caller), hub.clock())
        _note(session, caller, hub, "acknowledge", alert_id, won)
    return _back(alert_id, "" if won else "taken")


@routes.post("/{alert_id:int}/way")
def on_the_way(caller: Caller, hub: Here, alert_id: int) -> Response:
    with _changing(caller, hub, alert_id) as session:
        won = life.on_the_way(session, hub.election.alerting, alert_id, _who(caller), hub.clock())
        _note(session, caller, hub, "on_the_way", alert_id, won)
    return _back(alert_id, "" if won else "closed")


@routes.post("/{alert_id:int}/resolve")
def resolve(caller: Caller, hub: Here, alert_id: int, words: Words = "") -> Response:
    return _end(caller, hub, alert_id, words.strip(), "resolved", "resolve")


@routes.post("/{alert_id:int}/false")
def refute(caller: Caller, hub: Here, alert_id: int, words: Words = "") -> Response:
    return _end(caller, hub, alert_id, words.strip(), "false", "false_alarm")


@checking.post("/sos")
def call_for_help(caller: Caller, hub: Here, whom: Words = "", words: Words = "") -> Response:
    """Somebody in danger has been heard of at the desk."""
    with writing(hub.engine) as session:
        number = sos.from_desk(session, hub, whom.strip(), words.strip(), _who(caller), hub.clock(), caller.region)
        if number is not None:
            _note(session, caller, hub, "sos", number, True, {"whom": whom.strip(), "words": words.strip()})
    return _back(number) if number is not None else RedirectResponse("/alerts?wrong=whom", 303)


@checking.post("/{alert_id:int}/call")
def call(request: Request, caller: Caller, hub: Here, alert_id: int) -> Response:
    """The whole number of whoever reported it. Every look is in the audit and in the timeline."""
    with _changing(caller, hub, alert_id) as session:
        whole = board.whole(session, alert_id)
        found = late.phone(session, whole.reporter) if whole and whole.reporter else None
        if found is None:
            raise HTTPException(404)
        code, sealed = found
        life.called(session, alert_id, _who(caller), hub.clock())
        note(session, caller, hub, "reveal", code, after={"alert": alert_id})
    return page(request, "late/number.html", code=code, number=hub.vault.open(sealed).decode())


@checking.post("/{alert_id:int}/verify")
def verify(caller: Caller, hub: Here, alert_id: int, words: Words = "") -> Response:
    """The observer was called, and it is so."""
    with _changing(caller, hub, alert_id) as session:
        won = life.verify(session, hub.election.alerting, alert_id, _who(caller), hub.clock(), words.strip())
        _note(session, caller, hub, "verify", alert_id, won, {"words": words.strip()})
    return _back(alert_id, "" if won else "closed")


@sorting.post("/{alert_id:int}/grade")
def grade(caller: Caller, hub: Here, alert_id: int, severity: Annotated[Literal["1", "2", "3"], Form()]) -> Response:
    with _changing(caller, hub, alert_id) as session:
        done = escalation.regrade(session, hub, alert_id, int(severity), _who(caller), hub.clock())
        _note(session, caller, hub, "grade", alert_id, done, {"severity": severity})
    return _back(alert_id)


@sorting.post("/{alert_id:int}/merge")
def merge(caller: Caller, hub: Here, alert_id: int, into: Annotated[int, Form()]) -> Response:
    with _changing(caller, hub, alert_id) as session:
        _within(caller, board.region_of(session, into))
        done = escalation.merge(session, hub, alert_id, into, _who(caller), hub.clock())
        _note(session, caller, hub, "merge", alert_id, done, {"into": into})
    return _back(into) if done else _back(alert_id, "closed")


@sorting.post("/{alert_id:int}/split")
def split(caller: Caller, hub: Here, alert_id: int, incident: Annotated[list[int] | None, Form()] = None) -> Response:
    with _changing(caller, hub, alert_id) as session:
        number = escalation.split(session, hub, alert_id, incident or [], _who(caller), hub.clock())
        _note(session, caller, hub, "split", alert_id, number is not None, {"incidents": incident, "alert": number})
    return _back(number) if number is not None else _back(alert_id, "nothing")


def _end(caller: Visitor, hub: Hub, alert_id: int, words: str, outcome: Outcome, action: str) -> Response:
    with _changing(caller, hub, alert_id) as session:
        won = life.resolve(session, alert_id, _who(caller), hub.clock(), words, outcome)
        _note(session, caller, hub, action, alert_id, won, {"words": words})
    return _back(alert_id, "" if won else "closed")


@contextmanager
def _changing(caller: Visitor, hub: Hub, alert_id: int) -> Iterator[Session]:
    """One transaction over an alert that the caller may see."""
    with writing(hub.engine) as session:
        _within(caller, board.region_of(session, alert_id))
        yield session


def _within(caller: Visitor, region: str | None) -> None:
    """404 where there is no such alert; `Forbidden` where it is another region's."""
    if region is None:
        raise HTTPException(404)
    if caller.region and region != caller.region:
        raise Forbidden("region")


def _note(
    session: Session,
    caller: Visitor,
    hub: Hub,
    action: str,
    alert_id: int,
    done: bool,
    after: Mapping[str, Any] | None = None,
) -> None:
    """What changed nothing is not in the audit."""
    if done:
        note(session, caller, hub, action, f"alert {alert_id}", after=after)


def _back(alert_id: int, wrong: str = "") -> Response:
    return RedirectResponse(f"/alerts/{alert_id}" + (f"?wrong={wrong}" if wrong else ""), 303)


def _who(caller: Visitor) -> Who:
    return Who("console", caller.account.person_id, caller.account.id)


def _values(request: Request, caller: Visitor, hub: Hub, state: str, region: str) -> dict[str, Any]:
    with reading(hub.engine) as session:
        found = board.cards(session, region=caller.region or region, state=state)
        regions = [caller.region] if caller.region else board.regions(session)
    what = {card.topic: _said(request, caller, hub, card.topic) for card in found}
    cut = sum(card.state == "resolved" for card in found) >= board.RESOLVED
    return {
        "cards": found,
        "cut": board.RESOLVED if cut else 0,
        "what": what,
        "state": state,
        "region": caller.region or region,
        "regions": regions,
    }


def _said(request: Request, caller: Visitor, hub: Hub, topic: str) -> str:
    return said_of(hub.election, topic, language_of(request, caller))


def _timed(caller: Visitor, hub: Hub) -> list[Timed]:
    with reading(hub.engine) as session:
        return times.of_each(session, region=caller.region)


def _time_rows(by: str, groups: Mapping[str, Times]) -> Iterator[list[object]]:
    for name, told in groups.items():
        waits = [getattr(wait, figure) for wait in (told.acknowledged, told.resolved) for figure in _FIGURES]
        yield [by, name, told.raised, *waits]
