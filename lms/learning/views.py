"""The pages on which people find courses and learn."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.access import refusals
from lms.access.decision import PREVIEW
from lms.base import clock
from lms.base.problem import NotFound
from lms.base.text import initials
from lms.commerce.words import rhythm
from lms.content import render as content
from lms.courses import services as courses
from lms.extend import RenderContext
from lms.learning import dashboard, parts, services, tiles, visits, words
from lms.learning.visits import Moved, Visit
from lms.themes import hierarchy
from lms.web import current_person, public, redirect, render, render_first, row_number, signed_in

blueprint = Blueprint("learning", __name__, template_folder="templates")
blueprint.add_app_template_global(words.duration, "duration")
blueprint.add_app_template_global(words.lessons, "lesson_words")
blueprint.add_app_template_global(words.lessons_and_sections, "lessons_and_sections")
blueprint.add_app_template_global(initials, "initials")
blueprint.add_app_template_global(rhythm, "offer_rhythm")
_PER_PAGE = 24


@blueprint.get("/courses")
@public(cache=True)
def catalogue() -> ResponseReturnValue:
    before = request.args.get("before", type=row_number)
    found = courses.list_published(limit=_PER_PAGE + 1, before=before)
    shown = found[:_PER_PAGE]
    return render(
        "learning/catalogue.html",
        tiles=tiles.tiles(shown, current_person(), clock.now()),
        older=f"/courses?before={shown[-1].id}" if len(found) > _PER_PAGE else None,
        is_first_page=before is None,
    )


@blueprint.get("/courses/<slug>")
@public(cache=True)
def course(slug: str) -> ResponseReturnValue:
    now = clock.now()
    visit = visits.remember(visits.to_course(current_person(), visits.find(slug), now))
    outline = visit.outline
    text = None
    if outline.page_revision is not None:
        text = content.revision_html(
            outline.page_revision, RenderContext(visit.person, now, outline.course.path, outline.course)
        )
    return _course_page(visit, text)


def _course_page(visit: Visit, text: content.Rendered | None) -> str:
    """The page of the course around its document; without one, with what the course itself says."""
    drawn = parts.parts(visit.outline)
    course = visit.outline.course
    return render_first(
        hierarchy.candidates("course", slug=course.slug),
        visit=visit,
        course=course,
        offers=visits.offers(visit),
        rows=None if text else parts.curriculum_rows(drawn, visit.completed, visit.owns),
        parts=drawn,
        text=text,
    )


def themed_course(text: content.Rendered, ctx: RenderContext) -> str:
    """The page of the course ``ctx.owner`` around a document that may not be the published one: for editors."""
    outline = courses.outline(ctx.owner.id)
    try:
        visit = visits.to_course(ctx.person, outline, ctx.now)
    except NotFound:
        # As somebody who would not get a draft yet.
        visit = Visit(outline, ctx.person, PREVIEW, PREVIEW, None)
    return _course_page(visit, text)


@blueprint.get("/learn/<course_slug>")
@public
def begin(course_slug: str) -> ResponseReturnValue:
    visit = visits.to_course(current_person(), visits.find(course_slug), clock.now())
    if not visit.owns or not visit.outline.lessons:
        return redirect(visit.outline.course.path)
    return redirect((visit.next_unfinished or visit.outline.lessons[0]).path)


@blueprint.get("/learn/<course_slug>/<lesson_slug>")
@public(cache=True)
def lesson(course_slug: str, lesson_slug: str) -> ResponseReturnValue:
    now = clock.now()
    visit = visits.to_lesson(current_person(), visits.find(course_slug), lesson_slug, now)
    if not visit.decision.allowed:
        return _locked(visit)
    visit = visits.enrolled(visit, now)
    ctx = RenderContext(visit.person, now, request.path, visit.outline.course)
    text = content.page_html("lesson", _shown(visit).lesson_id, ctx)
    return render_first(hierarchy.candidates("lesson", slug=lesson_slug), text=text.html, **_frame(visit))


def themed_lesson(text: content.Rendered, ctx: RenderContext) -> str:
    """The page of the lesson ``ctx.owner`` around a document that may not be the published one: for editors."""
    if not ctx.owner.public_path:
        raise NotFound(_("This lesson stands in no course, so there is no page to edit it on."))
    course_slug, lesson_slug = ctx.owner.public_path.split("/")[2:4]
    visit = visits.to_look_at(ctx.person, visits.find(course_slug), lesson_slug)
    return render_first(hierarchy.candidates("lesson", slug=lesson_slug), text=text.html, **_frame(visit))


@blueprint.get("/learn/<course_slug>/<lesson_slug>/complete")
@blueprint.get("/learn/<course_slug>/<lesson_slug>/take-back", endpoint="take_back_page")
@public
def complete_page(course_slug: str, lesson_slug: str) -> ResponseReturnValue:
    # Whoever was signed out meanwhile comes back here from the sign-in page, without the form.
    return redirect(f"/learn/{course_slug}/{lesson_slug}")


@blueprint.post("/learn/<course_slug>/<lesson_slug>/complete")
@signed_in
def complete(course_slug: str, lesson_slug: str) -> ResponseReturnValue:
    now = clock.now()
    visit = visits.to_lesson(current_person(), visits.find(course_slug), lesson_slug, now)
    if not visit.owns:
        return _locked(visit)
    services.complete(visit.person.id, visit.outline, _shown(visit), now)
    return redirect(f"{_shown(visit).path}#completion")


@blueprint.post("/learn/<course_slug>/<lesson_slug>/take-back")
@signed_in
def take_back(course_slug: str, lesson_slug: str) -> ResponseReturnValue:
    visit = visits.to_lesson(current_person(), visits.find(course_slug), lesson_slug, clock.now())
    services.take_back(visit.person.id, visit.outline, _shown(visit))
    return redirect(f"{_shown(visit).path}#completion")


@blueprint.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    return render("learning/dashboard.html", dashboard=dashboard.of(current_person(), clock.now()))


@blueprint.app_errorhandler(Moved)
def moved(error: Moved) -> ResponseReturnValue:
    """The same page at the course's present address."""
    head, _old, *rest = request.path.strip("/").split("/")
    response = redirect("/" + "/".join([head, error.slug, *rest]))
    if request.method in {"GET", "HEAD"}:
        response.status_code = 301
    return response


def _locked(visit: Visit) -> ResponseReturnValue:
    found = refusals.of_decision(visit.decision, visit.outline.course.id)
    words = found.words if found is not None else refusals.Words(sign_in=visit.person is None)
    offered = visits.offers_instead(visit, words.product_id)
    return (
        render(
            "learning/locked.html",
            offers=offered or visits.offers(visit),
            words=words,
            is_instead=bool(offered),
            **_frame(visit),
        ),
        403,
    )


def _frame(visit: Visit) -> dict[str, Any]:
    """What surrounds a lesson, open or locked."""
    shown = _shown(visit)
    outline = visit.outline
    drawn = parts.parts(outline)
    return {
        "visit": visit, "course": outline.course, "lesson": shown,
        "marks": drawn.marks,
        "rows": parts.outline_rows(drawn, visit.completed, visit.owns, shown),
        "before": outline.before(shown), "after": outline.after(shown),
    }  # fmt: skip


def _shown(visit: Visit) -> Any:
    if visit.lesson is None:
        raise LookupError("This is a visit of a course, not of a lesson.")
    return visit.lesson
