"""Blocks about courses: tiles and lists of them, and the parts of a course's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms.validators import NumberRange

from lms.base.problem import NotFound
from lms.courses import services as courses
from lms.courses.outline import CourseView, Outline
from lms.extend import Block, BlockForm, Group, RenderContext, fields
from lms.learning import parts, tiles, visits
from lms.learning.tiles import Tile

Props = Sequence[Mapping[str, Any]]
_MOST_LISTED = 48


class CourseForm(BlockForm):
    """Which course it is about."""

    # A course that is taken back for a day stays chosen: a page must not change because of that.
    course = fields.CourseRef(_l("Course"), none=_l("The one of this page, else the newest"))


def number_courses(props: dict[str, Any], _version: int) -> dict[str, Any]:
    """Version 1 stored the course's number as a word."""
    chosen = str(props.pop("course", "") or "")
    return props | ({"course": int(chosen)} if chosen.isdecimal() else {})


class TileForm(CourseForm):
    """One course, as the catalogue shows it."""


class ListForm(BlockForm):
    """The newest courses."""

    count = fields.Number(
        _l("How many at most"),
        default=6,
        validators=[NumberRange(1, _MOST_LISTED, _l("Write a number from 1 to 48."))],
    )
    look = fields.Choice(_l("Look"), [("tiles", _l("Tiles")), ("rows", _l("Rows"))])

    class Meta:
        groups = (Group("Main Options", "count"), Group("Appearance", "look"))


class OutcomesForm(CourseForm):
    """The words above what the course says people will be able to do."""

    title = fields.PlainText(_l("Title"), default=_l("What you will be able to do"), max_length=120, inline=True)


class CurriculumForm(CourseForm):
    """The words above the lessons."""

    title = fields.PlainText(_l("Title"), default=_l("Curriculum"), max_length=120, inline=True)


class InstructorForm(CourseForm):
    """The words above the course's teacher, or about somebody else."""

    title = fields.PlainText(_l("Title"), default=_l("Your teacher"), max_length=120, inline=True)
    name = fields.PlainText(_l("Name"), max_length=120, description=_l("Empty: the teacher of the course."))
    role = fields.PlainText(_l("Who that is"), max_length=200)
    about = fields.Lines(_l("About"), max_length=2000)

    class Meta:
        groups = (Group("Main Options", "title", "course"), Group("Somebody else", "name", "role", "about"))


class QuestionsForm(CourseForm):
    """The words above the questions that the course answers."""

    title = fields.PlainText(_l("Title"), default=_l("Questions"), max_length=120, inline=True)


@dataclass(frozen=True, slots=True)
class Curriculum:
    """The lessons of a course as one person sees them: for each section its rows."""

    outline: Outline
    rows: list[Markup]
    marks: Markup


def _wanted(props_of_all: Props, here: int | None) -> list[int | None]:
    """The id of the course that each block is about; None where there is none. ``here`` is the one of this page."""
    chosen = [props.get("course") for props in props_of_all]
    if here is None and None in chosen:
        newest = courses.list_published(limit=1)
        here = newest[0].id if newest else None
    return [here if each is None else each if isinstance(each, int) else None for each in chosen]


def _course_of(ctx: RenderContext) -> int | None:
    """The course whose page, or whose lesson, the document stands on."""
    if isinstance(ctx.owner, CourseView):
        return ctx.owner.id
    head, slug = [*ctx.path.strip("/").split("/"), "", ""][:2]
    if head not in ("courses", "learn") or not slug:
        return None
    found = courses.course_by_slug(slug)
    return found.id if found else None


def _courses(props_of_all: Props, ctx: RenderContext) -> list[CourseView | None]:
    """The course of each block. On its own page a course that is not published yet is there too."""
    here = _course_of(ctx)
    ids = _wanted(props_of_all, here)
    found = courses.published_by_id(sorted({each for each in ids if each is not None}))
    if here is not None and here in ids and here not in found:
        found[here] = courses.course(here)
    return [None if each is None else found.get(each) for each in ids]


def _tiles(found: Sequence[CourseView], ctx: RenderContext) -> tuple[Tile, ...]:
    # A preview is nobody's: it has no progress.
    return tiles.tiles(found, None if ctx.state else ctx.person, ctx.now)


def load_tiles(props_of_all: Props, ctx: RenderContext) -> list[Tile | None]:
    """Each block's course; None, and so nothing in the page, where it is not published."""
    found = _courses(props_of_all, ctx)
    drawn = {tile.course.id: tile for tile in _tiles([each for each in dict.fromkeys(found) if each is not None], ctx)}
    return [None if each is None else drawn[each.id] for each in found]


def load_lists(props_of_all: Props, ctx: RenderContext) -> list[tuple[Tile, ...]]:
    """The newest courses, as many as the longest list wants, asked once."""
    counts = [min(int(props.get("count") or 0), _MOST_LISTED) for props in props_of_all]
    drawn = _tiles(courses.list_published(limit=max(counts)), ctx)
    return [drawn[:count] for count in counts]


def load_courses(props_of_all: Props, ctx: RenderContext) -> list[CourseView | None]:
    """Each block's course."""
    return _courses(props_of_all, ctx)


def load_curricula(props_of_all: Props, ctx: RenderContext) -> list[Curriculum | None]:
    """The lessons with the person's own progress. Two queries for each course, none of them for guests."""
    drawn: dict[int, Curriculum | None] = {}
    ids = _wanted(props_of_all, _course_of(ctx))
    for each in dict.fromkeys(ids):
        if each is not None:
            drawn[each] = _curriculum(each, ctx)
    return [None if each is None else drawn[each] for each in ids]


def _curriculum(course_id: int, ctx: RenderContext) -> Curriculum | None:
    try:
        outline = courses.outline(course_id)
        if ctx.state:
            completed, owns = frozenset[int](), ctx.state == "purchased"
        else:
            visit = visits.of_request(ctx.person, outline) or visits.to_course(ctx.person, outline, ctx.now)
            completed, owns = visit.completed, visit.owns
    except (LookupError, NotFound):
        return None
    if not outline.lessons:
        return None
    made = parts.parts(outline)
    return Curriculum(outline, parts.curriculum_rows(made, completed, owns), made.marks)


def _block(name: str, label: Any, description: Any, form: type[BlockForm], load: Any, icon: str, **more: Any) -> Block:
    template = f"learning/blocks/{name.replace('-', '_')}.html"
    if issubclass(form, CourseForm):
        more |= {"version": 2, "upgrade": number_courses}
    return Block(
        name=name, label=label, description=description, form=form, template=template, load=load, icon=icon,
        category="courses", **more,
    )  # fmt: skip


tile = _block(
    "course-card", _l("Course tile"), _l("One course with its cover, its price, and how far the person is."),
    TileForm, load_tiles, "rectangle-stack", order=10, depends_on=("person",),
)  # fmt: skip
course_list = _block(
    "course-list", _l("Course list"), _l("The newest courses, as tiles or as rows."),
    ListForm, load_lists, "academic-cap", order=20, depends_on=("person",), example={"count": 3},
)  # fmt: skip
outcomes = _block(
    "outcomes", _l("What people will be able to do"), _l("What the course says about itself, line by line."),
    OutcomesForm, load_courses, "check-badge", order=30,
)  # fmt: skip
curriculum = _block(
    "curriculum", _l("Curriculum"), _l("The lessons of a course, with what the person has completed."),
    CurriculumForm, load_curricula, "list-bullet", order=40, depends_on=("person",),
)  # fmt: skip
instructor = _block(
    "instructor", _l("Instructor"), _l("Who teaches the course, or somebody else of the school."),
    InstructorForm, load_courses, "user", order=50,
    example={"name": "Margaret Ellis", "role": "Read other people’s letters for 22 years",
             "about": "Margaret answered the post of a county council: some ninety letters a day."},
)  # fmt: skip
questions = _block(
    "questions", _l("Questions of the course"), _l("What people ask about the course, with its answers."),
    QuestionsForm, load_courses, "question-mark-circle", order=60,
)  # fmt: skip

ALL = (tile, course_list, outcomes, curriculum, instructor, questions)

PAGE = tuple({"type": f"learning/{each.name}"} for each in (outcomes, curriculum, instructor, questions))
"""What a course's page shows as long as nobody edited it, as blocks."""
