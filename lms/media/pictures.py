"""Pictures, drawn anew: whatever was hidden in the file, and where it was taken, stays behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from lms.base.problem import Problem

# A picture of a few kilobytes can unfold to gigabytes.
_MAX_PIXELS = 60_000_000
_MAX_FRAMES = 300
_MAX_SIDE = 2560
_WRITES = {
    "image/jpeg": ("JPEG", "image/jpeg", {"quality": 86, "optimize": True, "progressive": True}),
    "image/webp": ("WEBP", "image/webp", {"quality": 86}),
    "image/avif": ("WEBP", "image/webp", {"quality": 86}),
    "image/gif": ("GIF", "image/gif", {}),
}
_AS_PNG: tuple[str, str, dict[str, Any]] = ("PNG", "image/png", {"optimize": True})


@dataclass(frozen=True, slots=True)
class Picture:
    """What was written: its type and size in pixels."""

    type: str
    width: int
    height: int


def redraw(source: Path, target: Path, kind: str) -> Picture:
    """Write the picture anew without its metadata, upright, at most 2,560 pixels a side. Raises ``Problem``."""
    try:
        with Image.open(source) as picture:
            _check_size(picture)
            form, written_kind, options = _WRITES.get(kind, _AS_PNG)
            if getattr(picture, "n_frames", 1) > 1 and form in {"GIF", "WEBP"}:
                return _redraw_frames(picture, target, form, written_kind, options)
            still = _still(picture, form)
            still.save(target, form, icc_profile=picture.info.get("icc_profile"), **options)
            return Picture(written_kind, *still.size)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Problem(_("This picture is damaged or of a kind that cannot be read."), status=422) from error


def _check_size(picture: Image.Image) -> None:
    frames = getattr(picture, "n_frames", 1)
    pixels = picture.width * picture.height
    if pixels > _MAX_PIXELS or frames > _MAX_FRAMES or (frames > 1 and pixels * frames > 4 * _MAX_PIXELS):
        raise Problem(_("This picture is too large."), next_step=_("Make it smaller and try again."), status=413)


def _still(picture: Image.Image, form: str) -> Image.Image:
    upright = ImageOps.exif_transpose(picture)
    if form == "JPEG":
        upright = upright.convert("RGB") if upright.mode not in {"RGB", "L"} else upright
    elif upright.mode not in {"RGB", "RGBA", "L", "LA", "P"}:
        upright = upright.convert("RGBA" if "A" in upright.mode else "RGB")
    upright.thumbnail((_MAX_SIDE, _MAX_SIDE))
    # Pixels only: a copy would carry the comments and positions that the file came with.
    bare = Image.new(upright.mode, upright.size)
    if upright.mode == "P" and upright.palette is not None:
        return upright.convert("RGBA" if "transparency" in upright.info else "RGB")
    bare.paste(upright)
    return bare


def _redraw_frames(picture: Image.Image, target: Path, form: str, kind: str, options: dict[str, Any]) -> Picture:
    frames, durations = [], []
    for number in range(picture.n_frames):  # type: ignore[attr-defined]
        picture.seek(number)
        durations.append(picture.info.get("duration", 100))
        frame = picture.convert("RGBA")
        frame.info.clear()
        frames.append(frame)
    more = options | ({"disposal": 2} if form == "GIF" else {})
    loop = picture.info.get("loop", 0)
    frames[0].save(target, form, save_all=True, append_images=frames[1:], duration=durations, loop=loop, **more)
    return Picture(kind, *frames[0].size)
