"""Smaller copies of pictures by width, made when a browser first asks for one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from lms.media import files
from lms.media.services import WIDTHS, MediaView


def path(media: MediaView, width: int) -> Path:
    """The file to send for a picture at this width: its copy, or the picture itself where there is no smaller one.

    Only widths of ``WIDTHS`` are made, so that nobody fills the disk by asking.
    """
    whole = files.path(media.key)
    if width not in WIDTHS or not media.has_sizes or width >= (media.width or 0):
        return whole
    place = files.sized(media.key, width, media.digest)
    if place.is_file():
        return place
    return place if _draw(whole, place, width) else whole


def _draw(whole: Path, place: Path, width: int) -> bool:
    """Whether a copy could be made. Several processes may do so at once: each puts a complete file there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(whole) as picture:
            if getattr(picture, "n_frames", 1) > 1 or picture.format is None:
                return False
            form = picture.format
            profile = picture.info.get("icc_profile")
            small = picture.resize(
                (width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS
            )
            descriptor, name = tempfile.mkstemp(dir=place.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    small.save(file, form, icc_profile=profile, quality=82, optimize=True)
                os.replace(name, place)
            finally:
                Path(name).unlink(missing_ok=True)
    except (UnidentifiedImageError, OSError, ValueError):
        return False
    return True
