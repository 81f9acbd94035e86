"""What all that is done with one work item shares: its page, the claim, the note in the audit, and on to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from bots import segments
from hub.accounts import accounts
from hub.checklist.validation import Judgement
from hub.console import readings
from hub.console.access import Visitor, note
from hub.console.frame import language_of, page
from hub.console.readings import Said
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import deeds, items, late, queue, strangers
from hub.desk.items import Item
from hub.desk.late import Owed
from hub.desk.queue import Claimed, QueueEntry, TakenBy
from hub.desk.strangers import Near
from hub.intake import corrections, questions
from hub.media import archive


def item_page(
    request: Request,
    hub: Hub,
    item_id: int,
    *,
    taken: TakenBy | None = None,
    kept: str | None = None,
    wrong: str = "",
    done: str = "",
    mending: Mapping[str, Mapping[str, str]] | None = None,
    refused: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    """`kept`: a text that could not be stored because somebody else has the item; it stays in the field. `mending`:
    answers that were typed for observers and `refused`, by observer, with what is wrong with them."""
    visitor: Visitor = request.state.visitor
    language = language_of(request, visitor)
    with reading(hub.engine) as session:
        item = found(session, item_id)
        entries = ordered(session, hub, visitor)
        colleagues = accounts.at_the_desk(session)
        bar = undoable(session, hub, visitor)
        files = archive.of_item(session, item.message.journal_id if item.message else None, item.station_id, item.form)
        owed = _owed(session, hub, item)
        may_be = _near(session, hub, item)
        original = latest = None
        question = ""
        if item.message:
            raw, text = item.message.text, item.message.latest if kept is None else kept
            now_read = judged(session, hub, item, text)
            latest = original = readings.told(hub.election, now_read, text, language)
            if text != raw:
                original = readings.told(hub.election, judged(session, hub, item, raw), raw, language)
            question = questions.proposed(hub, now_read)
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
        **bar,
        files=files,
        owed=owed,
        near=may_be,
        original=original,
        read=latest,
        raw=item.message.text if item.message else "",
        question=question,
        segments=segments.count(question),
        colleagues=[it for it in colleagues if it.id != visitor.account.id],
        mending=mending or {},
        refused=refused or {},
        mine=visitor.acts("desk") and taken is None and item.closed_at is None,
        record=_record_rows(hub, item, language),
        broken=readings.rule_messages(hub.election, item.form, item.record.flags, language) if item.record else [],
    )


def _near(session: Session, hub: Hub, item: Item) -> list[Near]:
    """Who an unknown sender may be."""
    if item.closed_at or item.message is None or item.message.sender:
        return []
    return strangers.near(session, hub.vault, item.message.journal_id, hub.clock())


def _owed(session: Session, hub: Hub, item: Item) -> list[Owed]:
    """The line of the late list that an item is about."""
    if item.kind != "late" or item.station_id is None:
        return []
    line = late.line(session, hub.election, hub.clock(), item.station_id, item.form)
    return [line] if line else []


def _record_rows(hub: Hub, item: Item, language: str) -> list[Said]:
    broken = item.detail.get("rules", {}) if item.kind == "conflict" else {}
    return readings.record_rows(hub.election, item.form, item.record, language, broken) if item.record else []


def undoable(session: Session, hub: Hub, visitor: Visitor) -> dict[str, Any]:
    """What the bar shows: the deed that can still be undone, None where there is none, and the seconds left."""
    deed = deeds.last(session, visitor.account.id, hub.timer())
    return {"deed": deed, "deed_seconds": int((deed.until - hub.timer()).total_seconds()) if deed else 0}


def found(session: Session, item_id: int) -> Item:
    item = items.item(session, item_id)
    if item is None:
        raise HTTPException(404)
    return item


def with_message(session: Session, item_id: int) -> Item:
    item = found(session, item_id)
    if item.message is None:
        raise HTTPException(404)
    return item


def mendable(session: Session, item_id: int) -> Item:
    """An item that is there because of what its message says."""
    item = with_message(session, item_id)
    if item.kind not in items.MENDED:
        raise HTTPException(404)
    return item


def judged(session: Session, hub: Hub, item: Item, text: str) -> Judgement:
    assert item.message is not None
    return corrections.preview(session, hub, item.message.journal_id, text)


def claim(session: Session, hub: Hub, caller: Visitor, item_id: int) -> TakenBy | None:
    """None when the caller has the item now; noted in the audit only when it is newly theirs."""
    claim = queue.claim(session, item_id, caller.account.id, hub.timer())
    if isinstance(claim, Claimed):
        if claim.new:
            note(session, caller, hub, "claim", f"item {item_id}")
        return None
    # Claims run on real time; the page tells the election's, which only differ in a rehearsal.
    return replace(claim, since=hub.clock() - (hub.timer() - claim.since)) if claim.since else claim


def opened(hub: Hub, caller: Visitor, item_id: int) -> TakenBy | None:
    """The claim of who has the item before them; nothing is written while it holds for some minutes yet."""
    with reading(hub.engine) as session:
        if queue.holds(session, item_id, caller.account.id, hub.timer()):
            return None
    with writing(hub.engine) as session:
        return claim(session, hub, caller, item_id)


def taken_or_next(
    request: Request, hub: Hub, caller: Visitor, item_id: int, taken: TakenBy | None, done: str
) -> Response:
    if taken:
        return item_page(request, hub, item_id, taken=taken, status=409)
    return following(hub, caller, item_id, done)


def following(hub: Hub, caller: Visitor, item_id: int, done: str) -> Response:
    """On to the first item that is free, so that nobody has to go back to the list."""
    with reading(hub.engine) as session:
        entries = ordered(session, hub, caller)
    free = next_free(entries, caller, but=item_id)
    return RedirectResponse(f"/desk/{free}?done={done}" if free else f"/desk?done={done}", 303)


def ordered(session: Session, hub: Hub, caller: Visitor) -> list[QueueEntry]:
    """The queue as this operator should take it; what is for the supervisor first where they are one."""
    due = {form.code: hub.election.due_at(form) for form in hub.election.checklist.forms}
    account = caller.account
    entries = queue.in_order(queue.waiting(session, hub.timer()), due, account.region, account.language)
    if account.role == "supervisor":
        entries.sort(key=lambda entry: entry.escalated_at is None)
    return entries


def next_free(entries: list[QueueEntry], caller: Visitor, but: int = 0) -> int | None:
    """The first item that does not wait for anything and that nobody else has."""
    free = (it for it in entries if it.id != but and it.holder_id in (None, caller.account.id))
    return next((it.id for it in free if it.postponed_until is None), None)
