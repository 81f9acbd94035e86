"""A bundle for a court: what was said and done, the chain over it, the signed heads, and what verifies them.

Who said it stays hidden, as a salted digest, unless identities are asked for: then every sender and raw payload is in
it, with its salt. Either way every entry is there and every link can be computed again.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.custody import anchors, chain, verifier
from hub.custody.statements import BY_NAME, opened
from hub.models import AuditRow, ChainRow, HeadRow, MediaBlobRow
from hub.vault import Vault

BATCH = 500
HEADS = timedelta(minutes=5)  # one in so long; the last vouches for all before it
CUSTODY = ("evidence", "backup", "restore", "purge", "rotate_key")  # the deeds that are told in full
README = (Path(__file__).parent / "README.bundle.txt").read_text


def write(session: Session, vault: Vault, election: str, key: bytes, place: Path, *, identities: bool = False) -> int:
    """Into a directory that is not there yet, or a `.zip`; how many entries. Raises `FileExistsError`."""
    if place.exists():
        raise FileExistsError(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".evidence-") as beside:
        folder = Path(beside)
        count = _write(session, vault, election, key, folder, identities)
        if place.suffix == ".zip":
            _zip(folder, place)
        else:
            shutil.copytree(folder, place)
    return count


def _write(session: Session, vault: Vault, election: str, key: bytes, folder: Path, identities: bool) -> int:
    (folder / "media").mkdir()
    (folder / "README.txt").write_text(README(encoding="utf-8"), encoding="utf-8")
    (folder / "verify.py").write_text(Path(verifier.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    about = {"election": election, "public_key": key.hex(), "identities": identities}
    (folder / "bundle.json").write_text(json.dumps(about, indent=1))
    last = chain.newest(session)
    entries = _entries(session, vault, folder / "media", last.seq if last else 0, identities)
    count = _lines(folder / "entries.jsonl", entries)
    _lines(folder / "heads.jsonl", _heads(session))
    _lines(folder / "anchors.jsonl", _anchors(session))
    _lines(folder / "custody.jsonl", _custody(session))
    return count


def _entries(session: Session, vault: Vault, media: Path, last: int, identities: bool) -> Iterator[dict[str, Any]]:
    """Up to the last head: what is not signed yet is no evidence."""
    at = 0
    while rows := session.scalars(
        select(ChainRow).where(ChainRow.seq > at, ChainRow.seq <= last).order_by(ChainRow.seq).limit(BATCH)
    ).all():
        for row in rows:
            line = {"seq": row.seq, "statement": row.statement, "link": row.link.hex()}
            yield line | {"parts": _parts(session, vault, row, identities)} | _file(session, vault, row, media)
        at = rows[-1].seq
        session.expunge_all()


def _parts(session: Session, vault: Vault, row: ChainRow, identities: bool) -> dict[str, Any]:
    kind = BY_NAME[row.kind]
    found = session.execute(select(kind.table).where(kind.table.c.id == row.row_id)).one_or_none()
    if found is None or (row.kind == "audit" and found.action not in CUSTODY):
        return {}  # who looked where is in the chain, and nobody's business
    subject = kind.subject(found, vault)
    parts = {name: _part(row.salt, content) for name, content in subject.said.items()} if row.salt else {}
    if identities and row.salt_sealed:
        salt = opened(vault, row.salt_sealed)
        parts |= {name: _part(salt, content) for name, content in subject.personal.items()}
    return parts


def _part(salt: bytes, content: bytes) -> dict[str, str]:
    try:
        return {"salt": salt.hex(), "text": content.decode()}
    except UnicodeDecodeError:
        return {"salt": salt.hex(), "hex": content.hex()}


def _file(session: Session, vault: Vault, row: ChainRow, media: Path) -> dict[str, Any]:
    if row.kind != "media":
        return {}
    sha256 = json.loads(row.statement)["sha256"]
    sealed = session.scalar(select(MediaBlobRow.sealed).where(MediaBlobRow.sha256 == sha256))
    try:
        (media / sha256).write_bytes(opened(vault, sealed or b""))
    except InvalidTag:
        return {"destroyed": True}
    return {}


def _heads(session: Session) -> Iterator[dict[str, Any]]:
    rows = session.scalars(select(HeadRow).order_by(HeadRow.seq)).all()
    since = None
    for row in rows:
        if since is None or row.at - since >= HEADS or row is rows[-1]:
            since = row.at
            point = chain.checkpoint_of(row)
            yield {"seq": point.seq, "at": point.at, "link": point.link, "signature": point.signature}


def _anchors(session: Session) -> Iterator[dict[str, Any]]:
    """Without the addresses they were sent to: whoever has one will show it."""
    for row in anchors.sent(session):
        sent_at = row.settled_at.isoformat() if row.settled_at else None
        yield {"text": row.text, "channel": row.channel, "state": row.state, "at": sent_at, "id": row.provider_id}


def _custody(session: Session) -> Iterator[dict[str, Any]]:
    """Every export, backup, purge and change of keys; the same rows are in the chain."""
    for row in session.scalars(select(AuditRow).where(AuditRow.action.in_(CUSTODY)).order_by(AuditRow.id)):
        yield {"id": row.id, "at": row.at.isoformat(), "did": row.action, "what": row.subject, "told": row.after}


def _lines(path: Path, lines: Iterator[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count


def _zip(folder: Path, place: Path) -> None:
    beside: Callable[[Path], str] = lambda path: str(path.relative_to(folder))  # noqa: E731
    with zipfile.ZipFile(place, "x", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, beside(path))
