"""The desk: the queue at the left, one item at the right. What do I do next?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub import audit
from hub.checklist.validation import Judgement
from hub.console import readings
from hub.console.access import Caller, Here, Visitor, pages
from hub.console.frame import language_of, page
from hub.console.readings import Said
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import items, queue
from hub.desk.items import Item
from hub.desk.queue import Claimed, QueueEntry, TakenBy
from hub.intake import corrections, decisions

routes = pages("desk")


@routes.get("")
def first(request: Request, caller: Caller, hub: Here, done: str = "") -> Response:
    """The queue with nothing opened."""
    with reading(hub.engine) as session:
        entries = queue.waiting(session, hub.timer())
    free = _free(entries, caller)
    return page(request, "desk/page.html", entries=entries, current=None, item=None, done=done, free=free)


@routes.get("/queue")
def listed(request: Request, hub: Here, current: int = 0) -> Response:
    """The list alone, asked for every few seconds."""
    with reading(hub.engine) as session:
        entries = queue.waiting(session, hub.timer())
    return page(request, "desk/queue.html", entries=entries, current=current)


@routes.get("/{item_id}")
def opened(request: Request, caller: Caller, hub: Here, item_id: int, done: str = "") -> Response:
    """Opens an item, and claims it for who may work on it."""
    taken: TakenBy | None = None
    if caller.acts("desk"):
        with writing(hub.engine) as session:
            taken = _claim(session, hub, caller, item_id)
    return _item_page(request, hub, item_id, taken=taken, done=done)


@routes.post("/{item_id}/keep")
def kept(request: Request, caller: Caller, hub: Here, item_id: int) -> Response:
    """Extends the claim while its holder types; says so when somebody else has the item by now."""
    with writing(hub.engine) as session:
        taken = _claim(session, hub, caller, item_id)
    return page(request, "desk/holder.html", taken=taken)


@routes.post("/{item_id}/preview")
def preview(request: Request, hub: Here, item_id: int, text: Annotated[str, Form()] = "") -> Response:
    """What the hub would read in this text now. Stores nothing."""
    language = language_of(request, request.state.visitor)
    with reading(hub.engine) as session:
        item = _with_message(session, item_id)
        read = _preview(session, hub, item, text)
    return page(request, "desk/reading.html", item=item, read=readings.told(hub.election, read, text, language))


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
        item = _with_message(session, item_id)
        taken = _claim(session, hub, caller, item_id)
        if taken:
            _note(session, caller, "save_refused", item_id, now, after={"text": text, "holder": taken.name})
        else:
            corrections.save(
                session, hub, item_id=item_id, text=text, account_id=caller.account.id, reason=reason.strip(), now=now
            )
            before = {"text": item.message.latest} if item.message else {}
            _note(session, caller, "save", item_id, now, before=before, after={"text": text, "reason": reason.strip()})
    if taken:
        return _item_page(request, hub, item_id, taken=taken, kept=text, status=409)
    with reading(hub.engine) as session:
        still_open = _found(session, item_id).closed_at is None
    return RedirectResponse(f"/desk/{item_id}?done=open", 303) if still_open else _next(hub, caller, item_id, "saved")


@routes.post("/{item_id}/unusable")
def unusable(
    request: Request, caller: Caller, hub: Here, item_id: int, reason: Annotated[str, Form()] = ""
) -> Response:
    """Closes a message that nothing can be made of; why must be said."""
    now, reason = hub.clock(), reason.strip()
    if not reason:
        return _item_page(request, hub, item_id, wrong="reason", status=422)
    with writing(hub.engine) as session:
        _with_message(session, item_id)
        taken = _claim(session, hub, caller, item_id)
        if not taken:
            corrections.close_unusable(session, item_id=item_id, account_id=caller.account.id, reason=reason, now=now)
            _note(session, caller, "unusable", item_id, now, after={"reason": reason})
    return _taken_or_next(request, hub, caller, item_id, taken, "unusable")


@routes.post("/{item_id}/settle")
def settle(request: Request, caller: Caller, hub: Here, item_id: int, reason: Annotated[str, Form()] = "") -> Response:
    """A violated rule was looked into and the answers stand."""
    now, reason = hub.clock(), reason.strip()
    if not reason:
        return _item_page(request, hub, item_id, wrong="reason", status=422)
    with writing(hub.engine) as session:
        taken = _claim(session, hub, caller, item_id)
        if not taken:
            queue.close(session, item_id, caller.account.id, "settled", now)
            _note(session, caller, "settle", item_id, now, after={"reason": reason})
    return _taken_or_next(request, hub, caller, item_id, taken, "settled")


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
        item = _found(session, item_id)
    if item.record is None or item.station_id is None:
        raise HTTPException(404)
    said = {code: {told[code] for told in item.record.said.values() if code in told} for code in item.record.conflicts}
    if not reason or set(values) != set(said) or any(value not in said[code] for code, value in values.items()):
        return _item_page(request, hub, item_id, wrong="choice", status=422)
    with writing(hub.engine) as session:
        taken = _claim(session, hub, caller, item_id)
        if not taken:
            decisions.decide(
                session,
                hub.election,
                station_id=item.station_id,
                form=item.form,
                values=values,
                account_id=caller.account.id,
                reason=reason,
                now=now,
            )
            _note(session, caller, "decide", item_id, now, before=item.record.said, after=values | {"reason": reason})
    return _taken_or_next(request, hub, caller, item_id, taken, "decided")


@routes.post("/{item_id}/release")
def release(caller: Caller, hub: Here, item_id: int) -> Response:
    now = hub.clock()
    with writing(hub.engine) as session:
        if queue.release(session, item_id, caller.account.id):
            _note(session, caller, "release", item_id, now)
    return RedirectResponse("/desk", 303)


def _item_page(
    request: Request,
    hub: Hub,
    item_id: int,
    *,
    taken: TakenBy | None = None,
    kept: str | None = None,
    wrong: str = "",
    done: str = "",
    status: int = 200,
) -> Response:
    """`kept`: a text that could not be stored because somebody else has the item; it stays in the field."""
    visitor: Visitor = request.state.visitor
    language = language_of(request, visitor)
    with reading(hub.engine) as session:
        item = _found(session, item_id)
        entries = queue.waiting(session, hub.timer())
        original = latest = None
        if item.message:
            text = item.message.latest if kept is None else kept
            original = readings.told(
                hub.election, _preview(session, hub, item, item.message.text), item.message.text, language
            )
            latest = readings.told(hub.election, _preview(session, hub, item, text), text, language)
    return page(
        request,
        "desk/page.html",
        status=status,
        entries=entries,
        current=item_id,
        item=item,
        taken=taken,
        kept=kept,
        wrong=wrong,
        done=done,
        original=original,
        read=latest,
        mine=visitor.acts("desk") and taken is None and item.closed_at is None,
        record=_record_rows(hub, item, language),
        broken=readings.rule_messages(hub.election, item.form, item.record.flags, language) if item.record else [],
    )


def _record_rows(hub: Hub, item: Item, language: str) -> list[Said]:
    broken = item.detail.get("rules", {}) if item.kind == "conflict" else {}
    return readings.record_rows(hub.election, item.form, item.record, language, broken) if item.record else []


def _found(session: Session, item_id: int) -> Item:
    item = items.item(session, item_id)
    if item is None:
        raise HTTPException(404)
    return item


def _with_message(session: Session, item_id: int) -> Item:
    item = _found(session, item_id)
    if item.message is None:
        raise HTTPException(404)
    return item


def _preview(session: Session, hub: Hub, item: Item, text: str) -> Judgement:
    assert item.message is not None
    return corrections.preview(session, hub, item.message.journal_id, text)


def _claim(session: Session, hub: Hub, caller: Visitor, item_id: int) -> TakenBy | None:
    """None when the caller has the item now; noted in the audit only when it is newly theirs."""
    claim = queue.claim(session, item_id, caller.account.id, hub.timer())
    if isinstance(claim, Claimed):
        if claim.new:
            _note(session, caller, "claim", item_id, hub.clock())
        return None
    # Claims run on real time; the page tells the election's, which only differ in a rehearsal.
    return replace(claim, since=hub.clock() - (hub.timer() - claim.since)) if claim.since else claim


def _note(
    session: Session,
    caller: Visitor,
    action: str,
    item_id: int,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        action,
        now,
        account_id=caller.account.id,
        subject=f"item {item_id}",
        address=caller.address,
        before=before,
        after=after,
    )


def _taken_or_next(
    request: Request, hub: Hub, caller: Visitor, item_id: int, taken: TakenBy | None, done: str
) -> Response:
    if taken:
        return _item_page(request, hub, item_id, taken=taken, status=409)
    return _next(hub, caller, item_id, done)


def _next(hub: Hub, caller: Visitor, item_id: int, done: str) -> Response:
    """On to the first item that is free, so that nobody has to go back to the list."""
    with reading(hub.engine) as session:
        entries = queue.waiting(session, hub.timer())
    free = _free(entries, caller, but=item_id)
    return RedirectResponse(f"/desk/{free}?done={done}" if free else f"/desk?done={done}", 303)


def _free(entries: list[QueueEntry], caller: Visitor, but: int = 0) -> int | None:
    """The first item that nobody else has."""
    return next((it.id for it in entries if it.id != but and it.holder_id in (None, caller.account.id)), None)
