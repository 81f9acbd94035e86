"""Types by content, and pictures of our own making; all of it without a database."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from hub.media import previews
from hub.media.previews import picture
from hub.media.types import type_of


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (b"\xff\xd8\xff\xe0 JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"%PDF-1.7", "application/pdf"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"#!AMR\n", "audio/amr"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x18ftypisom", ""),  # video
        (b"RIFF\x10\0\0\0WAVEfmt ", ""),
        (b"GIF89a", ""),
        (b"<svg onload='alert(1)'>", ""),
        (b"<html>%PDF-1.7", ""),
        (b"MZ", ""),
        (b"PK\x03\x04", ""),
        (b"", ""),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, type: str) -> None:
    assert type_of(content) == type


def written(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_a_smaller_jpeg_without_metadata(format: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Phone"
    made = picture(written(Image.new("RGB", (3200, 800)), format, exif=exif.tobytes()))
    assert made is not None
    assert b"Secret" not in made
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (1600, 400), {})


def test_nothing_is_made_of_what_is_no_picture_is_broken_or_is_larger_than_a_phone_makes() -> None:
    sound = written(Image.new("RGB", (64, 64)), "PNG")
    declared = sound[:16] + (60_000).to_bytes(4, "big") * 2 + sound[24:29]
    bomb = declared + zlib.crc32(declared[12:29]).to_bytes(4, "big") + sound[33:]
    for content in (b"", b"%PDF-1.7", b"\xff\xd8\xff", sound[:60], bomb, written(Image.new("L", (9, 9)), "TIFF")):
        assert picture(content) is None, content[:8]
    assert picture(sound) is not None


def test_the_limit_is_by_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MOST_PIXELS", 99)
    assert picture(written(Image.new("RGB", (10, 10)), "PNG")) is None
    assert picture(written(Image.new("RGB", (11, 9)), "PNG")) is not None
