"""Pictures in lessons open to whom the lesson opens: a gate of the media library."""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import Text, bindparam, cast, select

from lms.access import services as access
from lms.access.services import Thing
from lms.base import clock
from lms.content.models import Document, Revision
from lms.courses.models import Course, Placement
from lms.courses.outline import PUBLISHED
from lms.db import rows
from lms.extend import Service
from lms.host import state

_KEPT = 2_000
_CACHE = "lms_learning_lesson_media"

_document: Any = Document.__table__
_revision: Any = Revision.__table__
_placement: Any = Placement.__table__
_course: Any = Course.__table__
_PLACES = (
    select(_placement.c.id, _placement.c.preview, _course.c.id.label("course_id"), _course.c.status)
    .select_from(_document)
    .join(_revision, _revision.c.id == _document.c.published_id)
    .join(_placement, _placement.c.lesson_id == _document.c.owner_id)
    .join(_course, _course.c.id == _placement.c.course_id)
    .where(
        _document.c.owner_kind == "lesson",
        cast(_revision.c.tree, Text).like(bindparam("pattern"), escape="\\"),
    )
)


class LessonMedia(Service):
    """Whether somebody may see a file because it stands in a lesson that is open to them."""

    kind = "media_gate"
    name = "lessons"

    def may_read(self, person: Any, media: Any) -> bool:
        """Asks the one decision about each place of the file. Default: no."""
        now = clock.now()
        return any(access.decide(person, thing, now).allowed for thing in _places(media.key))


def _places(key: str) -> tuple[Thing, ...]:
    """Where published lessons show the file.

    Documents are searched once per file, process and content version, since a course's page asks for its pictures
    again and again.
    """
    version = state.content_version()
    kept: tuple[int, dict[str, tuple[Thing, ...]]] = current_app.extensions.get(_CACHE, (-1, {}))
    if kept[0] != version or len(kept[1]) >= _KEPT:
        kept = (version, {})
        current_app.extensions[_CACHE] = kept
    found = kept[1].get(key)
    if found is None:
        found = tuple(
            Thing(row.course_id, row.id, row.preview, row.status == PUBLISHED)
            for row in rows(_PLACES, {"pattern": _pattern(key)})
        )
        kept[1][key] = found
    return found


def _pattern(key: str) -> str:
    # An underscore stands for any character there, and keys have some.
    escaped = key.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return f'%"{escaped}"%'
