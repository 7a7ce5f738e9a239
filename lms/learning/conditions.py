"""Conditions about how far a student is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form

from lms.access import services as access
from lms.courses import services as courses
from lms.courses.outline import CourseView, present_slug
from lms.extend import Condition, LinkContext
from lms.extend.fields import Choice
from lms.learning import services as learning
from lms.learning.services import CourseProgress

_MOST_COURSES = 200


class CourseForm(Form):
    """One course."""

    course = Choice(_l("Course"), [("", _l("The course of this page"))], validate_choice=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = [(each.slug, each.title) for each in courses.list_all(limit=_MOST_COURSES)]
        self.course.choices = [*self.course.choices, *known]
        if self.course.data and self.course.data not in {slug for slug, _title in known}:
            self.course.choices = [*self.course.choices, (self.course.data, _l("A course that is gone"))]


def slug_of(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The course that is meant: named, or the one that the page belongs to; "" for none."""
    slug = str(args.get("course") or "")
    return slug or (ctx.owner.slug if isinstance(ctx.owner, CourseView) else "")


def course_of(ctx: LinkContext, args: Mapping[str, Any]) -> CourseView | None:
    """The course that is meant, also where it has another address by now; None where there is none. Asked once."""
    slug = slug_of(ctx, args)
    if not slug:
        return None

    def find() -> CourseView | None:
        found = courses.course_by_slug(slug)
        moved = None if found else present_slug(slug)
        return courses.course_by_slug(moved) if moved else found

    course: CourseView | None = ctx.once(("learning.course", slug), find)
    return course


def progress_of(ctx: LinkContext) -> Mapping[int, CourseProgress]:
    """Course id → how far the person is, of all courses they ever began. One query for a page."""
    if ctx.person is None:
        return {}
    found: Mapping[int, CourseProgress] = ctx.once(
        ("learning.progress", ctx.person.id),
        lambda: {each.course.id: each for each in learning.courses_of(ctx.person.id)},
    )
    return found


def _stage(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    """begun, finished or "" for neither; None where no such course is there."""
    course = course_of(ctx, args)
    if course is None:
        return None
    progress = progress_of(ctx).get(course.id)
    if progress is None:
        return ""
    return "finished" if progress.completed_at is not None else "begun"


def _is(*stages: str) -> Any:
    def holds(ctx: LinkContext, args: Mapping[str, Any]) -> bool | None:
        stage = _stage(ctx, args)
        return None if stage is None else stage in stages

    return holds


def _open(ctx: LinkContext, args: Mapping[str, Any]) -> bool | None:
    course = course_of(ctx, args)
    return None if course is None else has_access(ctx, course)


def has_access(ctx: LinkContext, course: CourseView) -> bool:
    """Whether a product of who looks opens the course now. One query for a page."""
    person = ctx.person
    if person is None:
        return False
    found = ctx.once(("learning.decisions", person.id), lambda: access.course_decisions(person.id, ctx.now))
    return course.id in found and found[course.id].allowed


def _condition(name: str, label: Any, help_text: Any, order: int, *stages: str) -> Condition:
    return Condition(
        name=name,
        source="course",
        source_label=_l("Course"),
        label=label,
        help=help_text,
        form=CourseForm,
        states=("purchased", "lapsed"),
        holds=_is(*stages),
        order=order,
    )


ALL = (
    Condition(
        name="open",
        source="course",
        source_label=_l("Course"),
        label=_l("Has access to the course"),
        help=_l("Whichever product opens it. Roles of staff do not count."),
        form=CourseForm,
        states=("purchased",),
        holds=_open,
        order=5,
    ),
    _condition(
        "begun", _l("Has begun the course"), _l("From the first visit on, also when it is finished."), 10,
        "begun", "finished",
    ),
    _condition("in-progress", _l("Is in the middle of the course"), _l("Begun and not finished."), 20, "begun"),
    _condition("finished", _l("Has finished the course"), _l("Every lesson of it is complete."), 30, "finished"),
)  # fmt: skip
