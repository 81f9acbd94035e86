"""Files are fetched in the worker's own loop, after their message was answered: a slow provider holds up nobody."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from bots.downloads import IN_ALL
from bots.gateway import FetchError, FetchingGateway, Gateway, TooLarge
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import opening
from hub.media import archive
from hub.media.previews import picture
from hub.media.types import type_of
from hub.models import MediaRow

AT_ONCE = 4  # files in memory
LEASE = timedelta(seconds=3 * IN_ALL)
ATTEMPTS = 14  # with the pauses between them, two hours and a half
LONGEST_PAUSE = 1800.0  # seconds
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """A file that is ours to fetch until its lease ends."""

    id: int
    journal_id: int
    gateway: str
    reference: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes sealed, and what they are; `type` is "" for what the hub does not take."""

    type: str
    size: int
    sha256: str
    sealed: bytes
    preview_sealed: bytes | None


class Fetching:
    """One round after another, for the gateways that have files. Any number of processes may run it."""

    def __init__(self, hub: Hub, gateways: Iterable[Gateway]) -> None:
        self._hub = hub
        self._gateways = {it.name: it for it in gateways if isinstance(it, FetchingGateway)}

    async def round(self) -> int:
        """Fetches what is due, a few at once; how many it tried."""
        due = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._fetch(file) for file in due))
        return len(due)

    async def _fetch(self, due: Due) -> None:
        result: Fetched | FetchError
        try:
            content = await self._gateways[due.gateway].fetch(due.reference, self._hub.settings.file_limit)
            result = await asyncio.to_thread(self._examined, content)
        except FetchError as error:
            result = error
        except Exception as error:  # a gateway's bug must not stop the next file
            log.exception("media.bug", file=due.id, gateway=due.gateway)
            result = FetchError(type(error).__name__)
        await asyncio.to_thread(self._settle, due, result)

    def _claim(self) -> list[Due]:
        now = self._hub.timer()
        is_due = and_(MediaRow.gateway.in_(self._gateways), _due(now))
        with reading(self._hub.engine) as session:
            if session.scalar(select(MediaRow.id).where(is_due).limit(1)) is None:
                return []
        with writing(self._hub.engine) as session:
            mine = select(MediaRow.id).where(is_due).order_by(MediaRow.id).limit(AT_ONCE)
            claimed = session.execute(
                update(MediaRow)
                .where(MediaRow.id.in_(mine.with_for_update(skip_locked=True).scalar_subquery()))
                .values(attempts=MediaRow.attempts + 1, lease_until=now + LEASE)
                .returning(MediaRow.id, MediaRow.journal_id, MediaRow.gateway, MediaRow.reference, MediaRow.attempts),
                execution_options={"synchronize_session": False},
            )
            return [Due(*values) for values in claimed]

    def _examined(self, content: bytes) -> Fetched:
        type = type_of(content)
        preview = picture(content) if type else None
        seal = self._hub.vault.seal
        return Fetched(
            type, len(content), hashlib.sha256(content).hexdigest(), seal(content), seal(preview) if preview else None
        )

    def _settle(self, due: Due, result: Fetched | FetchError) -> None:
        now = self._hub.timer()
        with writing(self._hub.engine) as session:
            match result:
                case Fetched(type=""):
                    self._end(session, due, "refused", "type")
                case Fetched():
                    archive.keep(session, result.sha256, result.sealed, result.preview_sealed)
                    kept = {"type": result.type, "size": result.size, "sha256": result.sha256}
                    _mark(
                        session, due.id, state="kept", reason="", lease_until=None, settled_at=self._hub.clock(), **kept
                    )
                case TooLarge():
                    self._end(session, due, "refused", result.reason)
                case FetchError() if result.permanent or due.attempts >= ATTEMPTS:
                    self._end(session, due, "lost", result.reason)
                case FetchError():
                    log.warning("media.not_fetched", file=due.id, attempts=due.attempts, reason=result.reason)
                    pause = min(2.0**due.attempts, LONGEST_PAUSE) if result.retry_after is None else result.retry_after
                    later = now + timedelta(seconds=pause)
                    _mark(session, due.id, reason=result.reason, not_before=later, lease_until=None)

    def _end(self, session: Session, due: Due, state: str, reason: str) -> None:
        """It will not be had: the desk asks the sender for another one."""
        log.warning("media.given_up", file=due.id, state=state, reason=reason)
        now = self._hub.clock()
        _mark(session, due.id, state=state, reason=reason, lease_until=None, settled_at=now)
        row = session.get_one(MediaRow, due.id)
        detail = {"file": state, "why": reason}
        opening.open_items(
            session,
            [
                opening.item(
                    "message",
                    f"media:{due.id}",
                    2,
                    row.received_at,
                    journal_id=due.journal_id,
                    station_id=row.station_id,
                    form=row.form or None,
                    detail=detail,
                )
            ],
        )


def _mark(session: Session, id: int, **values: object) -> None:
    # Only what still waits: a second worker whose lease came late finds it settled.
    session.execute(update(MediaRow).where(MediaRow.id == id, MediaRow.state == "waiting").values(**values))


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(MediaRow.lease_until.is_(None), MediaRow.lease_until < now)
    return and_(MediaRow.state == "waiting", MediaRow.not_before <= now, free)
