"""The journal: what came in, as it came, committed before the provider gets its 200. Append-only.

Many callers share one transaction (group commit): a disk that takes ten milliseconds to sync serves hundreds a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple
from datetime import datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any

import structlog
from sqlalchemy import BindParameter, Connection, Engine, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, aliased

from bots.gateway import InboundMessage
from bots.wire import storable
from hub import bulk
from hub.checklist import proof
from hub.clock import Clock
from hub.database import appending, impatient
from hub.election.phones import address_of
from hub.intake.spool import Spool
from hub.models import ContactRow, InboxRow, JournalRow, SeenRow
from hub.prepared import Prepared
from hub.values import value
from hub.vault import Vault

WAITING_LIMIT = 10_000  # messages held in memory; more means that the disk cannot follow
BATCH_LIMIT = 1_000
# A commit by itself costs as much as twenty messages. After one of so many, which is a burst, fewer than `FEW` wait so
# many seconds for others.
BURST, FEW, GATHER = 16, 32, 0.003
ATTEMPTS = 3
SEALED = frozenset({"location", "proof"})  # of a context: where an observer is, and the code that proves a report
DRAIN_EVERY = 1.0  # seconds between looks at the spool
PATIENCE = 3.0  # seconds for which SQLite's other writers may keep us waiting: a provider waits 15 in all
AWAY = (OperationalError, InterfaceError, NoConnection)  # the database does not answer, or cannot write
log = structlog.get_logger()


class JournalFull(Exception):
    """More messages are waiting for the disk than the hub holds; the provider must come again."""


@value
class Entry:
    """One journal entry, as the pipeline reads it. `sender` is the digest of the sender's address."""

    id: int
    gateway: str
    channel: str
    kind: str
    sender: bytes
    sender_sealed: bytes
    text: str
    context: dict[str, Any]
    received_at: datetime
    corrects: int | None = None
    account_id: int | None = None
    sent_at: datetime | None = None  # by the provider's clock, where it tells
    attempts: int = 0

    @property
    def origin(self) -> int:
        """The message this entry speaks for: itself, or the one it corrects."""
        return self.corrects or self.id


class Journal:
    """Appends for a whole process. `run` must be running; `append` returns once the message is on disk.

    While the database is away messages go to the spool, and into the journal in their order when it is back.
    """

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, country: str, spool: Spool) -> None:
        self._engine = impatient(engine, PATIENCE)
        self._spool = spool
        self._vault = vault
        self._clock = clock
        self._country = country
        self._waiting: list[tuple[InboundMessage, datetime, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._away_until = 0.0

    async def append(self, messages: Iterable[InboundMessage]) -> None:
        """Raises `JournalFull`, or what the database or the disk raised: then nothing may be acknowledged."""
        if len(self._waiting) > WAITING_LIMIT:
            raise JournalFull
        now = self._clock()
        loop = asyncio.get_running_loop()
        futures = []
        for message in messages:
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append((message, now, future))
            futures.append(future)
        self._wake.set()
        if len(futures) == 1:
            await futures[0]
            return
        for result in await asyncio.gather(*futures, return_exceptions=True):
            if result is not None:
                raise result

    async def run(self) -> None:
        """Commits what has gathered while the last commit was under way; in a burst, and in a moment after it."""
        loop = asyncio.get_running_loop()
        last = 0
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), DRAIN_EVERY)
            except TimeoutError:
                with suppress(Exception):
                    await loop.run_in_executor(self._thread, self._drain)
            self._wake.clear()
            while self._waiting:
                if last >= BURST and len(self._waiting) < FEW:
                    await asyncio.sleep(GATHER)
                arrived, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
                batch, last = list(self._rows(arrived)), len(arrived)
                failures: list[Exception | None]
                try:
                    failures = await loop.run_in_executor(self._thread, self._commit, [values for values, _ in batch])
                except Exception as error:  # a full disk fails even the log: the next batch must find a writer
                    failures = [error] * len(batch)
                for (_, future), failure in zip(batch, failures, strict=True):
                    if future.done():
                        continue  # the provider hung up; the message is kept all the same
                    if failure is None:
                        future.set_result(None)
                    else:
                        future.set_exception(failure)

    def _rows(
        self, arrived: Sequence[tuple[InboundMessage, datetime, asyncio.Future[None]]]
    ) -> Iterator[tuple[dict[str, Any], asyncio.Future[None]]]:
        """Made together: a row by itself, between other work, takes twice the time."""
        for message, now, future in arrived:
            try:
                yield row(message, self._vault, self._country, now), future
            except Exception as error:  # what is wrong with one message costs no other its place
                if not future.done():
                    future.set_exception(error)

    def _commit(self, rows: list[dict[str, Any]]) -> list[Exception | None]:
        """Into the journal, behind what waits in the spool; or into the spool. What became of each row."""
        if time.monotonic() < self._away_until:
            return self._set_aside(rows)
        try:
            self._spool.drain(self._stored)
            return self._store(rows)
        except AWAY as error:
            # Providers wait 15 seconds at most: the next batches do not wait for the database to fail once more.
            self._away_until = time.monotonic() + DRAIN_EVERY
            log.error("journal.database_away", error=type(error).__name__)
            return self._set_aside(rows)

    def _drain(self) -> None:
        try:
            self._spool.drain(self._stored)
        except AWAY as error:
            log.error("journal.database_away", error=type(error).__name__, batches=len(self._spool.waiting()))
        except OSError as error:
            log.error("journal.spool_unreachable", error=str(error))

    def _stored(self, rows: list[dict[str, Any]]) -> bool:
        return not any(self._store(rows))

    def _store(self, rows: list[dict[str, Any]]) -> list[Exception | None]:
        try:
            with appending(self._engine) as connection:
                store(connection, rows)
        except AWAY:
            raise
        except SQLAlchemyError as error:
            if len(rows) == 1:
                log.error("journal.refused", error=type(error).__name__)
                return [error]
            # One row the database will not take must not cost the others their place.
            return [failure for values in rows for failure in self._store([values])]
        return [None] * len(rows)

    def _set_aside(self, rows: list[dict[str, Any]]) -> list[Exception | None]:
        try:
            self._spool.keep(rows)
        except OSError as error:
            log.error("journal.nowhere_to_keep", error=str(error))
            return [error] * len(rows)
        return [None] * len(rows)


def row(message: InboundMessage, vault: Vault, country: str, now: datetime) -> dict[str, Any]:
    """The journal row of a message, sealed."""
    kind, address = address_of(message.channel, message.sender, country)
    context: dict[str, Any] = {name: storable(value) for name, value in _context(message).items() if value}
    if message.part:
        context["part"] = [message.part.reference, message.part.number, message.part.total]
    if message.files:
        context["files"] = [list(astuple(file)) for file in message.files]
    if message.location:  # where an observer is: sealed as their number is
        context["location"] = vault.seal(message.location.encode()).hex()
    shown, code = proof.parted(message.text)
    if message.kind == "contact":  # of a shared number only its end, as of every number
        shown = f"…{message.text[-3:]}"
        context["contact"] = vault.digest(*address_of("sms", message.text, country)).hex()
    if code:
        context["proof"] = vault.seal(code.encode()).hex()
    return {
        "dedup": dedup(message.channel, message.gateway, message.provider_id),
        "gateway": message.gateway,
        "channel": message.channel,
        "kind": message.kind,
        "provider_id": storable(message.provider_id),
        "sender_digest": vault.digest(kind, address),
        "sender_sealed": vault.seal(address.encode("utf-8", "replace")),
        "text": storable(shown),
        "context": context,
        "raw_sealed": vault.seal(message.raw),
        "sent_at": message.sent_at,
        "received_at": now,
    }


def _context(message: InboundMessage) -> dict[str, str]:
    return {
        # A chat that is the number and a prefix is kept as the prefix: the number stays sealed.
        "chat": message.chat.removesuffix(message.sender) if message.channel == "whatsapp" else message.chat,
        "button": message.button,
        "recipient": message.recipient,
        "line": message.line,
        "message": message.message,
        "album": message.album,
    }


def dedup(channel: str, gateway: str, provider_id: str) -> bytes:
    """16 bytes that name one message of one provider; small, because this index is what grows."""
    # As json.dumps would write the three of them, in a tenth of its time.
    named = f'["{channel}", "{gateway}", {encode_basestring_ascii(provider_id)}]'
    return hashlib.blake2b(named.encode(), digest_size=16).digest()


def store(session: Session | Connection, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Inserts rows that are new, and their place in the inbox. Returns the new entries' ids."""
    return bulk.insert_new(session, JournalRow, rows, SeenRow, queue=InboxRow)


ENTRY = (
    JournalRow.id,
    JournalRow.gateway,
    JournalRow.channel,
    JournalRow.kind,
    JournalRow.sender_digest,
    JournalRow.sender_sealed,
    JournalRow.text,
    JournalRow.context,
    JournalRow.received_at,
    JournalRow.corrects,
    JournalRow.account_id,
    JournalRow.sent_at,
)


_DUE = or_(InboxRow.not_before.is_(None), InboxRow.not_before <= bindparam("now"))
_OURS = or_(
    select(ContactRow.id).where(ContactRow.digest == JournalRow.sender_digest).correlate(JournalRow).exists(),
    JournalRow.account_id.is_not(None),
)
_DUE_FIRST = (
    select(InboxRow.journal_id, InboxRow.attempts)
    .where(_DUE)
    .order_by(InboxRow.journal_id)
    .limit(bindparam("most"))
    .with_for_update(of=InboxRow, skip_locked=True)
)


def _with_entries(places: Select[int, int]) -> Prepared:
    """Places in the inbox, and only then their entries: no planner shall come from the journal, which has a million
    rows, or look at everything that waits behind these. Each has one; an outer join cannot be turned round."""
    few = places.subquery()
    entries = select(_OURS, *ENTRY, few.c.attempts).select_from(few)
    return Prepared(entries.outerjoin(JournalRow, JournalRow.id == few.c.journal_id).order_by(few.c.journal_id))


_WAITING = _with_entries(_DUE_FIRST)
_WAITING_OURS = _with_entries(_DUE_FIRST.join(JournalRow, JournalRow.id == InboxRow.journal_id).where(_OURS))
_NAMED: BindParameter[int] = bindparam("ids", expanding=True)
_CLAIM = Prepared(select(InboxRow.journal_id).where(InboxRow.journal_id.in_(_NAMED)).with_for_update(skip_locked=True))
_SO_MANY = Prepared(select(InboxRow.journal_id).limit(bindparam("most")))
_TURN = 7_683_301_422  # the name of a lock on PostgreSQL: nobody else's
# A batch looks up a few rows of each table: none is to be read whole because it was empty when the plan was made.
_BEGIN_BATCH = "SELECT pg_try_advisory_xact_lock(%s), set_config('enable_seqscan', 'off', true)"
_SETTLED = Prepared(delete(InboxRow).where(InboxRow.journal_id.in_(_NAMED)))


def takes_turn(session: Session) -> bool:
    """Begins a batch: whether nobody else has the turn to settle. Then it is ours until the transaction ends; on SQLite
    whoever has the pen has it."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool(session.connection().exec_driver_sql(_BEGIN_BATCH, (_TURN,)).scalar())


def waits_for_more(session: Session, number: int) -> bool:
    """Whether so many entries wait, with those that somebody has in hand."""
    return len(_SO_MANY.column(session, most=number)) == number


def waiting(session: Session, now: datetime, limit: int) -> list[Entry]:
    """Entries to be read, without those that another worker holds; ours until the transaction ends.

    In our own order, but a flood of strangers' messages waits behind what registered senders wrote: it has a tenth of
    the batch, or what they leave. One sender's messages never overtake each other.
    """
    oldest = _WAITING.rows(session, now=now, most=limit)
    share = limit // 10
    if len(oldest) < limit or sum(not ours for ours, *_ in oldest) <= share:
        return [Entry(*values) for _, *values in oldest]
    ours = [Entry(*values) for _, *values in _WAITING_OURS.rows(session, now=now, most=limit - share)]
    taken = {entry.id for entry in ours}
    others = [Entry(*values) for _, *values in oldest if values[0] not in taken]
    return ours + others[: limit - len(ours)]


def versions(session: Session, entry: Entry) -> set[int]:
    """The earlier entries that an edited message replaces; only its sender's last few hundred can be among them."""
    message = entry.context.get("message")
    rows = session.execute(
        select(JournalRow.id, JournalRow.context)
        .where(JournalRow.sender_digest == entry.sender, JournalRow.gateway == entry.gateway, JournalRow.id < entry.id)
        .order_by(JournalRow.id.desc())
        .limit(300)
    )
    chat = entry.context.get("chat")
    same = (id for id, context in rows if (context.get("message"), context.get("chat")) == (message, chat))
    return set(same) if message else set()


def copies(session: Session, entries: Sequence[Entry]) -> set[int]:
    """Those entries that a phone gateway delivered before under another id: one sender, text and moment of arrival."""
    ids = [entry.id for entry in entries if entry.channel == "sms" and entry.sent_at is not None]
    if not ids:
        return set()
    first = aliased(JournalRow)
    same = and_(
        first.sender_digest == JournalRow.sender_digest,
        first.id < JournalRow.id,
        first.sent_at == JournalRow.sent_at,
        first.text == JournalRow.text,
        first.gateway == JournalRow.gateway,
    )
    statement = select(JournalRow.id).join(first, same)
    return set(session.scalars(statement.where(JournalRow.id.in_(ids))))


def place(session: Session, entry: Entry) -> int:
    """Where an entry stands among its sender's. One that was recovered stands before what was received after it."""
    if not entry.context.get("recovered"):
        return entry.origin
    later = select(func.min(JournalRow.id)).where(
        JournalRow.sender_digest == entry.sender,
        JournalRow.id < entry.id,
        JournalRow.received_at > entry.received_at,
        JournalRow.corrects.is_(None),
    )
    first = session.scalar(later)
    return entry.origin if first is None else first - 1


def entry(session: Session, journal_id: int) -> Entry | None:
    values = session.execute(select(*ENTRY).where(JournalRow.id == journal_id)).one_or_none()
    return Entry(*values) if values else None


def claim(session: Session, ids: Sequence[int]) -> set[int]:
    """Those of the entries that are still waiting and that no other worker holds; held until the transaction ends."""
    return set(_CLAIM.column(session, ids=ids))


def settled(session: Session, ids: Sequence[int]) -> None:
    _SETTLED.run(session, ids=ids)


def postpone(session: Session, journal_id: int, attempts: int, error: str, now: datetime) -> None:
    session.execute(
        update(InboxRow)
        .where(InboxRow.journal_id == journal_id)
        .values(attempts=attempts, error=error[:500], not_before=now + timedelta(milliseconds=200 * 4**attempts))
    )


def put_off(session: Session, journal_id: int, attempts: int, until: datetime) -> None:
    """Leaves an entry in the inbox that nothing is wrong with: it waits for others."""
    session.execute(
        update(InboxRow).where(InboxRow.journal_id == journal_id).values(attempts=attempts, not_before=until)
    )


def unread(session: Session) -> int:
    """How many entries wait to be read."""
    return session.scalar(select(func.count()).select_from(InboxRow)) or 0
