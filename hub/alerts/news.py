"""Everyone who was paged sees what became of the alert: edited into the same message, or texted where none can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.alerts import pages
from hub.alerts.pages import Matter
from hub.context import Hub
from hub.models import AccountRow, AlertEventRow, AlertRow, OutboxRow, PersonRow
from hub.outbox import Draft

# The events that others are told of, and those of them that are worth a text message.
TOLD = ("acknowledged", "on_the_way", "verified", "unacknowledged", "resolved", "false", "merged")
TEXTED = ("acknowledged", "resolved", "false")


@dataclass(frozen=True, slots=True)
class _Latest:
    event: int
    kind: str
    person_id: int | None
    who: str
    at: datetime


def tell(session: Session, hub: Hub, alert: AlertRow, matter: Matter) -> None:
    """Edits the latest that became of the alert into every page of it that has arrived."""
    latest = _latest(session, alert.id)
    if latest is None:
        return
    # An edit that still waits says what is no longer so; sent after this one it would be the last word.
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.alert_id == alert.id, OutboxRow.kind == "edit", OutboxRow.state == "pending")
        .where(OutboxRow.dedup.not_like(f"edit:%:{latest.event}"))
        .values(state="failed", error="a newer edit took its place")
    )
    pushes = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.alert_id == alert.id, OutboxRow.kind == "push", OutboxRow.state.in_(("sent", "delivered")))
        .order_by(OutboxRow.id)
    ).all()
    languages = _languages(session, {push.person_id for push in pushes if push.person_id})
    drafts = _drafts(hub, alert, matter, latest, pushes, languages)
    outbox.enqueue(session, drafts, hub.timer())


def _drafts(
    hub: Hub,
    alert: AlertRow,
    matter: Matter,
    latest: _Latest,
    pushes: Iterable[OutboxRow],
    languages: dict[int, str],
) -> list[Draft]:
    drafts = []
    on_telegram = {push.person_id for push in pushes if push.channel == "telegram"}
    texted: set[int | None] = {latest.person_id}
    for push in pushes:
        language = languages.get(push.person_id or 0, hub.election.default_language)
        line = pages.news(hub.election, latest.kind, alert.id, latest.who, latest.at, language)
        to = Draft(
            kind="news",
            priority=push.priority,
            channel=push.channel,
            address_sealed=push.address_sealed,
            text=line,
            dedup=f"news:{alert.id}:{push.person_id}:{latest.event}",
            person_id=push.person_id,
            alert_id=alert.id,
        )
        if push.channel == "telegram" and push.provider_id:
            drafts.append(
                replace(
                    to,
                    kind="edit",
                    text=f"{push.text}\n{line}",
                    dedup=f"edit:{push.id}:{latest.event}",
                    buttons=pages.buttons(hub.election, matter, language, alert.state),
                    edits=push.provider_id,
                )
            )
        elif latest.kind in TEXTED and push.person_id not in on_telegram | texted:
            texted.add(push.person_id)
            drafts.append(to)
    return drafts


def _latest(session: Session, alert_id: int) -> _Latest | None:
    row = session.execute(
        select(AlertEventRow, PersonRow.code, AccountRow.name)
        .outerjoin(PersonRow, PersonRow.id == AlertEventRow.person_id)
        .outerjoin(AccountRow, AccountRow.id == AlertEventRow.account_id)
        .where(AlertEventRow.alert_id == alert_id, AlertEventRow.kind.in_(TOLD))
        .order_by(AlertEventRow.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    event, person, account = row
    return _Latest(event.id, event.kind, event.person_id, person or account or "", event.at)


def _languages(session: Session, person_ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(PersonRow.id, PersonRow.language).where(PersonRow.id.in_(person_ids)))
    return {person_id: language for person_id, language in rows}
