"""What the room can do; the only writer of its tables."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.base.text import slugify
from lms.content import services as content
from lms.courses.events import CoursePublished, CourseUnpublished
from lms.courses.models import Course, Lesson, OldSlug, Placement, Section
from lms.courses.outline import (
    COURSE_COLUMNS,
    DRAFT,
    PUBLISHED,
    CourseView,
    Outline,
    PlacementView,
    SectionView,
    course_view,
    outline_by_id,
    outline_by_slug,
)
from lms.db import rows, session
from lms.host import state
from lms.host.bus import emit

COVERS = ("letter", "porch", "table", "mountain", "wave", "book")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_Seen = aliased(Course)
_BY_ID = select(*COURSE_COLUMNS).where(Course.id == bindparam("course_id"))
_NEWEST = (
    select(*COURSE_COLUMNS)
    .where(Course.status == PUBLISHED)
    .order_by(Course.published_at.desc(), Course.id.desc())
    .limit(bindparam("limit"))
)
_LAST_SEEN = select(_Seen.published_at).where(_Seen.id == bindparam("before")).scalar_subquery()
_OLDER = _NEWEST.where(
    or_(
        Course.published_at < _LAST_SEEN,
        and_(Course.published_at == _LAST_SEEN, Course.id < bindparam("before")),
    )
)
_PUBLISHED_BY_ID = select(*COURSE_COLUMNS).where(
    Course.status == PUBLISHED, Course.id.in_(bindparam("course_ids", expanding=True))
)
_ALL = select(*COURSE_COLUMNS).order_by(Course.id.desc()).limit(bindparam("limit"))
_ALL_OLDER = _ALL.where(Course.id < bindparam("before"))


def course(course_id: int) -> CourseView:
    """The course, published or not. One query. Raises ``LookupError``."""
    row = rows(_BY_ID, {"course_id": course_id}).first()
    if row is None:
        raise LookupError(f"There is no course {course_id}.")
    return course_view(row)


def course_by_slug(slug: str) -> CourseView | None:
    """The course with this address, published or not, or None. One query."""
    found = outline_by_slug(slug)
    return found.course if found else None


def outline(course_id: int) -> Outline:
    """The course with sections and placements in reading order. One query. Raises ``LookupError``."""
    return outline_by_id(course_id)


def list_published(*, limit: int = 200, before: int | None = None) -> tuple[CourseView, ...]:
    """Published courses, newest first, at most ``limit``; ``before`` is the id of the last one seen. One query."""
    found = rows(_NEWEST, {"limit": limit}) if before is None else rows(_OLDER, {"limit": limit, "before": before})
    return tuple(course_view(row) for row in found)


def published_by_id(course_ids: Sequence[int]) -> dict[int, CourseView]:
    """Id → course, of those that are published. One query, none for no ids."""
    found = rows(_PUBLISHED_BY_ID, {"course_ids": list(course_ids)}) if course_ids else ()
    return {row.id: course_view(row) for row in found}


def by_id(course_ids: Collection[int]) -> tuple[CourseView, ...]:
    """Those of the courses that are there, published or not. One query, none for no ids."""
    query = select(*COURSE_COLUMNS).where(Course.id.in_(course_ids))
    return tuple(course_view(row) for row in session.execute(query)) if course_ids else ()


def titled(words: str, *, limit: int) -> tuple[CourseView, ...]:
    """Courses whose title has the words, drafts too, by title. One query."""
    query = select(*COURSE_COLUMNS).order_by(Course.title, Course.id).limit(limit)
    if words:
        query = query.where(Course.title.icontains(words, autoescape=True))
    return tuple(course_view(row) for row in session.execute(query))


def list_all(*, limit: int = 50, before: int | None = None) -> tuple[CourseView, ...]:
    """All courses for the people who make them, newest first; ``before`` as above. One query."""
    found = rows(_ALL, {"limit": limit}) if before is None else rows(_ALL_OLDER, {"limit": limit, "before": before})
    return tuple(course_view(row) for row in found)


def create_course(
    *,
    slug: str,
    title: str,
    subtitle: str = "",
    summary: str = "",
    cover: str = "book",
    teacher_name: str = "",
    teacher_title: str = "",
    teacher_bio: str = "",
    language: str = "en",
    outcomes: Sequence[str] = (),
    questions: Sequence[Mapping[str, str]] = (),
    actor_id: int | None,
) -> CourseView:
    """A new course, a draft without lessons. ``questions`` are ``{"q": …, "a": …}``.

    Raises ``Problem`` for an address that is taken or not an address, and ``Problem`` for an unknown cover.
    """
    _check_slug(slug)
    _check_cover(cover)
    _check_free(slug)
    made = Course(
        slug=slug, title=title, subtitle=subtitle, summary=summary, cover=cover, language=language,
        teacher_name=teacher_name, teacher_title=teacher_title, teacher_bio=teacher_bio,
        outcomes=list(outcomes), questions=[{"q": pair["q"], "a": pair["a"]} for pair in questions],
        status=DRAFT, published_at=None, version=1, lesson_count=0, minutes=0,
    )  # fmt: skip
    session.execute(delete(OldSlug).where(OldSlug.slug == slug))
    session.add(made)
    session.flush()  # for its id
    audit.record("course.created", actor_id=actor_id, subject=f"course/{made.id}", detail={"slug": slug})
    return course(made.id)


def update_course(
    course_id: int, *, title: str, subtitle: str, summary: str, slug: str, cover: str, actor_id: int | None
) -> CourseView:
    """Change what the course says about itself; the old address goes on leading here.

    Raises ``NotFound``, and ``Problem`` as ``create_course`` does.
    """
    found = _locked(course_id)
    _check_slug(slug)
    _check_cover(cover)
    if slug != found.slug:
        _check_free(slug)
        session.execute(delete(OldSlug).where(OldSlug.slug.in_((slug, found.slug))))
        session.add(OldSlug(course_id=course_id, slug=found.slug))
    found.title, found.subtitle, found.summary, found.slug, found.cover = title, subtitle, summary, slug, cover
    _changed(found)
    audit.record("course.changed", actor_id=actor_id, subject=f"course/{course_id}", detail={"slug": slug})
    return course(course_id)


def add_section(course_id: int, title: str, *, actor_id: int | None = None) -> SectionView:
    """A new last section. Raises ``NotFound``."""
    found = _locked(course_id)
    position = session.scalar(
        select(func.coalesce(func.max(Section.position), 0)).where(Section.course_id == course_id)
    )
    made = Section(course_id=course_id, title=title, position=(position or 0) + 1)
    session.add(made)
    session.flush()  # for its id
    _changed(found)
    audit.record("section.added", actor_id=actor_id, subject=f"course/{course_id}", detail={"section": made.id})
    return SectionView(made.id, course_id, title, ())


def add_lesson(
    section_id: int,
    *,
    title: str,
    minutes: int,
    document: dict[str, Any],
    slug: str = "",
    preview: bool = False,
    actor_id: int | None,
) -> PlacementView:
    """A new lesson, placed last in its section; without ``slug`` its address comes from the title.

    Raises ``NotFound`` for an unknown section, ``Problem`` for an address that is taken or not an address, and
    whatever ``content`` finds wrong with the document.
    """
    section = session.get(Section, section_id)
    if section is None:
        raise NotFound(_("This section does not exist."))
    course_id = section.course_id
    found = _locked(course_id)
    position = session.scalar(
        select(func.coalesce(func.max(Placement.position), 0)).where(Placement.section_id == section_id)
    )
    lesson = Lesson(title=title, minutes=minutes)
    session.add(lesson)
    session.flush()  # for its id
    placement = Placement(
        course_id=course_id, section_id=section_id, lesson_id=lesson.id, position=(position or 0) + 1,
        slug=_lesson_slug(course_id, slug, title), preview=preview,
    )  # fmt: skip
    session.add(placement)
    content.save_document("lesson", lesson.id, document, author_id=actor_id)
    _changed(found)
    audit.record("lesson.added", actor_id=actor_id, subject=f"course/{course_id}", detail={"lesson": lesson.id})
    return PlacementView(
        id=placement.id, course_id=course_id, section_id=section_id, lesson_id=lesson.id, slug=placement.slug,
        title=title, minutes=minutes, preview=preview, number=_number(section, placement),
        section_title=section.title, path=f"/learn/{found.slug}/{placement.slug}",
    )  # fmt: skip


def publish_course(course_id: int, *, actor_id: int | None, now: datetime | None = None) -> CourseView:
    """Open the course's pages to everybody; publishing a published one changes nothing.

    Raises ``NotFound``, and ``Problem`` for a course without a lesson.
    """
    found = _locked(course_id)
    if found.status == PUBLISHED:
        return course(course_id)
    if found.lesson_count == 0:
        raise Problem(
            _("“%(title)s” has no lesson yet.", title=found.title),
            next_step=_("Add a lesson, then publish."),
        )
    found.status = PUBLISHED
    found.published_at = found.published_at or now or clock.now()
    _changed(found)
    audit.record("course.published", actor_id=actor_id, subject=f"course/{course_id}")
    emit(CoursePublished(course_id))
    return course(course_id)


def unpublish_course(course_id: int, *, actor_id: int | None) -> CourseView:
    """Close the course's pages to all but staff; progress and grants stay as they are. Raises ``NotFound``."""
    found = _locked(course_id)
    if found.status != PUBLISHED:
        return course(course_id)
    found.status = DRAFT
    _changed(found)
    audit.record("course.unpublished", actor_id=actor_id, subject=f"course/{course_id}")
    emit(CourseUnpublished(course_id))
    return course(course_id)


def _number(section: Section, placement: Placement) -> int:
    """The lesson's number in reading order, counted from 1: it is the last of its section."""
    earlier = or_(
        Section.position < section.position,
        and_(Section.position == section.position, Section.id <= section.id),
    )
    counted = session.scalar(
        select(func.count(Placement.id))
        .join(Section, Section.id == Placement.section_id)
        .where(Section.course_id == placement.course_id, earlier)
    )
    return counted or 1


def _locked(course_id: int) -> Course:
    """The row, held until the commit, so that two editors number and count one after the other."""
    found = session.scalar(
        select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_("This course does not exist."))
    return found


def _changed(found: Course) -> None:
    """Count the change, sum up the lessons, and tell cached pages."""
    session.flush()  # the sums below must see what was just added
    lesson_count, minutes = session.execute(
        select(func.count(Placement.id), func.coalesce(func.sum(Lesson.minutes), 0))
        .join(Lesson, Lesson.id == Placement.lesson_id)
        .where(Placement.course_id == found.id)
    ).one()
    session.execute(
        update(Course)
        .where(Course.id == found.id)
        .values(version=Course.version + 1, lesson_count=lesson_count, minutes=minutes)
    )
    state.bump_content_version()


def _check_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug) or len(slug) > 80:
        raise Problem(
            _("“%(slug)s” cannot be an address.", slug=slug),
            next_step=_("Use small letters, digits and single hyphens, at most 80."),
        )


def _check_cover(cover: str) -> None:
    if cover not in COVERS:
        raise Problem(_("There is no cover “%(cover)s”.", cover=cover))


def _check_free(slug: str) -> None:
    if session.scalar(select(Course.id).where(Course.slug == slug)) is not None:
        raise Conflict(
            _("Another course already has the address “%(slug)s”.", slug=slug),
            next_step=_("Choose another one."),
        )


def _lesson_slug(course_id: int, wanted: str, title: str) -> str:
    taken = set(session.scalars(select(Placement.slug).where(Placement.course_id == course_id)))
    if wanted:
        _check_slug(wanted)
        if wanted in taken:
            raise Conflict(_("Another lesson of this course already has the address “%(slug)s”.", slug=wanted))
        return wanted
    base = slugify(title, limit=70) or "lesson"
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
