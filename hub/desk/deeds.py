"""What was done with an item and may be taken back for a minute. Real time, like the claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from hub.models import DeedRow, StationRow, WorkItemRow

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Before:
    """An open item as it was before a deed. `kind` is "" in a deed of an older version, which changed none."""

    item_id: int
    cause: str
    detail: Mapping[str, Any]
    severity: int
    note: str | None
    kind: str = ""

    def told(self) -> dict[str, Any]:
        """As a deed keeps it; `Before(**told)` is it again."""
        return {**asdict(self), "detail": dict(self.detail)}


@dataclass(frozen=True, slots=True)
class Deed:
    """`kind`: saved · named · unusable · settled · asked. `detail`: what it takes to undo it, in the words of who did
    it."""

    id: int
    item_id: int
    station: str
    kind: str
    until: datetime
    before: Before
    detail: Mapping[str, Any]


def before(item: WorkItemRow) -> Before:
    """To be taken before anything is done with the item."""
    return Before(item.id, item.open_key or "", dict(item.detail), item.severity, item.note, item.kind)


def remember(
    session: Session, before: Before, account_id: int, kind: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """From now on and for a minute this can be undone."""
    session.add(
        DeedRow(
            item_id=before.item_id,
            account_id=account_id,
            kind=kind,
            until=now + MINUTE,
            detail={"was": before.told(), **(detail or {})},
        )
    )


def last(session: Session, account_id: int, now: datetime) -> Deed | None:
    """What this account did last and may still undo."""
    found = session.execute(_last(), {"account": account_id, "now": now}).one_or_none()
    if found is None:
        return None
    row, station = found
    detail = dict(row.detail)
    was = Before(**{"item_id": row.item_id, **detail.pop("was")})
    return Deed(row.id, row.item_id, station or "", row.kind, row.until, was, detail)


@cache
def _last() -> Select[DeedRow, str]:
    """Built once: every page of the desk asks."""
    return (
        select(DeedRow, StationRow.code)
        .join(WorkItemRow, WorkItemRow.id == DeedRow.item_id)
        .outerjoin(StationRow, StationRow.id == WorkItemRow.station_id)
        .where(*_open(bindparam("account"), bindparam("now")))
        .order_by(DeedRow.id.desc())
        .limit(1)
    )


def take_back(session: Session, deed_id: int, account_id: int, now: datetime) -> Deed | None:
    """Marks a deed undone where it is this account's last one and its minute is not over; otherwise None."""
    deed = last(session, account_id, now)
    if deed is None or deed.id != deed_id:
        return None
    result = session.execute(
        update(DeedRow).where(DeedRow.id == deed_id, *_open(account_id, now)).values(undone_at=now)
    )
    assert isinstance(result, CursorResult)
    return deed if result.rowcount else None


def _open(
    account_id: int | BindParameter[int], now: datetime | BindParameter[datetime]
) -> tuple[ColumnElement[bool], ...]:
    return DeedRow.account_id == account_id, DeedRow.until > now, DeedRow.undone_at.is_(None)
