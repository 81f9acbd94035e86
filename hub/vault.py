"""Addresses and raw payloads at rest: sealed with AES-GCM, looked up by a keyed hash. Keys come from HUB_SECRET_KEY.

What is published is signed with Ed25519, so that whoever has the public key can tell that it is this hub's.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Vault:
    """Seals and opens bytes; tells a lookup digest for an address. `secret` has at least 32 characters.

    While keys are changed, `old` is the secret before: what it sealed is opened, too.
    """

    def __init__(self, secret: str, old: str = "") -> None:
        if len(secret) < 32:
            raise ValueError(
                "HUB_SECRET_KEY needs at least 32 characters; make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        self._seal = AESGCM(_derive(secret, b"seal"))
        self._lookup = _derive(secret, b"lookup")
        self._sign = Ed25519PrivateKey.from_private_bytes(_derive(secret, b"sign"))
        self.old = Vault(old) if old else None

    def digest(self, kind: str, address: str) -> bytes:
        """16 bytes: HMAC-SHA256 of the kind (`phone`, `telegram`) and the address, cut."""
        return hmac.digest(self._lookup, f"{kind}:{address}".encode(), hashlib.sha256)[:16]

    @property
    def fingerprint(self) -> str:
        """What tells one key from another, and nothing else of it."""
        return self.digest("key", "").hex()[:16]

    def seal(self, plain: bytes) -> bytes:
        """12 bytes of nonce, then the ciphertext with its tag."""
        nonce = os.urandom(12)
        return nonce + self._seal.encrypt(nonce, plain, None)

    def sign(self, message: bytes) -> bytes:
        """64 bytes: Ed25519."""
        return self._sign.sign(message)

    @property
    def public_key(self) -> bytes:
        """32 bytes, to be published: what verifies a signature."""
        return self._sign.public_key().public_bytes_raw()

    def open(self, sealed: bytes) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` when the key is another or the bytes were changed."""
        try:
            return self._seal.decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            if self.old is None:
                raise
        return self.old.open(sealed)

    def resealed(self, sealed: bytes) -> bytes | None:
        """What the old key sealed, sealed with the new one; None where it is already, or is empty."""
        if not sealed or self.old is None:
            return None
        try:
            self._seal.decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            return self.seal(self.old.open(sealed))
        return None


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=b"election-hub", info=purpose).derive(secret.encode())
