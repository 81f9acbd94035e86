"""Findings: what may we say? Every figure with its margin, the stations it rests on, and whether it may be released."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.analysis import groups, kept, releases, sensitivity, tables, verification
from hub.analysis.releases import NotPossible
from hub.analysis.tables import RatioFigure
from hub.console.access import Act, Caller, Forbidden, Here, Visitor, pages
from hub.console.frame import page
from hub.database import reading, writing

routes = pages("findings")
AT_ONCE = 50  # flagged values on a page


@routes.get("")
def shown(request: Request, hub: Here, form: str = "", within: str = "", wrong: str = "") -> Response:
    """`form`: the questions of one form; "" is turnout and shares. `within`: a stratum, region or group; "" is all.
    `wrong`: why a proposal or signature was not taken."""
    with reading(hub.engine) as session:
        known, _, found = kept.of(session, hub.election).look(session)
        released = releases.listing(session)
    parts = groups.parts(known, hub.election)
    if within in parts:
        found = tables.compute(groups.within(known, parts[within]), hub.election)
    asked = {table.form for table in found.tables.values()}
    forms = [it for it in hub.election.checklist.forms if it.code in asked]
    first = "" if found.turnout or found.shares or not forms else forms[0].code
    chosen = form if form in asked else first
    return page(
        request,
        "findings/page.html",
        found=found,
        forms=forms,
        chosen=chosen,
        parts=parts,
        within=within if within in parts else "",
        releases=released,
        ranked=_ranked,
        wrong=wrong,
    )


@routes.get("/doubts")
def doubts(
    request: Request, hub: Here, question: str = "", skip: Annotated[int, Query(ge=0)] = 0, wrong: str = ""
) -> Response:
    """The flagged values of a question, the tests over the sample, and what hangs on them. `skip`: so many of the
    values are on earlier pages."""
    with reading(hub.engine) as session:
        known, doubted, found = kept.of(session, hub.election).look(session)
        held = verification.quarantined(session)
    questions = doubted.by_question()
    chosen = question if question in questions else next(iter(questions), "")
    flagged = questions.get(chosen, [])
    return page(
        request,
        "findings/doubts.html",
        doubts=doubted,
        questions=questions,
        chosen=chosen,
        found=flagged[skip : skip + AT_ONCE],
        skip=skip,
        more=max(0, len(flagged) - skip - AT_ONCE),
        at_once=AT_ONCE,
        held=held,
        hanging=sensitivity.sensitivity(known, hub.election, found, doubted.places),
        texts={f"{form.code}.{asked.code}": asked.text for form, asked in hub.election.checklist.questions()},
        wrong=wrong,
    )


@routes.post("/doubts")
def rule(
    caller: Caller,
    hub: Here,
    verdict: Annotated[Literal["verified", "quarantined", "cleared"], Form()],
    station: Annotated[int, Form()],
    question: Annotated[str, Form()],
    value: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """A verdict has its reason; clearing one needs none."""
    form, _, code = question.partition(".")
    if verdict != "cleared" and not reason.strip():
        return RedirectResponse(f"/findings/doubts?question={question}&wrong=reason", 303)
    try:
        with writing(hub.engine) as session:
            verification.rule(
                session,
                verdict,
                (station, form, code),
                value,
                account_id=caller.account.id,
                reason=reason.strip(),
                now=hub.clock(),
                address=caller.address,
            )
    except verification.Stale:
        return RedirectResponse(f"/findings/doubts?question={question}&wrong=stale", 303)
    return RedirectResponse(f"/findings/doubts?question={question}", 303)


@routes.post("/releases")
def propose(caller: Caller, hub: Here) -> Response:
    """Freezes all that may be released; somebody else signs."""
    _allowed(caller, "propose")
    try:
        with writing(hub.engine) as session:
            releases.propose(
                session, hub.election, account_id=caller.account.id, now=hub.clock(), address=caller.address
            )
    except NotPossible as refusal:
        return RedirectResponse(f"/findings?wrong={refusal.reason}#releases", 303)
    return RedirectResponse("/findings#releases", 303)


@routes.post("/releases/{release_id}/sign")
def sign(caller: Caller, hub: Here, release_id: int) -> Response:
    """The second signature. Not by who proposed."""
    _allowed(caller, "sign")
    who, now = caller.account.id, hub.clock()
    try:
        with writing(hub.engine) as session:
            releases.sign(session, hub.vault, release_id, account_id=who, now=now, address=caller.address)
    except NotPossible as refusal:
        return RedirectResponse(f"/findings?wrong={refusal.reason}#releases", 303)
    return RedirectResponse("/findings#releases", 303)


@routes.post("/releases/{release_id}/drop")
def drop(caller: Caller, hub: Here, release_id: int) -> Response:
    """A proposal that shall not be signed."""
    if not (caller.acts("propose") or caller.acts("sign")):
        raise Forbidden("role")
    try:
        with writing(hub.engine) as session:
            releases.drop(session, release_id, account_id=caller.account.id, now=hub.clock(), address=caller.address)
    except NotPossible as refusal:
        return RedirectResponse(f"/findings?wrong={refusal.reason}#releases", 303)
    return RedirectResponse("/findings#releases", 303)


@routes.get("/releases/{number}.json")
def handed_out(hub: Here, number: int) -> Response:
    """The frozen tables, what was signed, and the signature with the key that proves it."""
    with reading(hub.engine) as session:
        try:
            told = releases.frozen(session, number)
        except KeyError as error:
            raise HTTPException(404) from error
    named = {"content-disposition": f'attachment; filename="release-{number}.json"'}
    return JSONResponse(told | {"public_key": hub.vault.public_key.hex()}, headers=named)


def _allowed(caller: Visitor, act: Act) -> None:
    if not caller.acts(act):
        raise Forbidden("role")


def _ranked(parts: Sequence[RatioFigure]) -> list[RatioFigure]:
    """The largest first; those without an estimate last."""
    return sorted(parts, key=lambda part: -(part.estimate.estimate or 0))
