"""The team: who does what at the desk, how old is what waits, and giving it to somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.accounts import accounts
from hub.console.access import Caller, Here, note, pages
from hub.console.frame import page
from hub.console.item import ordered
from hub.database import reading, writing
from hub.desk import queue, team

routes = pages("team")
SHIFT = timedelta(hours=18)
AT_ONCE = 100  # items on a page


@routes.get("")
def shown(request: Request, caller: Caller, hub: Here, skip: Annotated[int, Query(ge=0)] = 0) -> Response:
    """`skip`: so many of the open items are on earlier pages."""
    now = hub.clock()
    with reading(hub.engine) as session:
        entries = ordered(session, hub, caller)
        members = team.members(session, entries, now, now - SHIFT)
        colleagues = accounts.at_the_desk(session)
    return page(
        request,
        "team.html",
        members=members,
        waiting=team.waiting(entries),
        entries=entries[skip : skip + AT_ONCE],
        skip=skip,
        more=max(0, len(entries) - skip - AT_ONCE),
        at_once=AT_ONCE,
        colleagues=colleagues,
    )


@routes.post("/{item_id}/give")
def give(caller: Caller, hub: Here, item_id: int, to: Annotated[int, Form()] = 0) -> Response:
    """Whoever has the item, it is this colleague's now."""
    with writing(hub.engine) as session:
        colleague = next((it for it in accounts.at_the_desk(session) if it.id == to), None)
        if colleague is None or not queue.reassign(session, item_id, to, hub.timer()):
            raise HTTPException(404)
        note(session, caller, hub, "reassign", f"item {item_id}", after={"to": colleague.name})
    return RedirectResponse("/team", 303)
