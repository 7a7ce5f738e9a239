"""Plugins: what is installed, switched on and off without a restart."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from lms.admin.blueprint import blueprint
from lms.admin.policies import PLUGINS
from lms.audit import services as audit
from lms.base.problem import Problem
from lms.db import rollback
from lms.extend import SettingsPage
from lms.host import activate, registry
from lms.web import current_person, flash, redirect, render, requires


@blueprint.get("/admin/plugins")
@requires(PLUGINS)
def plugins() -> str:
    """All plugins, those that are off and missing too."""
    return _draw()


@blueprint.post("/admin/plugins/<name>/<any(on, off):switch>")
@requires(PLUGINS)
def switch_plugin(name: str, switch: str) -> Any:
    """Switch a plugin; the site follows within a second."""
    person = current_person()
    try:
        activate.activate(name) if switch == "on" else activate.deactivate(name)
    except Problem as problem:
        rollback()
        return _draw(problem), problem.status if problem.status != 400 else 422
    audit.record(f"plugins.switched_{switch}", actor_id=person.id if person else None, subject=f"plugin/{name}")
    flash(_("The plugin is on.") if switch == "on" else _("The plugin is off; its data stays."), "good")
    return redirect("/admin/plugins")


def _draw(problem: Problem | None = None) -> str:
    views = activate.plugins()
    sections: dict[str, str] = {}
    for item in registry.current().items(SettingsPage):
        sections.setdefault(item.plugin, item.name)
    return render("admin/plugins.html", plugins=views, sections=sections, problem=problem, counts=_counts(views))


def _counts(views: list[activate.PluginView]) -> dict[str, int]:
    counts = {"active": 0, "paused": 0, "off": 0}
    for view in views:
        counts[view.state if view.state in counts else "off"] += 1
    return counts
