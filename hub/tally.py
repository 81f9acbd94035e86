"""How often something happened of late, counted in the database, so that all processes share the count.

A count begins with the first time and is forgotten when its window ends. What is counted is a keyed digest, so that
nobody reads addresses here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.orm import Session

from hub.database import insert_into, parts
from hub.models import TallyRow


@dataclass(frozen=True, slots=True)
class Tally:
    """How often, in the window that ends at `until`."""

    count: int
    until: datetime


def add(session: Session, numbers: Mapping[bytes, int], window: timedelta, now: datetime) -> None:
    """Counts so many more of each; also fewer. Locks in one order, so that two processes never wait in a circle."""
    _forget(session, now)
    row = insert_into(session, TallyRow)
    over = TallyRow.until <= now
    changed = {
        "count": case((over, row.excluded.count), else_=TallyRow.count + row.excluded.count),
        "until": case((over, row.excluded.until), else_=TallyRow.until),
    }
    statement = row.on_conflict_do_update(index_elements=["digest"], set_=changed)
    for digest, number in sorted(numbers.items()):
        session.execute(statement, {"digest": digest, "count": number, "until": now + window})


def read(session: Session, digests: Collection[bytes], now: datetime) -> dict[bytes, Tally]:
    """The counts whose windows have not ended."""
    found: dict[bytes, Tally] = {}
    for part in parts(digests):
        statement = select(TallyRow.digest, TallyRow.count, TallyRow.until)
        for digest, count, until in session.execute(statement.where(TallyRow.digest.in_(part), TallyRow.until > now)):
            found[bytes(digest)] = Tally(count, until)
    return found


def _forget(session: Session, now: datetime) -> None:
    """What another process is counting anew is left to it."""
    over = select(TallyRow.digest).where(TallyRow.until <= now).with_for_update(skip_locked=True)
    session.execute(delete(TallyRow).where(TallyRow.digest.in_(over)).execution_options(synchronize_session=False))
