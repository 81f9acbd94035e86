"""The desk: the queue at the left, one item at the right. What do I do next?"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import replies
from hub.checklist import writing as writing_of
from hub.checklist.problems import Problem
from hub.console import readings
from hub.console.access import Caller, Here, note, pages
from hub.console.frame import language_of, page
from hub.console.item import (
    claim,
    following,
    found,
    item_page,
    mendable,
    next_free,
    opened,
    ordered,
    taken_or_next,
    undoable,
)
from hub.database import reading, writing
from hub.desk import items
from hub.intake import corrections, decisions

routes = pages("desk")


@routes.get("")
def first(request: Request, caller: Caller, hub: Here, done: str = "") -> Response:
    """The queue with nothing opened."""
    with reading(hub.engine) as session:
        entries = ordered(session, hub, caller)
        bar = undoable(session, hub, caller)
    free = next_free(entries, caller)
    return page(request, "desk/page.html", entries=entries, current=None, item=None, done=done, free=free, **bar)


@routes.get("/queue")
def listed(request: Request, caller: Caller, hub: Here, current: int = 0) -> Response:
    """The list alone, asked for every few seconds."""
    with reading(hub.engine) as session:
        entries = ordered(session, hub, caller)
    return page(request, "desk/queue.html", entries=entries, current=current)


@routes.get("/{item_id}")
def shown(request: Request, caller: Caller, hub: Here, item_id: int, done: str = "") -> Response:
    """Opens an item, and claims it for who may work on it."""
    taken = opened(hub, caller, item_id) if caller.acts("desk") else None
    return item_page(request, hub, item_id, taken=taken, done=done)


@routes.post("/{item_id}/keep")
def kept(request: Request, caller: Caller, hub: Here, item_id: int) -> Response:
    """Extends the claim while its holder types; says so when somebody else has the item by now."""
    return page(request, "desk/holder.html", taken=opened(hub, caller, item_id))


@routes.post("/{item_id}/preview")
def preview(
    request: Request,
    hub: Here,
    item_id: int,
    text: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    value: Annotated[str, Form()] = "",
) -> Response:
    """What the hub would read in this text now; where `code` is named, with that answer as `value`. Stores nothing."""
    language = language_of(request, request.state.visitor)
    if code:
        text = writing_of.with_answer(text, hub.election.checklist, code, value.strip())
    with reading(hub.engine) as session:
        original = items.original(session, item_id)
        if original is None:
            raise HTTPException(404)
        journal_id, raw = original
        read = corrections.preview(session, hub, journal_id, text)
    told = readings.told(hub.election, read, text, language)
    return page(request, "desk/reading.html", raw=raw, read=told, mine=True, written=bool(code))


@routes.post("/{item_id}/save")
def save(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    text: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Stores the correction beside the original and goes on; a text that came too late is kept on the page."""
    text, now = text.replace("\r\n", "\n"), hub.clock()
    with writing(hub.engine) as session:
        item = mendable(session, item_id)
        taken = claim(session, hub, caller, item_id)
        if taken:
            note(session, caller, hub, "save_refused", f"item {item_id}", after={"text": text, "holder": taken.name})
        else:
            corrections.save(
                session, hub, item_id=item_id, text=text, account_id=caller.account.id, reason=reason.strip(), now=now
            )
            before = {"text": item.message.latest} if item.message else {}
            note(
                session,
                caller,
                hub,
                "save",
                f"item {item_id}",
                before=before,
                after={"text": text, "reason": reason.strip()},
            )
    if taken:
        return item_page(request, hub, item_id, taken=taken, kept=text, status=409)
    with reading(hub.engine) as session:
        still_open = found(session, item_id).closed_at is None
    return (
        RedirectResponse(f"/desk/{item_id}?done=open", 303) if still_open else following(hub, caller, item_id, "saved")
    )


async def _chosen(request: Request) -> dict[str, str]:
    """Question's code → the value chosen, from fields called value.CODE."""
    form = await request.form()
    return {key[6:]: value for key, value in form.items() if key.startswith("value.") and isinstance(value, str)}


@routes.post("/{item_id}/decide")
def decide(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    values: Annotated[dict[str, str], Depends(_chosen)],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Chooses between two observers. Only what one of them said can be chosen, and for every conflict one value."""
    now, reason = hub.clock(), reason.strip()
    with reading(hub.engine) as session:
        item = found(session, item_id)
    if item.record is None or item.station_id is None:
        raise HTTPException(404)
    said = {code: {told[code] for told in item.record.said.values() if code in told} for code in item.record.conflicts}
    if not reason or set(values) != set(said) or any(value not in said[code] for code, value in values.items()):
        return item_page(request, hub, item_id, wrong="choice", status=422)
    with writing(hub.engine) as session:
        taken = claim(session, hub, caller, item_id)
        if not taken:
            decisions.decide(
                session,
                hub,
                station_id=item.station_id,
                form=item.form,
                values=values,
                account_id=caller.account.id,
                reason=reason,
                now=now,
            )
            note(
                session,
                caller,
                hub,
                "decide",
                f"item {item_id}",
                before=item.record.said,
                after=values | {"reason": reason},
            )
    return taken_or_next(request, hub, caller, item_id, taken, "decided")


async def _amended(request: Request) -> dict[str, dict[str, str]]:
    """Observer's code → question's code → value, from fields called said.QUESTION.OBSERVER."""
    said: dict[str, dict[str, str]] = {}
    for key, value in (await request.form()).items():
        kind, _, rest = key.partition(".")
        code, _, who = rest.partition(".")
        if kind == "said" and who and isinstance(value, str):
            said.setdefault(who, {})[code] = value.strip()
    return said


@routes.post("/{item_id}/amend")
def amend(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    said: Annotated[dict[str, dict[str, str]], Depends(_amended)],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Corrects what observers say on the form behind an item. What cannot be stored stays in the fields, with why."""
    now, reason = hub.clock(), reason.strip()
    with reading(hub.engine) as session:
        item = found(session, item_id)
    if item.record is None:
        raise HTTPException(404)
    before = item.record.said
    changed = {
        who: new
        for who, answers in said.items()
        if who in before
        and (new := {code: value for code, value in answers.items() if value and value != before[who].get(code)})
    }
    if not changed:
        return item_page(request, hub, item_id, wrong="nothing", status=422)
    refused: dict[str, tuple[Problem, ...]] = {}
    with writing(hub.engine) as session:
        taken = claim(session, hub, caller, item_id)
        if not taken:
            refused = corrections.amend(
                session, hub, item_id=item_id, said=changed, account_id=caller.account.id, reason=reason, now=now
            )
        if not taken and not refused:
            note(session, caller, hub, "amend", f"item {item_id}", before=before, after=changed | {"reason": reason})
    if refused:
        language = language_of(request, caller)
        form = hub.election.checklist.by_code.get(item.form)
        told = {
            who: [replies.problem_text(hub.election, problem, language, form) for problem in problems]
            for who, problems in refused.items()
        }
        return item_page(request, hub, item_id, mending=changed, refused=told, status=422)
    if not taken:
        with reading(hub.engine) as session:
            if found(session, item_id).closed_at is None:
                return RedirectResponse(f"/desk/{item_id}?done=open", 303)
    return taken_or_next(request, hub, caller, item_id, taken, "saved")
