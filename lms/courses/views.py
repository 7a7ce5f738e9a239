"""Admin: the list of courses, and one course's form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.base.problem import NotFound, Problem
from lms.courses import policies, services
from lms.courses.forms import CourseForm
from lms.courses.outline import CourseView
from lms.web import current_person, flash, redirect, render, requires, row_number

blueprint = Blueprint("courses", __name__, template_folder="templates")
_PER_PAGE = 50


@blueprint.get("/admin/courses")
@requires(policies.EDIT)
def index() -> ResponseReturnValue:
    before = request.args.get("before", type=row_number)
    found = services.list_all(limit=_PER_PAGE + 1, before=before)
    courses = found[:_PER_PAGE]
    older = f"?before={courses[-1].id}" if len(found) > _PER_PAGE else None
    return render("courses/index.html", courses=courses, older=older)


@blueprint.get("/admin/courses/new")
@requires(policies.CREATE)
def new() -> ResponseReturnValue:
    return render("courses/form.html", form=CourseForm(), course=None)


@blueprint.post("/admin/courses/new")
@requires(policies.CREATE)
def create() -> ResponseReturnValue:
    form = CourseForm()
    if not form.validate_on_submit():
        return render("courses/form.html", form=form, course=None), 422
    try:
        made = services.create_course(**_values(form), actor_id=_actor_id())
    except Problem as problem:
        return _again(form, None, problem)
    flash(_("“%(title)s” is created, as a draft.", title=made.title), "good")
    return redirect(f"/admin/courses/{made.id}")


@blueprint.get("/admin/courses/<int:course_id>")
@requires(policies.EDIT)
def show(course_id: int) -> ResponseReturnValue:
    course = _find(course_id)
    outline = services.outline(course_id)
    return render("courses/form.html", form=CourseForm(obj=course), course=course, outline=outline)


@blueprint.post("/admin/courses/<int:course_id>")
@requires(policies.EDIT)
def save(course_id: int) -> ResponseReturnValue:
    course = _find(course_id)
    form = CourseForm()
    if not form.validate_on_submit():
        return render("courses/form.html", form=form, course=course, outline=services.outline(course_id)), 422
    try:
        saved = services.update_course(course_id, **_values(form), actor_id=_actor_id())
    except Problem as problem:
        return _again(form, course, problem)
    flash(_("“%(title)s” is saved.", title=saved.title), "good")
    return redirect(f"/admin/courses/{course_id}")


@blueprint.post("/admin/courses/<int:course_id>/publish")
@requires(policies.PUBLISH)
def publish(course_id: int) -> ResponseReturnValue:
    try:
        course = services.publish_course(course_id, actor_id=_actor_id())
    except NotFound:
        raise
    except Problem as problem:
        flash(f"{problem.sentence} {problem.next_step}", "bad")
    else:
        flash(_("“%(title)s” is published.", title=course.title), "good")
    return redirect("/admin/courses")


@blueprint.post("/admin/courses/<int:course_id>/unpublish")
@requires(policies.PUBLISH)
def unpublish(course_id: int) -> ResponseReturnValue:
    course = services.unpublish_course(course_id, actor_id=_actor_id())
    flash(_("“%(title)s” is a draft again; visitors no longer see it.", title=course.title), "good")
    return redirect("/admin/courses")


def _values(form: CourseForm) -> dict[str, Any]:
    return {
        "title": form.title.data, "subtitle": form.subtitle.data or "", "summary": form.summary.data or "",
        "slug": form.slug.data, "cover": form.cover.data,
    }  # fmt: skip


def _again(form: CourseForm, course: CourseView | None, problem: Problem) -> ResponseReturnValue:
    outline = services.outline(course.id) if course else None
    page = render("courses/form.html", form=form, course=course, outline=outline, problem=problem)
    return page, 409 if problem.status == 409 else 422


def _find(course_id: int) -> CourseView:
    try:
        return services.course(course_id)
    except LookupError:
        raise NotFound(_("This course does not exist."), next_step=_("Choose one from the list.")) from None


def _actor_id() -> int | None:
    person = current_person()
    return person.id if person else None
