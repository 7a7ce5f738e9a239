"""The dynamic link to a course. It is equal for everybody: it writes the course's address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.courses.outline import CourseView
from lms.extend import DynamicLink, LinkContext
from lms.host.kept import kept_by_key
from lms.learning.conditions import CourseForm, course_of


def _address(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The path of the course; "" while visitors cannot see it. No query while it is in memory."""
    if not args.get("course"):
        course = course_of(ctx, args)
        return _path(course) or ""
    return kept_by_key("learning.course_path", args["course"], lambda: _path(course_of(ctx, args))) or ""


def _path(course: CourseView | None) -> str | None:
    return course.path if course is not None and course.is_published else None


ALL = (
    DynamicLink(
        name="page",
        source="course",
        source_label=_l("Course"),
        label=_l("Page of a course"),
        help=_l("Survives a new address of the course. Goes away while the course is a draft."),
        form=CourseForm,
        available=lambda _ctx: True,
        address=_address,
        for_guests=True,
        order=10,
    ),
)
