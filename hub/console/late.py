"""Late: whom do I call? One line a station and form, the outcome in the line, and a report written down by ear."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub import replies
from hub.checklist.definition import Form as Paper
from hub.checklist.problems import Problem
from hub.console import readings
from hub.console.access import Caller, Forbidden, Here, Visitor, note, pages
from hub.console.frame import language_of, page
from hub.console.item import following
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import late, queue
from hub.desk.late import Outcome, Owed
from hub.intake import corrections

routes = pages("late")
SHOWN = 30  # lines at once: who calls begins with the first, and a phone must load it


@routes.get("")
def shown(request: Request, caller: Caller, hub: Here, form: str = "", region: str = "", all: str = "") -> Response:
    """`all`: also what is late, but not late enough to call for. A coordinator sees the own region."""
    return page(request, "late/page.html", **_values(caller, hub, form, region, all))


@routes.get("/lines")
def lines(request: Request, caller: Caller, hub: Here, form: str = "", region: str = "", all: str = "") -> Response:
    """The lines alone, asked for again and again."""
    return page(request, "late/lines.html", **_values(caller, hub, form, region, all))


@routes.post("/number/{person_id}")
def number(request: Request, caller: Caller, hub: Here, person_id: int) -> Response:
    """A whole number, for somebody who is about to dial it. Every look is in the audit."""
    with writing(hub.engine) as session:
        found = late.phone(session, person_id)
        if found is None:
            raise HTTPException(404)
        code, sealed = found
        note(session, caller, hub, "reveal", code)
    return page(request, "late/number.html", code=code, number=hub.vault.open(sealed).decode())


@routes.post("/{station_id}/{form}/called")
def called(
    caller: Caller,
    hub: Here,
    station_id: int,
    form: str,
    person: Annotated[int, Form()],
    outcome: Annotated[Outcome, Form()],
    item: Annotated[int, Form()] = 0,
) -> Response:
    """Notes what came of a call; "read it to me" opens the form. From the desk the `item` waits, and the next opens."""
    line = _line(caller, hub, station_id, form, person)
    if outcome == "read":
        return RedirectResponse(f"/late/{station_id}/{form}/{person}", 303)
    with writing(hub.engine) as session:
        _log(session, caller, hub, line, person, outcome)
        if item:
            until = hub.timer() + late.REST
            queue.postpone(session, item, caller.account.id, until, f"☎ {_code(line, person)}")
    return following(hub, caller, item, "called") if item else RedirectResponse("/late", 303)


@routes.get("/{station_id}/{form}/{person_id}")
def dictation(request: Request, caller: Caller, hub: Here, station_id: int, form: str, person_id: int) -> Response:
    """The form in the order of the paper, to be filled in while the observer reads."""
    return _form_page(request, hub, _line(caller, hub, station_id, form, person_id), person_id, {})


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {
        key[6:]: value.strip() for key, value in form.items() if key.startswith("field.") and isinstance(value, str)
    }


Typed = Annotated[dict[str, str], Depends(_typed)]


@routes.post("/{station_id}/{form}/{person_id}/check")
def checked(
    request: Request, caller: Caller, hub: Here, station_id: int, form: str, person_id: int, typed: Typed
) -> Response:
    """What is wrong with what has been typed so far; nothing once it is stored, which it may be by the time this comes.
    Stores nothing."""
    try:
        _line(caller, hub, station_id, form, person_id)
    except HTTPException:
        return Response(status_code=204)
    with reading(hub.engine) as session:
        judgement = corrections.heard(
            session,
            hub,
            station_id=station_id,
            form=_form(hub, form),
            person_id=person_id,
            answers=typed,
            now=hub.clock(),
        )
    problems = [it for it in judgement.problems if it.code != "missing_answers"]
    return page(request, "late/troubles.html", troubles=_told(request, hub, form, problems))


@routes.post("/{station_id}/{form}/{person_id}")
def dictated(
    request: Request, caller: Caller, hub: Here, station_id: int, form: str, person_id: int, typed: Typed
) -> Response:
    """Stores what was read out, by the same path as any message; what is unsound stays in the fields."""
    line, now = _line(caller, hub, station_id, form, person_id), hub.clock()
    with writing(hub.engine) as session:
        problems = corrections.dictate(
            session,
            hub,
            station_id=station_id,
            form=_form(hub, form),
            person_id=person_id,
            answers=typed,
            account_id=caller.account.id,
            now=now,
        )
        if not problems:
            _log(session, caller, hub, line, person_id, "read")
            note(session, caller, hub, "dictate", f"{line.station} {form}", after=typed)
    if problems:
        return _form_page(request, hub, line, person_id, typed, _told(request, hub, form, problems), 422)
    return RedirectResponse("/late?done=read", 303)


def _values(caller: Visitor, hub: Hub, form: str, region: str, all: str) -> dict[str, Any]:
    region = caller.region or region
    after = timedelta(minutes=0 if all else hub.election.late.call)
    with reading(hub.engine) as session:
        owed = late.owed(session, hub.election, hub.clock(), after=after, region=region)
    forms = list(dict.fromkeys(line.form for line in owed))
    regions = sorted({line.region for line in owed} | ({region} if region else set()))
    return {
        "lines": [line for line in owed if form in ("", line.form)],
        "shown": SHOWN,
        "forms": forms,
        "form": form,
        "region": region,
        "regions": regions,
        "all": all,
        "mine": caller.acts("late"),
        "after": hub.election.late.call,
    }


def _line(caller: Visitor, hub: Hub, station_id: int, form: str, person_id: int) -> Owed:
    """The line that is meant. 404 where the report came meanwhile, or the person is not there."""
    with reading(hub.engine) as session:
        line = late.line(session, hub.election, hub.clock(), station_id, form, region=caller.region)
    if line is None or person_id not in {it.id for it in line.observers if it.hint}:
        raise HTTPException(404)
    return line


def _code(line: Owed, person_id: int) -> str:
    return next(it.code for it in line.observers if it.id == person_id)


def _form(hub: Hub, code: str) -> Paper:
    return hub.election.checklist.form(code)


def _form_page(
    request: Request,
    hub: Hub,
    line: Owed,
    person_id: int,
    typed: dict[str, str],
    troubles: list[str] | None = None,
    status: int = 200,
) -> Response:
    if not request.state.visitor.acts("late"):
        raise Forbidden("role")
    form = _form(hub, line.form)
    return page(
        request,
        "late/form.html",
        status=status,
        line=line,
        observer=next(it for it in line.observers if it.id == person_id),
        title=form.title,
        fields_=readings.blank(hub.election, form, typed, language_of(request, request.state.visitor)),
        troubles=troubles or [],
    )


def _told(request: Request, hub: Hub, form: str, problems: Iterable[Problem]) -> list[str]:
    language = language_of(request, request.state.visitor)
    return [replies.problem_text(hub.election, problem, language, _form(hub, form)) for problem in problems]


def _log(session: Session, caller: Visitor, hub: Hub, line: Owed, person_id: int, outcome: Outcome) -> None:
    late.log_call(
        session,
        station_id=line.station_id,
        form=line.form,
        person_id=person_id,
        account_id=caller.account.id,
        outcome=outcome,
        now=hub.clock(),
    )
    note(session, caller, hub, "call", f"{line.station} {line.form}", after={"outcome": outcome})
