"""Who leads what only one process may do, held in the database; and a reader's position that survives it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from hub.database import insert_into
from hub.models import CursorRow


def lead(session: Session, name: str, holder: str, now: datetime, lease: timedelta) -> bool:
    """Takes or keeps the lead until `now + lease`. False while somebody else has it."""
    session.execute(
        insert_into(session, CursorRow)
        .values(name=name, position=0, holder=holder, held_until=now + lease)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    mine = session.execute(
        update(CursorRow)
        .where(CursorRow.name == name)
        .where(or_(CursorRow.holder == holder, CursorRow.held_until < now, CursorRow.held_until.is_(None)))
        .values(holder=holder, held_until=now + lease)
    )
    return mine.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def resign(session: Session, name: str, holder: str) -> None:
    """Gives the lead up, so that the next process need not wait for the lease to end."""
    session.execute(
        update(CursorRow).where(CursorRow.name == name, CursorRow.holder == holder).values(holder="", held_until=None)
    )


def position(session: Session, name: str) -> int:
    return session.scalar(select(CursorRow.position).where(CursorRow.name == name)) or 0


def advance(session: Session, name: str, position: int) -> None:
    session.execute(
        update(CursorRow).where(CursorRow.name == name, CursorRow.position < position).values(position=position)
    )


def beat(session: Session, name: str, now: datetime) -> None:
    """Says that somebody of this name is alive."""
    session.execute(
        insert_into(session, CursorRow)
        .values(name=name, position=0, holder="", held_until=now)
        .on_conflict_do_update(index_elements=["name"], set_={"held_until": now})
    )


def seen(session: Session, name: str) -> datetime | None:
    return session.scalar(select(CursorRow.held_until).where(CursorRow.name == name))


def crew(session: Session, name: str, holder: str, now: datetime, lease: timedelta) -> int:
    """Says that this holder is one of those of a name; how many of them have said so within the lease."""
    beat(session, f"{name} {holder}", now)
    of_name = CursorRow.name.startswith(f"{name} ", autoescape=True)
    session.execute(delete(CursorRow).where(of_name, CursorRow.held_until <= now - lease))
    return session.scalar(select(func.count()).select_from(CursorRow).where(of_name)) or 1
