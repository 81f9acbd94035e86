"""Broadcasts: one writes and sees what it costs, another approves, and both see whom it reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import bootstrap
from hub.broadcasts import audience, board, letters, life
from hub.broadcasts.audience import Audience
from hub.broadcasts.board import Broadcast
from hub.console.access import Caller, Here, note, pages
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing

routes = pages("broadcasts")


@dataclass(frozen=True, slots=True)
class Written:
    """What the form holds: to whom, and a text for each language that has one."""

    audience: Audience
    texts: dict[str, str]


async def _written(request: Request) -> Written:
    form = await request.form()
    lists = {name: tuple(str(value) for value in form.getlist(name)) for name in ("regions", "roles", "languages")}
    texts = {
        key[5:]: value.strip() for key, value in form.items() if key.startswith("text.") and isinstance(value, str)
    }
    return Written(
        Audience(**lists, missing=str(form.get("missing", ""))), {key: text for key, text in texts.items() if text}
    )


Wrote = Annotated[Written, Depends(_written)]


@routes.get("")
def listed(request: Request, hub: Here) -> Response:
    with reading(hub.engine) as session:
        broadcasts = board.listed(session)
    return page(request, "broadcasts/list.html", broadcasts=broadcasts)


@routes.get("/new")
def blank(request: Request, hub: Here) -> Response:
    written = Written(Audience(roles=("observer",)), {})
    return page(request, "broadcasts/new.html", **_form(hub, written), **_postage(hub, written), refused=False)


@routes.post("/preview")
def preview(request: Request, hub: Here, wrote: Wrote) -> Response:
    """The count and the price alone, while it is being written. Stores nothing."""
    return page(request, "broadcasts/postage.html", **_postage(hub, wrote))


@routes.post("")
def write(request: Request, caller: Caller, hub: Here, wrote: Wrote) -> Response:
    if not letters.sound(wrote.texts, hub.election):
        values = _form(hub, wrote) | _postage(hub, wrote)
        return page(request, "broadcasts/new.html", status=422, **values, refused=True)
    with writing(hub.engine) as session:
        number = life.write(session, wrote.audience, wrote.texts, account_id=caller.account.id, now=hub.clock())
        note(
            session,
            caller,
            hub,
            "broadcast_write",
            f"broadcast {number}",
            after=wrote.audience.kept() | {"texts": wrote.texts},
        )
    return RedirectResponse(f"/broadcasts/{number}", 303)


@routes.get("/{broadcast_id}")
def shown(request: Request, caller: Caller, hub: Here, broadcast_id: int, state: str = "") -> Response:
    """`state`: only the people whom it came to this with."""
    broadcast = _found(hub, broadcast_id)
    with reading(hub.engine) as session:
        outcomes = board.outcomes(session, broadcast_id)
        own = life.same_person(session, broadcast.author_id, caller.account.id)
    values = _postage(hub, Written(broadcast.audience, broadcast.texts)) if broadcast.state == "waiting" else {}
    return page(
        request,
        "broadcasts/one.html",
        it=broadcast,
        outcomes=[outcome for outcome in outcomes if state in ("", outcome.state)],
        states=sorted({outcome.state for outcome in outcomes}),
        state=state,
        own=own,
        price=_price(hub, broadcast.segments),
        **{"postage": None, "default": hub.election.default_language} | values,
    )


@routes.get("/{broadcast_id}/progress")
def progress(request: Request, hub: Here, broadcast_id: int) -> Response:
    """How far it has come, asked for again and again."""
    return page(request, "broadcasts/progress.html", it=_found(hub, broadcast_id))


@routes.post("/{broadcast_id}/approve")
def approve(caller: Caller, hub: Here, broadcast_id: int) -> Response:
    with writing(hub.engine) as session:
        if life.approve(session, hub, broadcast_id, account_id=caller.account.id):
            note(session, caller, hub, "broadcast_approve", f"broadcast {broadcast_id}")
    return _back(hub, broadcast_id)


@routes.post("/{broadcast_id}/pause")
def pause(caller: Caller, hub: Here, broadcast_id: int) -> Response:
    with writing(hub.engine) as session:
        if life.pause(session, broadcast_id):
            note(session, caller, hub, "broadcast_pause", f"broadcast {broadcast_id}")
    return _back(hub, broadcast_id)


@routes.post("/{broadcast_id}/go-on")
def go_on(caller: Caller, hub: Here, broadcast_id: int) -> Response:
    with writing(hub.engine) as session:
        if life.go_on(session, broadcast_id):
            note(session, caller, hub, "broadcast_go_on", f"broadcast {broadcast_id}")
    return _back(hub, broadcast_id)


@routes.post("/{broadcast_id}/cancel")
def cancel(caller: Caller, hub: Here, broadcast_id: int) -> Response:
    with writing(hub.engine) as session:
        if life.cancel(session, broadcast_id, hub.timer()):
            note(session, caller, hub, "broadcast_cancel", f"broadcast {broadcast_id}")
    return _back(hub, broadcast_id)


def _form(hub: Hub, written: Written) -> dict[str, Any]:
    with reading(hub.engine) as session:
        regions, roles = audience.choices(session)
    forms = [form.code for form in hub.election.checklist.forms]
    return {"written": written, "regions": regions, "roles": roles, "forms": forms}


def _postage(hub: Hub, written: Written) -> dict[str, Any]:
    """Who would get it and what it costs; before there is a text of the default language, with an empty one."""
    default = hub.election.default_language
    gateway = bootstrap.sms_road(hub.settings)
    with reading(hub.engine) as session:
        postage = life.postage(session, hub, written.audience, {default: "", **written.texts}, gateway)
    return {"postage": postage, "default": default, "gateway": gateway}


def _price(hub: Hub, segments: int) -> float | None:
    price = hub.election.price(bootstrap.sms_road(hub.settings))
    return None if price is None else price * segments


def _found(hub: Hub, broadcast_id: int) -> Broadcast:
    with reading(hub.engine) as session:
        broadcast = board.find(session, broadcast_id)
    if broadcast is None:
        raise HTTPException(404)
    return broadcast


def _back(hub: Hub, broadcast_id: int) -> Response:
    _found(hub, broadcast_id)
    return RedirectResponse(f"/broadcasts/{broadcast_id}", 303)
