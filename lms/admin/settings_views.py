"""Settings: one address for each section, drawn from what rooms and plugins declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import NotFound

from lms.accounts import services as accounts
from lms.admin import settings_forms
from lms.admin.blueprint import blueprint
from lms.admin.policies import ENTER
from lms.audit import services as audit
from lms.base.problem import Forbidden, Problem
from lms.db import rollback
from lms.extend import Action, SettingsPage
from lms.host import guard, mount, registry, state
from lms.settings import fields
from lms.settings import services as settings
from lms.web import CurrentPerson, current_person, flash, redirect, render, requires
from lms.web.slots import label as item_label


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the column; ``badge`` is ``(tone, words)`` or None."""

    name: str
    label: Any
    href: str
    current: bool
    badge: tuple[str, str] | None


def _person() -> CurrentPerson:
    person = current_person()
    if person is None:
        raise NotFound
    return person


def _pages() -> list[SettingsPage]:
    person = _person()
    return [page for page in registry.current().items(SettingsPage) if person.can(page.capability)]


def _page(section: str) -> SettingsPage:
    page = next((one for one in registry.current().items(SettingsPage) if one.name == section), None)
    if page is None:
        raise NotFound
    if not _person().can(page.capability):
        raise Forbidden(
            _("Your account may not change these settings."),
            next_step=_("Ask an owner of the site for the right role."),
        )
    return page


def _of_a_section(view: Any) -> Any:
    """What the form, the template or the words of a plugin's section raise costs that section and no other."""

    @wraps(view)
    def run(section: str, **rest: Any) -> Any:
        page = _page(section)
        if registry.current().plugins[page.plugin].builtin:
            return view(section, **rest)
        return mount.contained(page.plugin, f"settings page {section}", view)(section, **rest)

    return run


def _action(page: SettingsPage, name: str) -> Action:
    found = next((one for one in page.actions if one.name == name), None)
    if found is None:
        raise NotFound
    return found


@blueprint.get("/admin/settings")
@requires(ENTER)
def settings_index() -> Any:
    """The first section that this person may change."""
    pages = _pages()
    if not pages:
        raise Forbidden(
            _("Your account may not change settings."), next_step=_("Ask an owner of the site for the right role.")
        )
    return redirect(f"/admin/settings/{pages[0].name}")


@blueprint.get("/admin/settings/<section>")
@requires(ENTER)
@_of_a_section
def show_section(section: str) -> str:
    """One section."""
    page = _page(section)
    # Whoever saved in another process a moment ago shall see it, and save again without being asked what changed.
    state.refresh()
    return _draw(page, settings_forms.bind(page))


@blueprint.post("/admin/settings/<section>")
@requires(ENTER)
@_of_a_section
def save_section(section: str) -> Any:
    """Store the section's values; secrets that were left empty stay."""
    page = _page(section)
    form = settings_forms.bind(page)
    if form is None:
        raise NotFound
    try:
        settings_forms.refuse_foreign_keys(page, form)
        if not form.validate():
            return _draw(page, form), 422
        seen = request.form.get(settings_forms.VERSION)
        settings.save(page.name, settings_forms.to_save(page, form), actor_id=_person().id, seen=seen)
    except settings.ChangedMeanwhile as problem:
        rollback()
        state.refresh()
        return _draw(page, form, problem=problem, theirs=settings_forms.theirs(page, form)), 409
    except Problem as problem:
        return _refused(page, problem, form=form)
    flash(_("%(section)s: saved.", section=page.label), "good")
    return redirect(f"/admin/settings/{section}")


@blueprint.get("/admin/settings/<section>/remove/<name>")
@requires(ENTER)
@_of_a_section
def ask_to_remove_secret(section: str, name: str) -> str:
    """Ask once more before a stored secret goes."""
    page, label = _stored_secret(section, name)
    return render("admin/settings/remove.html", current="admin/settings", page=page, name=name, label=label)


@blueprint.post("/admin/settings/<section>/remove/<name>")
@requires(ENTER)
@_of_a_section
def remove_secret(section: str, name: str) -> Any:
    """Forget a stored secret."""
    page, label = _stored_secret(section, name)
    settings.set_secret(page.name, name, None, actor_id=_person().id)
    flash(_("%(secret)s is removed.", secret=label), "good")
    return redirect(f"/admin/settings/{section}")


def _stored_secret(section: str, name: str) -> tuple[SettingsPage, Any]:
    page = _page(section)
    field = fields.of_form(page.form).get(name)
    if not fields.is_secret(field) or name in settings.fixed(section) or not settings.secret_last4(section, name):
        raise NotFound
    return page, field.label.text  # type: ignore[union-attr]


@blueprint.post("/admin/settings/<section>/<name>")
@requires(ENTER)
@_of_a_section
def run_action(section: str, name: str) -> Any:
    """Press a button of the section."""
    page = _page(section)
    action = _action(page, name)
    if action.confirm and "confirmed" not in request.form:
        return _ask(page, action)
    sent = None if action.form is None else settings_forms.bind_action(page, name, action.form, sent=True)
    if sent is not None and not sent.validate():
        return _draw(page, _stored(page), action_forms={name: sent}), 422
    person = _person()
    try:
        sentence = guard.call(page.plugin, f"action {name}", action.run, sent, check=guard.words, outside=True)
        if sentence is None:
            raise Problem(
                _("This did not work, and nothing was changed."), next_step=_("Look under Health."), status=500
            )
    except Problem as problem:
        return _refused(page, problem, action_forms={} if sent is None else {name: sent})
    audit.record("settings.action", actor_id=person.id, subject=f"settings/{section}", detail={"action": name})
    flash(sentence, "good")
    return redirect(f"/admin/settings/{section}")


def _stored(page: SettingsPage) -> FlaskForm | None:
    # The request's data belongs to an action's form; a name that both have must not land in this one.
    if page.form is None:
        return None
    form = page.form(formdata=None, data=settings.values(page.name))
    return settings_forms.prepare(page, form)


def _ask(page: SettingsPage, action: Action) -> str:
    carried = {key: value for key, value in request.form.items(multi=True) if key not in {"csrf_token", "confirmed"}}
    return render("admin/settings/confirm.html", current="admin/settings", page=page, action=action, carried=carried)


def _refused(
    page: SettingsPage,
    problem: Problem,
    *,
    form: FlaskForm | None = None,
    action_forms: Mapping[str, FlaskForm] | None = None,
) -> Any:
    rollback()
    status = 422 if problem.status == 400 else problem.status
    return _draw(page, form or _stored(page), action_forms=action_forms, problem=problem), status


def _draw(
    page: SettingsPage,
    form: FlaskForm | None,
    *,
    action_forms: Mapping[str, FlaskForm] | None = None,
    problem: Problem | None = None,
    theirs: Mapping[str, str] | None = None,
) -> str:
    forms = {
        action.name: settings_forms.bind_action(page, action.name, action.form, sent=False)
        for action in page.actions
        if action.form is not None
    }
    own: Mapping[str, Any] = guard.call(
        page.plugin, f"context of {page.name}", page.context, default={}, check=dict, problem_passes=False
    )
    sections = [_section(one, page) for one in _pages()]
    given = {
        "current": "admin/settings",
        "page": page,
        "form": form,
        "sections": sections,
        "badge": next((one.badge for one in sections if one.current), None),
        "fixed": settings.fixed(page.name),
        "secrets": settings_forms.secrets(page, form),
        "actions": page.actions,
        "action_forms": {**forms, **(action_forms or {})},
        "problem": problem,
        "theirs": theirs or {},
        "version": settings.version(page.name),
        "version_field": settings_forms.VERSION,
        "last_change": _last_change(page),
    }
    return render(page.template, **{**own, **given})


def _section(page: SettingsPage, shown: SettingsPage) -> Section:
    # The column stands beside every section, so a badge that fails must not cost the others.
    badge = guard.call(page.plugin, f"badge of {page.name}", page.badge, check=_badge, problem_passes=False)
    return Section(page.name, item_label(page), f"/admin/settings/{page.name}", page is shown, badge)


def _badge(answer: Any) -> tuple[str, str] | None:
    if answer is None:
        return None
    tone, words = answer
    return guard.of(str)(tone), guard.words(words)


def _last_change(page: SettingsPage) -> dict[str, Any] | None:
    change = settings.last_change(page.name)
    if change is None:
        return None
    who = None if change.actor_id is None else accounts.person(change.actor_id)
    return {"name": who.name if who else "", "at": change.at}
