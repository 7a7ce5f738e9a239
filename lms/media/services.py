"""Storing files, and finding them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, or_, select, update

from lms.audit import services as audit
from lms.base import clock, ids
from lms.base.problem import NotFound, Problem
from lms.db import after_commit, session
from lms.host import state
from lms.media import files, kinds, pictures
from lms.media.models import MediaFile, Visibility

MAX_PICTURE = 25 << 20
MAX_FILE = 1 << 30
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]+")
WIDTHS = (480, 960, 1600)
"""Widths in pixels of the copies that browsers choose from."""
FOCUSES = (
    "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right",
)  # fmt: skip
_SIZED = frozenset({"image/jpeg", "image/png", "image/webp"})
_ORPHAN_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class MediaView:
    """A stored file. ``width`` and ``height`` in pixels, None for what is no picture; ``size`` in bytes.

    ``focus`` names the part of a picture that stays in sight where it is cut ("top-left", "center").
    """

    key: str
    name: str
    type: str
    size: int
    digest: str
    width: int | None
    height: int | None
    alt: str
    visibility: str
    uploader_id: int | None
    created_at: datetime
    focus: str = "center"

    @property
    def path(self) -> str:
        """Its address on this site."""
        return f"/media/{self.key}"

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown as a picture."""
        return self.width is not None

    @property
    def has_sizes(self) -> bool:
        """Whether there are smaller copies of it."""
        return self.type in _SIZED and self.width is not None

    @property
    def srcset(self) -> str:
        """The copies by width and the picture itself, for the attribute ``srcset``; "" where none is smaller."""
        whole = self.width or 0
        smaller = [width for width in WIDTHS if width < whole] if self.has_sizes else []
        if not smaller:
            return ""
        return ", ".join([*(f"{self.path}/{width} {width}w" for width in smaller), f"{self.path} {whole}w"])

    @property
    def is_inline(self) -> bool:
        """Whether a browser may show it; everything else is downloaded."""
        return self.type in kinds.INLINE


_COLUMNS = [getattr(MediaFile, name) for name in MediaView.__dataclass_fields__]


def store(
    stream: IO[bytes], *, name: str, actor_id: int | None, visibility: str = Visibility.PRIVATE, alt: str = ""
) -> MediaView:
    """Check a file by its content, draw pictures anew, and keep it under a new key.

    Slow: commit before, so that no transaction stands open meanwhile. Raises ``Problem`` for what is too large,
    damaged, of a kind that is not accepted, or named like a picture without being one; then nothing is kept.
    """
    visibility = Visibility(visibility)
    key = ids.new_token(16)
    facts = _keep(stream, key, _clean(name))
    values: dict[str, Any] = {
        "key": key,
        **facts,
        "alt": alt[:400],
        "visibility": visibility,
        "uploader_id": actor_id,
    }
    now = clock.real_now()
    session.execute(insert(MediaFile).values(**values, created_at=now, updated_at=now))
    audit.record("media.stored", actor_id=actor_id, subject=f"media/{key}", detail={"name": values["name"]})
    return MediaView(**values, created_at=now)


def replace(key: str, stream: IO[bytes], *, name: str, actor_id: int | None) -> MediaView:
    """Put another file at the address of this one; description, focus and who may see it stay.

    Slow: commit before. A picture is replaced by a picture, anything else by a file of its own type, because pages
    show it as that. Raises ``NotFound``, and ``Problem`` as ``store`` does; then the old one stays.
    """
    old = view(key)
    if old is None:
        raise NotFound(_("This file is not there any more."))
    arrived = ids.new_token(16)
    facts = _keep(stream, arrived, _clean(name))
    is_same = facts["width"] is not None if old.is_picture else facts["type"] == old.type
    if not is_same:
        files.remove(arrived)
        raise Problem(
            _("Another kind of file cannot take this place."),
            next_step=_("Choose a picture.") if old.is_picture else _("Choose a file of the same kind."),
            status=415,
        )
    session.execute(update(MediaFile).where(MediaFile.key == key).values(**facts, updated_at=clock.real_now()))
    detail = {"before": old.name, "after": facts["name"]}
    audit.record("media.replaced", actor_id=actor_id, subject=f"media/{key}", detail=detail)
    state.bump_content_version()
    after_commit(lambda: files.take_place(arrived, key))
    changed = view(key)
    if changed is None:
        raise NotFound(_("This file is not there any more."))
    return changed


def _keep(stream: IO[bytes], key: str, name: str) -> dict[str, Any]:
    """The bytes under the key, and what is known about them. Raises ``Problem``; then nothing is kept."""
    with files.arriving(stream, MAX_FILE) as arrived:
        with arrived.open("rb") as opened:
            kind = kinds.of(opened.read(4096))
        if kind is None:
            raise Problem(
                _("Files of this kind are not accepted."),
                next_step=_("Pictures, PDF, MP4, WebM, MP3, captions, text and ZIP are."),
                status=415,
            )
        is_picture = kind in kinds.PICTURES
        if kinds.claims_to_be_a_picture(name) and not is_picture:
            raise Problem(_("%(name)s is called a picture, but is none.", name=name), status=415)
        picture = _keep_picture(arrived, key, kind) if is_picture else None
        if picture is None:
            files.keep(arrived, files.path(key))
    place = files.path(key)
    return {
        "name": name,
        "type": picture.type if picture else kind,
        "size": place.stat().st_size,
        "digest": files.digest(place),
        "width": picture.width if picture else None,
        "height": picture.height if picture else None,
    }


def _keep_picture(arrived: Path, key: str, kind: str) -> pictures.Picture:
    if arrived.stat().st_size > MAX_PICTURE:
        raise Problem(_("This picture is larger than %(size)s MB.", size=MAX_PICTURE >> 20), status=413)
    drawn = arrived.with_suffix(".drawn")
    try:
        picture = pictures.redraw(arrived, drawn, kind)
        files.keep(drawn, files.path(key))
    finally:
        drawn.unlink(missing_ok=True)
    files.keep(arrived, files.original(key))
    return picture


def _clean(name: str) -> str:
    clean = _NOT_IN_NAMES.sub(" ", PurePath(name.replace("\\", "/")).name).strip(" .")
    if len(clean) <= 180:
        return clean or _("file")
    # The end is kept too: people tell files apart by it.
    return clean[:160] + PurePath(clean).suffix[:20]


def view(key: str) -> MediaView | None:
    """The file of a key, None where there is none. One query."""
    return views([key]).get(key)


def views(keys: Iterable[str]) -> dict[str, MediaView]:
    """The files of several keys, in one query; unknown ones are left out."""
    rows = session.execute(select(*_COLUMNS).where(MediaFile.key.in_(list(keys))))
    return {row.key: MediaView(*row) for row in rows}


def newest(*, before: int | None = None, limit: int = 50, search: str = "") -> tuple[tuple[int, MediaView], ...]:
    """The library, newest first, each with the number that asks for the page below it; ``search`` in names and alt."""
    query = select(MediaFile.id, *_COLUMNS).order_by(MediaFile.id.desc()).limit(limit)
    if search.strip():
        fits = [column.icontains(search.strip(), autoescape=True) for column in (MediaFile.name, MediaFile.alt)]
        query = query.where(or_(*fits))
    if before is not None:
        query = query.where(MediaFile.id < before)
    return tuple((row[0], MediaView(*row[1:])) for row in session.execute(query))


def set_visibility(key: str, visibility: str, *, actor_id: int | None) -> None:
    """Open a file to everybody, or close it. Raises ``NotFound``."""
    _change(key, "media.visibility_changed", actor_id, visibility=Visibility(visibility))


def describe(key: str, *, alt: str, focus: str, actor_id: int | None) -> None:
    """Change the words that stand for a picture, and which part stays in sight. Raises ``NotFound``, ``ValueError``."""
    if focus not in FOCUSES:
        raise ValueError(f"no focus {focus!r}")
    _change(key, "media.described", actor_id, alt=alt[:400], focus=focus)


def _change(key: str, action: str, actor_id: int | None, **values: Any) -> None:
    if not session.execute(update(MediaFile).where(MediaFile.key == key).values(**values)).rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("This file is not there any more."))
    audit.record(action, actor_id=actor_id, subject=f"media/{key}", detail={k: str(v) for k, v in values.items()})
    state.bump_content_version()


def delete_file(key: str, *, actor_id: int | None) -> None:
    """Forget a file; its bytes go with the next cleaning. Raises ``NotFound``."""
    if not session.execute(delete(MediaFile).where(MediaFile.key == key)).rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("This file is not there any more."))
    audit.record("media.deleted", actor_id=actor_id, subject=f"media/{key}")
    state.bump_content_version()


def clean(now: float | None = None) -> int:
    """Delete bytes that no row names, a day after they were written: of deleted files and failed uploads."""
    old = sorted(set(files.keys_older_than((now or time.time()) - _ORPHAN_SECONDS)))
    known = set(session.scalars(select(MediaFile.key))) if old else set()
    orphans = [key for key in old if key not in known]
    for key in orphans:
        files.remove(key)
    return len(orphans)
