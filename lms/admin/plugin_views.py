"""Plugins: what is installed, switched on and off, upgraded and taken out, without a restart."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any

from flask import Response, request, send_file
from flask_babel import gettext as _
from markupsafe import Markup

from lms.admin import exporting, plugin_words
from lms.admin.blueprint import blueprint
from lms.admin.plugin_forms import UninstallForm
from lms.admin.plugin_list import chosen
from lms.admin.policies import PLUGINS
from lms.audit import services as audit
from lms.base.problem import NotFound, Problem
from lms.db import rollback, writes
from lms.host import activate, backup, catalog, config, pieces, uninstall, upgrade
from lms.host.activate import Activation
from lms.host.catalog import PluginView
from lms.web import current_person, flash, redirect, render, requires
from lms.web.generation import seen

_LIST = "/admin/plugins"


@blueprint.get("/admin/plugins")
@requires(PLUGINS)
def plugins() -> str:
    """All plugins, those that are off and missing too; fewer with ``state``, ``category`` or ``q``."""
    return _draw()


@blueprint.post("/admin/plugins/<name>/on")
@requires(PLUGINS)
def switch_plugin_on(name: str) -> Any:
    """Activate it, or show which tables it would make; the site follows at once."""
    confirmed = request.form.get("confirmed", "")
    return _act(lambda: _switched_on(activate.activate(name, actor_id=_actor(), confirmed=confirmed)))


def _switched_on(made: Activation) -> Any:
    if not made.is_active:
        is_backed_up = backup.is_possible(config.current())
        return render("admin/plugins_activate.html", made=made, is_backed_up=is_backed_up)
    flash(_is_active(made), "good")
    return seen(redirect(_LIST))


def _is_active(made: Activation) -> str:
    if config.current().safe_mode:
        return _("%(title)s is active, and runs once the site is started without --safe.", title=made.inventory.title)
    sentence, sections = _("%(title)s is active.", title=made.inventory.title), made.inventory.names("SettingsPage")
    if not sections:
        return sentence
    return Markup('{} <a href="/admin/settings/{}">{}</a>').format(sentence, sections[0], _("Set it up here."))


@blueprint.post("/admin/plugins/<name>/off")
@requires(PLUGINS)
def switch_plugin_off(name: str) -> Any:
    """Deactivate it."""

    def off() -> Any:
        with writes():
            activate.deactivate(name, actor_id=_actor())
        flash(_("%(title)s is off; its data stays.", title=_plugin(name).title), "good")
        return seen(redirect(_LIST))

    return _act(off)


@blueprint.post("/admin/plugins/<name>/upgrade")
@requires(PLUGINS)
def upgrade_waiting_plugin(name: str) -> Any:
    """Bring its tables to the installed version."""

    def to_installed() -> Any:
        made = upgrade.upgrade(name, actor_id=_actor())
        title, version = made.inventory.title, _plugin(name).version
        flash(_("%(title)s %(version)s runs.", title=title, version=version), "good")
        return seen(redirect(_LIST))

    return _act(to_installed)


@blueprint.get("/admin/plugins/<name>/uninstall")
@requires(PLUGINS)
def uninstall_page(name: str) -> str:
    """What would go, the way to take it along, and the question."""
    return _draw_uninstall(name, UninstallForm(name))


@blueprint.post("/admin/plugins/<name>/uninstall")
@requires(PLUGINS)
def uninstall_plugin(name: str) -> Any:
    """Take it out, once its name was typed."""
    title, form = _plugin(name).title, UninstallForm(name)
    if not form.validate():
        return _draw_uninstall(name, form), 422
    try:
        uninstall.uninstall(name, actor_id=_actor())
    except Problem as problem:
        rollback()
        return _draw_uninstall(name, form, problem), _status(problem)
    flash(_("%(title)s is uninstalled.", title=title), "good")
    return seen(redirect(_LIST))


@blueprint.post("/admin/plugins/<name>/export")
@requires(PLUGINS)
def export_plugin(name: str) -> Response:
    """Its settings without secrets and its tables, as a file of JSON lines."""
    _plugin(name)
    file = _written(exporting.lines(name))
    audit.record("plugins.exported", actor_id=_actor(), subject=f"plugin/{name}")
    response = send_file(file, mimetype="application/x-ndjson", as_attachment=True, download_name=f"{name}.jsonl")
    # A server closes what it sends; this closes what it was kept from sending.
    response.call_on_close(file.close)
    return response


def _written(lines: Iterable[str]) -> IO[bytes]:
    """The lines in a file without a name: a download that breaks off half way must not look whole."""
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115
    try:
        file.writelines(line.encode() for line in lines)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


@blueprint.post("/admin/plugins/<name>/forget")
@requires(PLUGINS)
def forget_plugin(name: str) -> Any:
    """Forget one whose package is gone."""

    def forget() -> Any:
        title = _plugin(name).title
        with writes():
            uninstall.forget(name, actor_id=_actor())
        flash(_("%(title)s is forgotten; its data stays.", title=title), "good")
        return seen(redirect(_LIST))

    return _act(forget)


def _act(work: Callable[[], Any]) -> Any:
    """The answer of ``work``; where it was refused, the list with the sentence."""
    try:
        return work()
    except Problem as problem:
        rollback()
        return _draw(problem), _status(problem)


def _status(problem: Problem) -> int:
    return problem.status if problem.status != 400 else 422


def _actor() -> int | None:
    person = current_person()
    return person.id if person else None


def _plugin(name: str) -> PluginView:
    view = catalog.plugin(name)
    if view is None:
        raise NotFound(_("No plugin called %(name)s is installed.", name=name))
    return view


def _draw(problem: Problem | None = None) -> str:
    views = catalog.plugins()
    return render(
        "admin/plugins.html",
        chosen=chosen(views, request.args),
        problem=problem,
        words=plugin_words,
        failing=plugin_words.failing(pieces.failing()),
    )


def _draw_uninstall(name: str, form: UninstallForm, problem: Problem | None = None) -> str:
    return render(
        "admin/plugins_uninstall.html",
        plugin=_plugin(name),
        tables=uninstall.tables(name),
        settings=exporting.number_of_settings(name),
        is_backed_up=backup.is_possible(config.current()),
        form=form,
        problem=problem,
    )
