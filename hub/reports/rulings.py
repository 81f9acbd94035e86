"""Rulings: what people did that moves a figure and is no message. Added in order, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.models import JournalRow, RulingRow

Kind = Literal["decided", "verified", "quarantined", "cleared"]
Verdict = Literal["verified", "quarantined"]
Place = tuple[int, str, str]  # station id, form, question's code


@dataclass(frozen=True, slots=True)
class Ruling:
    """See `RulingRow`. `among`: the values that a decision was between."""

    id: int
    at: datetime
    position: int
    account_id: int | None
    place: Place
    kind: Kind
    value: str
    reason: str
    among: tuple[str, ...]


def record(
    session: Session,
    kind: Kind,
    station_id: int,
    form: str,
    values: Mapping[str, str],
    *,
    account_id: int,
    reason: str,
    now: datetime,
    among: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """One ruling for each question of `values` (code → value), in the transaction of what it tells about."""
    told = {"at": now, "position": position(session), "account_id": account_id, "reason": reason}
    place = {"station_id": station_id, "form": form, "kind": kind}
    for code, value in values.items():
        detail: dict[str, Any] = {"among": list(among[code])} if among else {}
        session.add(RulingRow(**told, **place, code=code, value=value, detail=detail))
    session.flush()


def listing(session: Session, *, until: int | None = None, last: int | None = None) -> list[Ruling]:
    """In the order in which they were made. `until`: the journal's position then; `last`: the last ruling's id."""
    statement = select(RulingRow).order_by(RulingRow.id)
    if until is not None:
        statement = statement.where(RulingRow.position <= until)
    if last is not None:
        statement = statement.where(RulingRow.id <= last)
    return [_ruling(row) for row in session.scalars(statement)]


def verdicts(rulings: Sequence[Ruling]) -> dict[Place, tuple[Verdict, str]]:
    """What was ruled last on each value: (verdict, the value it was about). It holds for that value alone."""
    found: dict[Place, tuple[Verdict, str]] = {}
    for ruling in rulings:
        if ruling.kind == "cleared":
            found.pop(ruling.place, None)
        elif ruling.kind != "decided":
            found[ruling.place] = ruling.kind, ruling.value
    return found


def position(session: Session) -> int:
    """The journal's end."""
    return session.scalar(select(func.max(JournalRow.id))) or 0


def end(session: Session) -> int:
    """The last ruling's id."""
    return session.scalar(select(func.max(RulingRow.id))) or 0


def _ruling(row: RulingRow) -> Ruling:
    place = row.station_id, row.form, row.code
    kind: Kind = row.kind  # type: ignore[assignment]
    among = tuple(row.detail.get("among", ()))
    return Ruling(row.id, row.at, row.position, row.account_id, place, kind, row.value, row.reason, among)
