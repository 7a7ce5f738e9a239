"""Courses as they are read: plain frozen objects, held in memory for as long as the course does not change.

One query reads a whole course: itself, its sections, its placements. The result is kept in the app under the
course's version, so that the next page asks for the version only, which costs the same for 20 lessons and 1,000.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, select

from lms.content.models import Document
from lms.courses.models import Course, Lesson, OldSlug, Placement, Section
from lms.db import Mode, rows
from lms.db.engine import MODE

PAGE_KIND = "course"
"""The kind of owner under which a course's landing page is stored."""
DRAFT = "draft"
PUBLISHED = "published"

# A process keeps the courses that were asked for last; a site with more of them reads the others again.
_KEPT = 128
_CACHE = "lms_courses_outlines"


@dataclass(frozen=True, slots=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class CourseView:
    """A course without its lessons. Times in UTC; ``minutes`` is the sum over its lessons."""

    id: int
    slug: str
    title: str
    subtitle: str
    summary: str
    cover: str
    language: str
    teacher_name: str
    teacher_title: str
    teacher_bio: str
    outcomes: tuple[str, ...]
    questions: tuple[Question, ...]
    status: str
    published_at: datetime | None
    changed_at: datetime
    version: int
    lesson_count: int
    minutes: int

    @property
    def is_published(self) -> bool:
        return self.status == PUBLISHED

    @property
    def path(self) -> str:
        """The page that describes the course."""
        return f"/courses/{self.slug}"

    @property
    def learn_path(self) -> str:
        """Leads to the next lesson of whoever follows it."""
        return f"/learn/{self.slug}"


@dataclass(frozen=True, slots=True)
class PlacementView:
    """A lesson at its place. ``number`` counts from 1 in reading order through the whole course."""

    id: int
    course_id: int
    section_id: int
    lesson_id: int
    slug: str
    title: str
    minutes: int
    preview: bool
    number: int
    section_title: str
    path: str


@dataclass(frozen=True, slots=True)
class SectionView:
    id: int
    course_id: int
    title: str
    lessons: tuple[PlacementView, ...]

    @property
    def minutes(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(frozen=True, slots=True)
class Outline:
    """A course with everything in reading order.

    ``page_revision``: the revision of its landing page that visitors get; None where nobody edited it.
    """

    course: CourseView
    sections: tuple[SectionView, ...]
    lessons: tuple[PlacementView, ...]
    by_slug: dict[str, PlacementView] = field(repr=False)
    ids: frozenset[int] = field(repr=False)
    page_revision: int | None = None

    def lesson(self, slug: str) -> PlacementView | None:
        """The placement with this address, or None."""
        return self.by_slug.get(slug)

    def before(self, lesson: PlacementView) -> PlacementView | None:
        """The lesson to read before this one."""
        return self.lessons[lesson.number - 2] if lesson.number > 1 else None

    def after(self, lesson: PlacementView) -> PlacementView | None:
        """The lesson to read after this one."""
        return self.lessons[lesson.number] if lesson.number < len(self.lessons) else None

    def first_unfinished(self, completed: frozenset[int]) -> PlacementView | None:
        """The first lesson in reading order whose placement id is not in ``completed``."""
        return next((lesson for lesson in self.lessons if lesson.id not in completed), None)


_course: Any = Course.__table__
_section: Any = Section.__table__
_placement: Any = Placement.__table__
_lesson: Any = Lesson.__table__
_old_slug: Any = OldSlug.__table__

COURSE_COLUMNS = tuple(
    _course.c["updated_at" if field.name == "changed_at" else field.name] for field in fields(CourseView)
)
_document: Any = Document.__table__
_PAGE = (
    select(_document.c.published_id)
    .where(_document.c.owner_kind == PAGE_KIND, _document.c.owner_id == _course.c.id)
    .scalar_subquery()
    .label("page_revision")
)
_VERSION_BY_SLUG = select(_course.c.id, _course.c.version, _PAGE).where(_course.c.slug == bindparam("slug"))
_VERSION_BY_ID = select(_course.c.id, _course.c.version, _PAGE).where(_course.c.id == bindparam("course_id"))
_TREE = (
    select(
        *COURSE_COLUMNS,
        _section.c.id.label("section_id"), _section.c.title.label("section_title"),
        _placement.c.id.label("placement_id"), _placement.c.slug.label("lesson_slug"), _placement.c.preview,
        _lesson.c.id.label("lesson_id"), _lesson.c.title.label("lesson_title"),
        _lesson.c.minutes.label("lesson_minutes"), _PAGE,
    )
    .select_from(_course)
    .outerjoin(_section, _section.c.course_id == _course.c.id)
    .outerjoin(_placement, _placement.c.section_id == _section.c.id)
    .outerjoin(_lesson, _lesson.c.id == _placement.c.lesson_id)
    .order_by(_course.c.id, _section.c.position, _section.c.id, _placement.c.position, _placement.c.id)
)  # fmt: skip
_TREE_BY_SLUG = _TREE.where(_course.c.slug == bindparam("slug"))
_TREES_BY_ID = _TREE.where(_course.c.id.in_(bindparam("course_ids", expanding=True)))
_PRESENT_SLUG = (
    select(_course.c.slug)
    .select_from(_course)
    .join(_old_slug, _old_slug.c.course_id == _course.c.id)
    .where(_old_slug.c.slug == bindparam("slug"))
)


def course_view(row: Any) -> CourseView:
    """What a row of ``COURSE_COLUMNS`` says."""
    return CourseView(
        id=row.id, slug=row.slug, title=row.title, subtitle=row.subtitle, summary=row.summary, cover=row.cover,
        language=row.language, teacher_name=row.teacher_name, teacher_title=row.teacher_title,
        teacher_bio=row.teacher_bio, outcomes=tuple(row.outcomes),
        questions=tuple(Question(pair["q"], pair["a"]) for pair in row.questions),
        status=row.status, published_at=row.published_at, changed_at=row.updated_at, version=row.version,
        lesson_count=row.lesson_count, minutes=row.minutes,
    )  # fmt: skip


def outline_by_slug(slug: str) -> Outline | None:
    """The course with this address, published or not, or None. One query, whether it was in memory or not."""
    kept = _cache().find(slug)
    if kept is None:
        return _read(_TREE_BY_SLUG, {"slug": slug})
    row = rows(_VERSION_BY_SLUG, {"slug": slug}).first()
    if row is None:
        return None
    if row.id == kept.course.id and _is_same(kept, row):
        return kept
    return _read(_TREE_BY_SLUG, {"slug": slug})


def outline_by_id(course_id: int) -> Outline:
    """The course with this id. One query when it was not in memory or is unchanged. Raises ``LookupError``."""
    kept = _cache().find_id(course_id)
    if kept is not None:
        row = rows(_VERSION_BY_ID, {"course_id": course_id}).first()
        if row is not None and _is_same(kept, row):
            return kept
    outline = _read(_TREES_BY_ID, {"course_ids": [course_id]})
    if outline is None:
        raise LookupError(f"There is no course {course_id}.")
    return outline


def _is_same(kept: Outline, row: Any) -> bool:
    return (row.version, row.page_revision) == (kept.course.version, kept.page_revision)


def known_outline(course: CourseView) -> Outline:
    """The outline of a course that was just read: no query when its version is in memory, else one."""
    kept = _cache().find_id(course.id)
    if kept is not None and kept.course.version == course.version:
        return kept
    return outline_by_id(course.id)


def present_slug(old: str) -> str | None:
    """Where a course went that once had the address ``old``; one query."""
    return rows(_PRESENT_SLUG, {"slug": old}).scalar()


def _read(statement: Any, parameters: dict[str, Any]) -> Outline | None:
    found = rows(statement, parameters).all()
    if not found:
        return None
    outline = _outline(found)
    # A writing transaction may still roll back; what it saw must not outlive it.
    if MODE.get() is Mode.READ:
        _cache().keep(outline)
    return outline


def _outline(found: Sequence[Any]) -> Outline:
    course = course_view(found[0])
    sections: list[SectionView] = []
    lessons: list[PlacementView] = []
    for section_id, group in groupby(found, key=lambda row: row.section_id):
        if section_id is None:
            continue
        members = list(group)
        first = len(lessons)
        for row in members:
            if row.placement_id is not None:
                lessons.append(_placement_view(course, row, len(lessons) + 1))
        sections.append(SectionView(section_id, course.id, members[0].section_title, tuple(lessons[first:])))
    by_slug = {lesson.slug: lesson for lesson in lessons}
    ids = frozenset(lesson.id for lesson in lessons)
    return Outline(course, tuple(sections), tuple(lessons), by_slug, ids, found[0].page_revision)


def _placement_view(course: CourseView, row: Any, number: int) -> PlacementView:
    return PlacementView(
        id=row.placement_id, course_id=course.id, section_id=row.section_id, lesson_id=row.lesson_id,
        slug=row.lesson_slug, title=row.lesson_title, minutes=row.lesson_minutes, preview=row.preview,
        number=number, section_title=row.section_title, path=f"{course.learn_path}/{row.lesson_slug}",
    )  # fmt: skip


class _Cache:
    """The outlines of one app, at most ``_KEPT``; the one kept longest ago goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[int, Outline] = {}
        self._ids: dict[str, int] = {}

    def find(self, slug: str) -> Outline | None:
        course_id = self._ids.get(slug)
        return None if course_id is None else self._by_id.get(course_id)

    def find_id(self, course_id: int) -> Outline | None:
        return self._by_id.get(course_id)

    def keep(self, outline: Outline) -> None:
        with self._lock:
            self._drop(outline.course.id)
            while len(self._by_id) >= _KEPT:
                self._drop(next(iter(self._by_id)))
            self._by_id[outline.course.id] = outline
            self._ids[outline.course.slug] = outline.course.id

    def _drop(self, course_id: int) -> None:
        old = self._by_id.pop(course_id, None)
        if old is not None:
            self._ids.pop(old.course.slug, None)


def _cache() -> _Cache:
    # In the app, not in the module: two sites in one process (tests, the old and the new app of a swap) never mix.
    return current_app.extensions.setdefault(_CACHE, _Cache())
