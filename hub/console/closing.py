"""How an item ends that is not mended: unusable, settled, verified, given back, its sender known; and undoing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.console.access import Caller, Here, Visitor, note, pages
from hub.console.item import claim, found, item_page, mendable, taken_or_next, with_message
from hub.context import Hub
from hub.database import writing
from hub.desk import queue, timeline
from hub.intake import corrections, identifying, undoing
from hub.intake.corrections import Resolution
from hub.intake.undoing import TooLate
from hub.sample.links import Taken

routes = pages("desk")


@routes.post("/{item_id}/unusable")
def unusable(
    request: Request, caller: Caller, hub: Here, item_id: int, reason: Annotated[str, Form()] = ""
) -> Response:
    """Closes a message that nothing can be made of; why must be said."""
    with writing(hub.engine) as session:
        mendable(session, item_id)
    return _close(request, hub, caller, item_id, "unusable", reason)


@routes.post("/{item_id}/settle")
def settle(request: Request, caller: Caller, hub: Here, item_id: int, reason: Annotated[str, Form()] = "") -> Response:
    """It was looked into, and nothing is left to do: a violated rule stands, a number was called."""
    return _close(request, hub, caller, item_id, "settled", reason)


@routes.post("/{item_id}/verify")
def verify(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    sound: Annotated[bool, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Somebody was asked whether an incident is so; who, and what they said, must be told."""
    return _close(request, hub, caller, item_id, "verified" if sound else "refuted", reason)


@routes.post("/{item_id}/identify")
def identify(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    person: Annotated[str, Form()] = "",
    called: Annotated[bool, Form()] = False,
) -> Response:
    """Says who an unknown sender is, after a call back on a number that was known before."""
    if not called:
        return item_page(request, hub, item_id, wrong="call", status=422)
    now = hub.clock()
    with writing(hub.engine) as session:
        item = with_message(session, item_id)
        if item.message is None or item.message.sender is not None:
            raise HTTPException(404)
        who = timeline.observer(session, person.strip())
        taken = claim(session, hub, caller, item_id)
        if not taken and who:
            linked = identifying.identify(
                session, hub, item_id=item_id, person_id=who.id, account_id=caller.account.id, now=now
            )
            if isinstance(linked, Taken):
                raise HTTPException(409)  # nothing is changed
            note(
                session, caller, hub, "identify", f"item {item_id}", after={"person": linked.code, "called back": True}
            )
        session.expire_all()
        left_open = not taken and found(session, item_id).closed_at is None
    if not taken and not who:
        return item_page(request, hub, item_id, wrong="person", status=422)
    if left_open:
        return RedirectResponse(f"/desk/{item_id}?done=identified", 303)
    return taken_or_next(request, hub, caller, item_id, taken, "identified")


@routes.post("/undo/{deed_id}")
def undo(caller: Caller, hub: Here, deed_id: int) -> Response:
    """Takes back what was done a moment ago; the item is open again, and the caller's."""
    now = hub.clock()
    try:
        with writing(hub.engine) as session:
            deed = undoing.undo(session, hub, deed_id, caller.account.id, now)
            note(session, caller, hub, "undo", f"item {deed.item_id}", before={"done": deed.kind})
    except TooLate:
        return RedirectResponse("/desk?done=too_late", 303)
    return RedirectResponse(f"/desk/{deed.item_id}?done=undone", 303)


@routes.post("/{item_id}/release")
def release(caller: Caller, hub: Here, item_id: int) -> Response:
    _give_back(caller, hub, item_id)
    return RedirectResponse("/desk", 303)


@routes.post("/{item_id}/left")
def left(caller: Caller, hub: Here, item_id: int) -> Response:
    """The browser went elsewhere, or was closed: the item is free at once."""
    _give_back(caller, hub, item_id)
    return Response(status_code=204)


def _give_back(caller: Visitor, hub: Hub, item_id: int) -> None:
    with writing(hub.engine) as session:
        if queue.release(session, item_id, caller.account.id):
            note(session, caller, hub, "release", f"item {item_id}")


def _close(request: Request, hub: Hub, caller: Visitor, item_id: int, resolution: Resolution, reason: str) -> Response:
    now, reason = hub.clock(), reason.strip()
    if not reason:
        return item_page(request, hub, item_id, wrong="reason", status=422)
    action = {"unusable": "unusable", "settled": "settle"}.get(resolution, "verify")
    with writing(hub.engine) as session:
        found(session, item_id)
        taken = claim(session, hub, caller, item_id)
        if not taken:
            corrections.close(
                session,
                hub,
                item_id=item_id,
                account_id=caller.account.id,
                resolution=resolution,
                reason=reason,
                now=now,
            )
            note(session, caller, hub, action, f"item {item_id}", after={"reason": reason, "how": resolution})
    return taken_or_next(request, hub, caller, item_id, taken, resolution)
