"""Words about how far a student is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.courses.outline import CourseView, known_outline
from lms.extend import DynamicLabel, LinkContext
from lms.learning import services as learning
from lms.learning.conditions import CourseForm, course_of, has_access, progress_of


def _call(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    """What a button into the course says to whoever may enter it."""
    course = course_of(ctx, args)
    if course is None or not has_access(ctx, course):
        return None
    progress = progress_of(ctx).get(course.id)
    if progress is None or not progress.done:
        return _("Start the course")
    return _("Continue the course") if progress.completed_at is None else _("Look at it again")


def _progress(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    course = course_of(ctx, args)
    progress = progress_of(ctx).get(course.id) if course is not None else None
    if progress is None:
        return None
    return _("%(done)s of %(total)s lessons", done=progress.done, total=progress.total)


def _next_lesson(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    course = course_of(ctx, args)
    if course is None or not has_access(ctx, course):
        return None
    key = ("learning.next", ctx.person.id, course.id)
    title: str | None = ctx.once(key, lambda: _title_of_next(ctx.person.id, course))
    return title


def _title_of_next(person_id: int, course: CourseView) -> str | None:
    standing = learning.standing(person_id, course.id)
    found = known_outline(course).first_unfinished(standing.completed if standing else frozenset())
    return found.title if found else None


def _label(name: str, label: Any, help_text: Any, example: Any, order: int, value: Any) -> DynamicLabel:
    return DynamicLabel(
        name=name,
        source="course",
        source_label=_l("Course"),
        label=label,
        help=help_text,
        form=CourseForm,
        states=("purchased",),
        value=value,
        example=example,
        order=order,
    )


ALL = (
    _label(
        "call", _l("Start, continue or look again"), _l("For a button into the course."), _l("Continue the course"), 10,
        _call,
    ),
    _label("progress", _l("Progress"), _l("Of whoever has begun."), _l("3 of 9 lessons"), 20, _progress),
    _label("next-lesson", _l("Next lesson"), _l("Its title."), _l("The first bowl"), 30, _next_lesson),
)  # fmt: skip
