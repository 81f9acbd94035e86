"""The key that heads are signed with: in a file of its own, outside the database."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def opened(path: Path) -> Ed25519PrivateKey:
    """The key in this file, which is made where there is none. Raises `OSError`, and `ValueError` for another file."""
    made(path)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def public(key: Ed25519PrivateKey) -> bytes:
    """32 bytes, to be published before the day."""
    return key.public_key().public_bytes_raw()


def made(path: Path) -> bool:
    """Makes the key where there is none, and tells whether it did: a copy of it is to be kept elsewhere.

    For the owner alone. Whole or not there: two processes that start together must sign with one key.
    """
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    beside = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    return True
