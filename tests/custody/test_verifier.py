"""The standard-library Ed25519 against RFC 8032's vectors (section 7.1), and checkpoints as people type them."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.custody.verifier import Checkpoint, checkpoint, signed

VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
POINT = Checkpoint(17, "3f2a" * 16, "2030-03-10T08:35:00Z", "ab" * 64)


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_verify_and_nothing_near_them_does(key: str, message: str, signature: str) -> None:
    public, text, proof = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert signed(public, text, proof)
    assert not signed(public, text + b".", proof)
    assert not signed(public, text, bytes([proof[0] ^ 1]) + proof[1:])
    assert not signed(public, text, proof[:32] + bytes(32))
    assert not signed(bytes(31) + b"\xff", text, proof)


def test_it_agrees_with_another_implementation() -> None:
    for _ in range(5):
        key, text = Ed25519PrivateKey.generate(), os.urandom(50)
        assert signed(key.public_key().public_bytes_raw(), text, key.sign(text))


def test_a_signature_whose_number_is_too_great_is_refused() -> None:
    key, message, signature = (bytes.fromhex(part) for part in VECTORS[0])
    more = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    assert not signed(key, message, signature[:32] + more.to_bytes(32, "little"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (f"arvenia-2030 {POINT}", POINT),
        ("#17 3f2a 3f2a 3F2A 3f2a", Checkpoint(17, "3f2a" * 4)),
        ("arvenia-2030  # 17\n3f2a 3f2a\n3f2a 3f2a 3f2a", Checkpoint(17, "3f2a" * 5)),
    ],
)
def test_a_checkpoint_is_read_as_it_was_sent_or_typed(typed: str, read: Checkpoint) -> None:
    assert checkpoint(typed) == read


@pytest.mark.parametrize("typed", ["", "17 3f2a 3f2a 3f2a 3f2a", "#17 3f2a 3f2a 3f2a", "#x 3f2a 3f2a 3f2a 3f2a"])
def test_too_little_of_a_checkpoint_proves_nothing(typed: str) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        checkpoint(typed)
