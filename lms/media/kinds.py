"""What a file is, by its first bytes: names and declared types are what a sender says, not what is there."""

from __future__ import annotations

import re
from pathlib import PurePath

_HEAD = 4096
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|script|svg|iframe|img|a|p|div|style|link|meta|\?xml)\b", re.IGNORECASE
)

# What Pillow reads and we write again; TIFF and BMP become PNG.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/tiff", "image/bmp"})
# Shown in the page. Everything else is downloaded: markup from here would run as this site.
INLINE = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "application/pdf",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
        "audio/wav",
        "text/vtt",
    }
)
_PICTURE_NAMES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".tif", ".tiff", ".bmp"})
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"WEBVTT", "text/vtt"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def of(head: bytes) -> str | None:
    """The type of a file that begins with ``head`` (a few kilobytes); None for what is not accepted."""
    head = head[:_HEAD].removeprefix(b"\xef\xbb\xbf")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    return _of_text(head)


def _of_brand(brand: bytes) -> str | None:
    if brand in {b"avif", b"avis"}:
        return "image/avif"
    if brand in {b"M4A ", b"M4B "}:
        return "audio/mp4"
    # HEIC and its relatives: Pillow cannot read them, browsers do not show them.
    return None if brand[:3] in {b"hei", b"hev", b"mif"} else "video/mp4"


def _of_text(head: bytes) -> str | None:
    if not head or b"\x00" in head:
        return None
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut off by the end of what was read.
        if error.start < len(head) - 4:
            return None
    if _MARKUP.search(head):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/html"
    return "text/plain"


def claims_to_be_a_picture(name: str) -> bool:
    """Whether the name ends like a picture's."""
    return PurePath(name).suffix.lower() in _PICTURE_NAMES
