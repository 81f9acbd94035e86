"""The key that heads are signed with: in a file of its own, outside the database."""

from __future__ import annotations

import os
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

log = structlog.get_logger()


def opened(path: Path) -> Ed25519PrivateKey:
    """The key in this file, which is made where there is none. Raises `OSError`, and `ValueError` for another file."""
    if not path.exists():
        _make(path)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def public(key: Ed25519PrivateKey) -> bytes:
    """32 bytes, to be published before the day."""
    return key.public_key().public_bytes_raw()


def _make(path: Path) -> None:
    """For the owner alone. Whole or not there: two processes that start together must sign with one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    beside = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
        log.warning("custody.key_made", public_key=public(key).hex())
    except FileExistsError:
        pass
    finally:
        beside.unlink()
