"""A picture of our own making of somebody's photo: smaller, without what the phone wrote beside it, always JPEG.

The bytes that came are hostile until shown otherwise: few formats are tried, and an image that says it is larger than
a phone makes them is not decoded at all.
"""

from __future__ import annotations

import io

from PIL import Image, ImageOps

MOST_PIXELS = 50_000_000
EDGE = 1600  # pixels; the figures of a protocol on A4 can be read
_FORMATS = ("JPEG", "PNG", "WEBP")


def picture(content: bytes, edge: int | None = EDGE) -> bytes | None:
    """A JPEG with no metadata, `edge` pixels at most on its longer side. None where there is no picture to be made:
    of a document, a recording, a HEIC, a broken image, or one of more than `MOST_PIXELS`."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            return None if image.width * image.height > MOST_PIXELS else _made_of(image, edge)
    except Exception:  # whatever a decoder raises on hostile bytes: the file is kept, only not shown
        return None


def _made_of(image: Image.Image, edge: int | None) -> bytes:
    if edge:
        image.draft("RGB", (edge, edge))  # a JPEG is decoded at a fraction of its size
    upright = ImageOps.exif_transpose(image).convert("RGB")
    if edge:
        upright.thumbnail((edge, edge))
    # Pixels alone go on: profiles, comments and EXIF hang on the image that was opened.
    bare = Image.frombytes("RGB", upright.size, upright.tobytes())
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=85, optimize=True)
    return written.getvalue()
