"""The pages on which people find courses and learn."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from lms.access import services as access
from lms.base import clock
from lms.base.text import initials
from lms.commerce.words import rhythm
from lms.content import render as content
from lms.courses import services as courses
from lms.extend import RenderContext
from lms.learning import dashboard, parts, prices, services, visits, words
from lms.learning.visits import Moved, Visit
from lms.web import current_person, public, redirect, render, signed_in

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
    before = request.args.get("before", type=int)
    found = courses.list_published(limit=_PER_PAGE + 1, before=before)
    shown = found[:_PER_PAGE]
    ids = [course.id for course in shown]
    person = current_person()
    is_known = person is not None and bool(ids)
    return render(
        "learning/catalogue.html",
        courses=shown,
        offers=prices.lowest(ids) if ids else {},
        done=services.completed_counts(person.id, ids) if is_known else {},
        open_to_me=access.courses_open_to(person.id, clock.now()) if is_known else {},
        older=f"/courses?before={ids[-1]}" if len(found) > _PER_PAGE else None,
        is_first_page=before is None,
    )


@blueprint.get("/courses/<slug>")
@public(cache=True)
def course(slug: str) -> ResponseReturnValue:
    visit = visits.to_course(current_person(), visits.find(slug), clock.now())
    drawn = parts.parts(visit.outline)
    return render(
        "learning/course.html",
        visit=visit,
        course=visit.outline.course,
        offers=visits.offers(visit),
        rows=parts.curriculum_rows(drawn, visit.completed, visit.owns),
        parts=drawn,
    )


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
    return render("learning/lesson.html", text=text.html, **_frame(visit))


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
    return render("learning/locked.html", offers=visits.offers(visit), **_frame(visit)), 403


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
