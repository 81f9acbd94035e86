"""After the election: who people are is destroyed, what was observed stays, and the chain still verifies.

Gone are addresses, log-ins, keys of second factors, raw payloads, and the salts that hid senders. Kept are texts and
the salts that prove them, answers, rulings, the audit, and photos, which stay sealed: with HUB_SECRET_KEY they go, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, Function, String, cast, delete, func, select, update
from sqlalchemy.orm import Session

from hub import audit, leadership
from hub.context import Hub
from hub.custody import anchors, chain
from hub.custody.verification import PURGED
from hub.database import reading, writing
from hub.intake import journal
from hub.intake.spool import Spool
from hub.models import (
    AccountRow,
    AlertEventRow,
    AlertRow,
    ChainRow,
    ContactRow,
    DeedRow,
    DialogRow,
    IncidentRow,
    InvitationRow,
    JournalRow,
    LoginSessionRow,
    MediaRow,
    OutboxRow,
    ProofRow,
    RecoveryCodeRow,
    SeenRow,
    SubmissionRow,
    TallyRow,
    UploadRow,
    WorkItemRow,
    WrongCodeRow,
)

ALIVE = timedelta(seconds=20)  # a worker says so every five
GONE = (
    ContactRow,
    UploadRow,
    InvitationRow,
    WrongCodeRow,
    RecoveryCodeRow,
    LoginSessionRow,
    DialogRow,
    ProofRow,
    TallyRow,
    SeenRow,
)


class NotPossible(Exception):
    """Nothing was destroyed; the message says what comes first."""


def purge(hub: Hub, key: Ed25519PrivateKey, *, texts: bool = False, address: str = "") -> int:
    """Destroys in one transaction, and then what the database's files still hold; how many messages lost their sender.

    `texts`: the words of messages, too. Raises `NotPossible`.
    """
    _all_is_done(hub)
    chain.seal_all(hub, key)  # what is not committed to yet could never be proved
    with writing(hub.engine) as session:
        count = session.scalar(select(func.count()).select_from(JournalRow).where(JournalRow.sender_sealed != b"")) or 0
        after = {"messages": count, "texts": texts}
        audit.record(session, PURGED, hub.clock(), subject=hub.election.key, address=address, after=after)
        session.flush()
        _people(session, hub.clock())
        _messages(session)
        if texts:
            _texts(session)
    chain.seal_all(hub, key)
    _sweep(hub.engine)
    return count


def _all_is_done(hub: Hub) -> None:
    with reading(hub.engine) as session:
        beat = leadership.seen(session, "worker")
        unread = journal.unread(session)
    if beat and hub.timer() - beat < ALIVE:
        raise NotPossible("a worker is running: end hub work and hub serve first")
    if unread:
        raise NotPossible(f"{unread} messages are not read yet: let a worker read them first")
    if Spool(hub.settings.spool_dir, hub.vault).waiting():
        raise NotPossible("messages wait in the spool: let a worker bring them in first")


def _people(session: Session, now: datetime) -> None:
    for table in GONE:
        session.execute(delete(table))
    closed = {"password_hash": "-", "totp_secret": None, "totp_pending": None}
    name = AccountRow.role + "-" + cast(AccountRow.id, String)
    session.execute(update(AccountRow).values(closed | {"name": name, "disabled_at": now}))


def _messages(session: Session) -> None:
    nobody = {"sender_digest": b"", "sender_sealed": b"", "raw_sealed": b"", "context": {}, "provider_id": ""}
    session.execute(update(JournalRow).values(**nobody, dedup=_random(session)))
    session.execute(update(ChainRow).values(salt_sealed=None))
    session.execute(update(MediaRow).values(reference="", album=""))
    # Anchors stay as they were sent, for they prove.
    nowhere: dict[str, Any] = {"address_sealed": b"", "extra": {}, "provider_id": None, "error": None}
    session.execute(update(OutboxRow).values(**nowhere))
    session.execute(update(OutboxRow).where(OutboxRow.kind != anchors.KIND).values(text=""))


def _texts(session: Session) -> None:
    session.execute(update(JournalRow).values(text="", reason=None))
    session.execute(update(ChainRow).where(ChainRow.kind == "journal").values(salt=None))
    session.execute(update(IncidentRow).values(description="", subject_name="", complaint={}))
    session.execute(update(AlertRow).values(words=""))
    session.execute(update(AlertEventRow).values(detail=""))
    session.execute(update(SubmissionRow).values(comment="", problems=[]))
    session.execute(update(WorkItemRow).values(detail={}, note=None))
    session.execute(update(DeedRow).values(detail={}))


def _random(session: Session) -> Function[Any]:
    """Sixteen bytes for each row: from a digest the id that a provider gave could be guessed."""
    if session.get_bind().dialect.name == "sqlite":
        return func.randomblob(16)
    return func.uuid_send(func.gen_random_uuid())


def _sweep(engine: Engine) -> None:
    """Old rows lie in a database's files until these are written anew."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM FULL")
            connection.exec_driver_sql("CHECKPOINT")
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            for statement in ("PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                raw.cursor().execute(statement).fetchall()
        finally:
            raw.close()
