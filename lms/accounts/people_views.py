"""Admin → People: who has an account, and which role."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.accounts import policies, roles, services, sessions
from lms.accounts.blueprint import blueprint
from lms.base.problem import NotFound, Problem
from lms.web import current_person, flash, redirect, render, requires, row_number

MANAGE = "people.manage"
ROLE_WORDS = {
    policies.OWNER: _l("Owner"),
    policies.CREATOR: _l("Creator"),
    policies.EDITOR: _l("Editor"),
    policies.STUDENT: _l("Student"),
}
ROLE_HELP = {
    policies.OWNER: _l("Everything: settings, plugins, people, courses, sales and pages."),
    policies.CREATOR: _l("Courses, offers, orders, payments and pages."),
    policies.EDITOR: _l("Pages and menus."),
}


def _actor() -> int | None:
    person = current_person()
    return person.id if person else None


@blueprint.get("/admin/people")
@requires(MANAGE)
def people() -> ResponseReturnValue:
    """The list, searched by name or address, paged by key."""
    search = request.args.get("q", "")[:100]
    page = roles.list_people(search=search, before=request.args.get("before", type=row_number))
    return render("admin/people/list.html", page=page, search=search, role_words=ROLE_WORDS)


@blueprint.get("/admin/people/<int:person_id>")
@requires(MANAGE)
def person(person_id: int) -> ResponseReturnValue:
    """One person: roles, state and devices."""
    found = services.person(person_id)
    if found is None:
        raise NotFound(_("This person does not exist."))
    return render(
        "admin/people/show.html",
        found=found,
        sessions=sessions.sessions_of(person_id),
        roles=policies.ROLES[:-1],
        role_words=ROLE_WORDS,
        role_help=ROLE_HELP,
    )


def _back(person_id: int, problem: Problem | None, done: str) -> ResponseReturnValue:
    if problem is None:
        flash(done, "good")
    else:
        flash(f"{problem.sentence} {problem.next_step}".strip(), "error")
    return redirect(f"/admin/people/{person_id}")


def _role() -> str:
    role = request.form.get("role", "")
    if role not in policies.ROLES:
        raise NotFound(_("This role does not exist."))
    return role


@blueprint.post("/admin/people/<int:person_id>/give")
@requires(MANAGE)
def give_role(person_id: int) -> ResponseReturnValue:
    """Give a role."""
    role = _role()
    roles.give_role(person_id, role, actor_id=_actor())
    return _back(person_id, None, _("Role given: %(role)s.", role=ROLE_WORDS[role]))


@blueprint.post("/admin/people/<int:person_id>/take")
@requires(MANAGE)
def take_role(person_id: int) -> ResponseReturnValue:
    """Take a role away; the last owner keeps theirs."""
    role, problem = _role(), None
    try:
        roles.take_role(person_id, role, actor_id=_actor())
    except roles.LastOwner as refusal:
        problem = refusal
    return _back(person_id, problem, _("Role taken away: %(role)s.", role=ROLE_WORDS[role]))


@blueprint.post("/admin/people/<int:person_id>/block")
@requires(MANAGE)
def block(person_id: int) -> ResponseReturnValue:
    """Sign the person out everywhere and keep them out."""
    problem = None
    try:
        roles.block(person_id, actor_id=_actor())
    except Problem as refusal:
        problem = refusal
    return _back(person_id, problem, _("Blocked, and signed out everywhere."))


@blueprint.post("/admin/people/<int:person_id>/unblock")
@requires(MANAGE)
def unblock(person_id: int) -> ResponseReturnValue:
    """Let the person sign in again."""
    roles.unblock(person_id, actor_id=_actor())
    return _back(person_id, None, _("May sign in again."))
