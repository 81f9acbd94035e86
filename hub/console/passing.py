"""An item that is not for now, or not for me: ask its sender, postpone, hand over, escalate."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from bots import segments
from hub.accounts import accounts
from hub.console.access import Caller, Here, note, pages
from hub.console.frame import page
from hub.console.item import claim, item_page, taken_or_next, with_message
from hub.database import reading, writing
from hub.desk import queue
from hub.intake import questions

routes = pages("desk")
LONGEST = 240  # minutes


@routes.post("/{item_id}/count")
def count(request: Request, item_id: int, question: Annotated[str, Form()] = "") -> Response:  # noqa: ARG001
    """How many SMS a question takes, as it is typed."""
    return page(request, "desk/segments.html", segments=segments.count(question.replace("\r\n", "\n").strip()))


@routes.post("/{item_id}/ask")
def ask(request: Request, caller: Caller, hub: Here, item_id: int, question: Annotated[str, Form()] = "") -> Response:
    """Sends the message back to its sender with a question; the item waits for the answer."""
    text = question.replace("\r\n", "\n").strip()
    if not text:
        return item_page(request, hub, item_id, wrong="question", status=422)
    with writing(hub.engine) as session:
        with_message(session, item_id)
        taken = claim(session, hub, caller, item_id)
        if not taken:
            questions.ask(session, hub, item_id=item_id, text=text, account_id=caller.account.id)
            note(session, caller, hub, "ask", f"item {item_id}", after={"question": text})
    return taken_or_next(request, hub, caller, item_id, taken, "asked")


@routes.post("/{item_id}/postpone")
def postpone(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    why: Annotated[str, Form()] = "",
    minutes: Annotated[int, Form(ge=1, le=LONGEST)] = 15,
) -> Response:
    """Puts an item off for some minutes of real time; why is shown to whoever opens it next."""
    if not why.strip():
        return item_page(request, hub, item_id, wrong="reason", status=422)
    with writing(hub.engine) as session:
        taken = claim(session, hub, caller, item_id)
        if not taken:
            until = hub.timer() + timedelta(minutes=minutes)
            queue.postpone(session, item_id, caller.account.id, until, why.strip())
            note(session, caller, hub, "postpone", f"item {item_id}", after={"minutes": minutes, "reason": why.strip()})
    return taken_or_next(request, hub, caller, item_id, taken, "postponed")


@routes.post("/{item_id}/hand")
def hand_over(
    request: Request,
    caller: Caller,
    hub: Here,
    item_id: int,
    to: Annotated[int, Form()] = 0,
    why: Annotated[str, Form()] = "",
) -> Response:
    """Gives the item to a colleague by name."""
    with reading(hub.engine) as session:
        colleague = next((it for it in accounts.at_the_desk(session) if it.id == to), None)
    if colleague is None:
        return item_page(request, hub, item_id, wrong="colleague", status=422)
    with writing(hub.engine) as session:
        taken = claim(session, hub, caller, item_id)
        if not taken:
            queue.hand_over(session, item_id, caller.account.id, to, why.strip(), hub.timer())
            after = {"to": colleague.name, "reason": why.strip()}
            note(session, caller, hub, "hand_over", f"item {item_id}", after=after)
    return taken_or_next(request, hub, caller, item_id, taken, "handed")


@routes.post("/{item_id}/escalate")
def escalate(request: Request, caller: Caller, hub: Here, item_id: int, why: Annotated[str, Form()] = "") -> Response:
    """Asks for the supervisor; why must be said."""
    if not why.strip():
        return item_page(request, hub, item_id, wrong="reason", status=422)
    with writing(hub.engine) as session:
        taken = claim(session, hub, caller, item_id)
        if not taken:
            queue.escalate(session, item_id, caller.account.id, why.strip(), hub.clock())
            note(session, caller, hub, "escalate", f"item {item_id}", after={"reason": why.strip()})
    return taken_or_next(request, hub, caller, item_id, taken, "escalated")
