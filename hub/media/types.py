"""What a file is, by its own bytes: what a provider or a phone says it is may be a mistake or a lie. Pure."""

from __future__ import annotations

_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
    b"OggS": "audio/ogg",
    b"#!AMR": "audio/amr",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
}
# Of an ISO media file, bytes 8 to 11 name the brand; video has others.
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "application/geo": "txt",
}


def type_of(content: bytes) -> str:
    """The type of a photo, a document or a recording; "" for everything that the hub does not take."""
    if content[4:8] == b"ftyp":
        return "image/heic" if content[8:12] in _BRANDS else "audio/mp4" if content[8:12] == b"M4A " else ""
    if content[:4] == b"RIFF":
        return "image/webp" if content[8:12] == b"WEBP" else ""
    return next((type for beginning, type in _BEGINNINGS.items() if content.startswith(beginning)), "")
