"""Incidents: each report with what is known of it, and the tables of those that are published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub.console.access import Caller, Forbidden, Here, Visitor, note, pages
from hub.console.download import as_csv
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing
from hub.election.definition import Election
from hub.media import archive
from hub.reports import cases, incidents
from hub.reports.cases import Case, Wanted
from hub.reports.incidents import SUBJECTS, Complaint, Subject, Tables

routes = pages("alerts")
checking = pages("alerts", act="verify")
publishing = pages("alerts", act="publish")
Words = Annotated[str, Form()]


@routes.get("/incidents")
def shown(
    request: Request,
    caller: Caller,
    hub: Here,
    region: str = "",
    category: str = "",
    published: str = "",
    verified: str = "",
) -> Response:
    """A coordinator sees the own region whatever the address asks for."""
    wanted = Wanted(caller.region or region, category, published, verified)
    with reading(hub.engine) as session:
        found = cases.find(session, wanted)
    regions = [caller.region] if caller.region else sorted({case.region for case in found} | ({region} - {""}))
    values: dict[str, Any] = {"cases": found, "wanted": wanted, "titles": _titles(hub.election), "regions": regions}
    return page(request, "alerts/incidents.html", **values)


@routes.get("/incidents/published")
def tables(request: Request, hub: Here) -> Response:
    """The tables as they are published: by category, by region, by subject."""
    return page(request, "alerts/published.html", tables=_tables(hub), titles=_titles(hub.election))


@routes.get("/incidents/published.csv")
def tables_file(hub: Here) -> Response:
    return as_csv("incidents", ["by", "code", "count"], _table_rows(_tables(hub)))


@routes.get("/incidents/{number:int}")
def one(request: Request, caller: Caller, hub: Here, number: int, wrong: str = "") -> Response:
    with reading(hub.engine) as session:
        case = _visible(caller, cases.one(session, number))
        tied = cases.tied(session, case)
        files = archive.of_incident(session, number)
    values: dict[str, Any] = {"case": case, "tied": tied, "titles": _titles(hub.election), "subjects": SUBJECTS}
    values["files"] = files
    return page(request, "alerts/incident.html", **values, wrong=wrong)


@checking.post("/incidents/{number:int}")
def edit(
    caller: Caller,
    hub: Here,
    number: int,
    verified: Annotated[Literal["yes", "no", "open"], Form()],
    subject: Annotated[Subject, Form()],
    subject_name: Words = "",
    question: Words = "",
    complaint_number: Words = "",
    complaint_where: Words = "",
    complaint_result: Words = "",
) -> Response:
    """What is known of an incident besides what was reported; the report itself stays as it is."""
    complaint = Complaint(complaint_number.strip(), complaint_where.strip(), complaint_result.strip())
    with _changing(caller, hub, number) as (session, case):
        if question and question not in cases.tied(session, case).answers:
            return _back(number, "answer")
        incidents.verify(session, number, {"yes": True, "no": False}.get(verified))
        incidents.about(session, number, subject, subject_name.strip())
        incidents.answers(session, number, question)
        incidents.complain(session, number, complaint)
    return _back(number)


@checking.post("/incidents/{number:int}/relate")
def relate(caller: Caller, hub: Here, number: int, other: Annotated[int, Form()]) -> Response:
    """Says that two incidents belong together; both must be the caller's to see."""
    with _changing(caller, hub, number) as (session, _):
        if other == number or cases.one(session, other) is None:
            return _back(number, "other")
        _visible(caller, cases.one(session, other))
        incidents.relate(session, number, other)
        note(session, caller, hub, "relate", f"incident {number}", after={"other": other})
    return _back(number)


@checking.post("/incidents/{number:int}/unrelate")
def unrelate(caller: Caller, hub: Here, number: int, other: Annotated[int, Form()]) -> Response:
    with _changing(caller, hub, number) as (session, _):
        incidents.unrelate(session, number, other)
        note(session, caller, hub, "unrelate", f"incident {number}", before={"other": other})
    return _back(number)


@publishing.post("/incidents/{number:int}/publish")
def publish(caller: Caller, hub: Here, number: int) -> Response:
    """From now on it stands in the public tables."""
    with _changing(caller, hub, number) as (session, _):
        incidents.publish(session, [number], hub.clock())
    return _back(number)


@publishing.post("/incidents/{number:int}/withdraw")
def withdraw(caller: Caller, hub: Here, number: int) -> Response:
    with _changing(caller, hub, number) as (session, _):
        incidents.withdraw(session, [number])
    return _back(number)


@contextmanager
def _changing(caller: Visitor, hub: Hub, number: int) -> Iterator[tuple[Session, Case]]:
    """One transaction over an incident that the caller may see; what it changed is in the audit, before and after."""
    with writing(hub.engine) as session:
        before = _visible(caller, cases.one(session, number))
        yield session, before
        session.expire_all()
        after = cases.one(session, number)
        assert after is not None
        changed = [name for name in _EDITED if getattr(before, name) != getattr(after, name)]
        if changed:
            then, now = ({name: _plain(getattr(it, name)) for name in changed} for it in (before, after))
            note(session, caller, hub, "incident", f"incident {number}", before=then, after=now)


_EDITED = ("verified", "subject", "subject_name", "question", "complaint", "published_at")


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | str | dict) else str(value)


def _visible(caller: Visitor, case: Case | None) -> Case:
    """404 where there is no such incident; `Forbidden` where it is another region's."""
    if case is None:
        raise HTTPException(404)
    if caller.region and case.region != caller.region:
        raise Forbidden("region")
    return case


def _back(number: int, wrong: str = "") -> Response:
    return RedirectResponse(f"/alerts/incidents/{number}" + (f"?wrong={wrong}" if wrong else ""), 303)


def _titles(election: Election) -> dict[str, dict[str, str]]:
    return {category.code: dict(category.title) for category in election.checklist.categories}


def _tables(hub: Hub) -> Tables:
    with reading(hub.engine) as session:
        return incidents.published(session)


def _table_rows(tables: Tables) -> Iterator[list[object]]:
    yield ["total", "", tables.total]
    for by, counts in (
        ("category", tables.by_category),
        ("region", tables.by_region),
        ("subject", tables.by_subject),
    ):
        yield from ([by, code, count] for code, count in counts.items())
    yield from ([f"category in {region}", code, n] for (region, code), n in tables.by_region_and_category.items())
