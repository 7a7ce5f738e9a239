"""Switching plugins on and off. Storing comes last: whatever fails before leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.db import commit, db, migrate, session
from lms.extend import Plugin
from lms.host import discover, load, state
from lms.host.models import InstalledPlugin
from lms.host.registry import describe

_TRIAL = (
    "import sys\n"
    "from lms.host import discover, load\n"
    "from lms.host.registry import describe\n"
    "plugin = load.external(discover.found()[sys.argv[1]].entry_point)\n"
    "describe(sys.argv[1], plugin); plugin.blueprint()\n"
    "print('trial passed')\n"
)
_TRIAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PluginView:
    """One plugin as the owner sees it. ``state``: found, active, inactive, paused or missing."""

    name: str
    title: str
    description: str
    version: str
    state: str
    reason: str


def _row(name: str) -> InstalledPlugin | None:
    return session.scalar(select(InstalledPlugin).where(InstalledPlugin.name == name))


def plugins() -> list[PluginView]:
    """All plugins that are installed or were, by name."""
    found = discover.found()
    rows = {row.name: row for row in session.scalars(select(InstalledPlugin))}
    running = current_app.extensions["lms_registry"].plugins
    views = []
    for name in sorted(found.keys() | rows.keys()):
        row, installed, plugin = rows.get(name), found.get(name), running.get(name)
        views.append(
            PluginView(
                name=name,
                title=plugin.title() if plugin else name.replace("_", " ").capitalize(),
                description=plugin.description() if plugin else (installed.summary if installed else ""),
                version=installed.version if installed else (row.version if row else ""),
                state="missing" if not installed else (row.state if row else "found"),
                reason=row.reason if row else "",
            )
        )
    return views


def activate(name: str) -> None:
    """Try the plugin in a process of its own, migrate its tables, run ``on_activate``, store, raise the generation.

    Raises ``Problem`` with one sentence; then nothing is stored. Commits: it is a way of its own, and a migration
    cannot share a request's transaction.
    """
    found = discover.found().get(name)
    if found is None:
        raise NotFound(_("No plugin called %(name)s is installed.", name=name))
    row = _row(name)
    if row is not None and row.state == "active":
        raise Conflict(_("%(name)s is active already.", name=name))
    commit()
    _try(name)
    plugin = load.external(found.entry_point)
    describe(name, plugin)
    _migrate(plugin)
    plugin.on_activate()
    mark_active(name, found.version)
    commit()


def _try(name: str) -> None:
    try:
        trial = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _TRIAL, name], capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Problem(_("%(name)s did not finish its trial start; it stays off.", name=name)) from error
    if trial.returncode != 0 or "trial passed" not in trial.stdout:
        last = (trial.stderr.strip().splitlines() or [_("it ended the process")])[-1]
        raise Problem(_("%(name)s cannot start and stays off: %(reason)s", name=name, reason=last))


def _migrate(plugin: Plugin) -> None:
    source = load.migration_source(plugin)
    if source is None:
        return
    try:
        migrate.upgrade(db.engine, [source])
    except migrate.MigrationFailed as error:
        raise Problem(_("%(name)s stays off: %(reason)s", name=plugin.name, reason=str(error))) from error


def deactivate(name: str) -> None:
    """Switch the plugin off; its data stays. Raises ``Problem`` when it is not on."""
    row = _row(name)
    if row is None or row.state == "inactive":
        raise Conflict(_("%(name)s is not active.", name=name))
    _store(name, "inactive")


def pause(name: str, reason: str) -> None:
    """The host's own act: the plugin failed; ``reason`` is what the owner reads."""
    _store(name, "paused", reason=reason)


def mark_active(name: str, version: str) -> None:
    """Store that the plugin is on, in the caller's transaction; its tables are there already."""
    _store(name, "active", version=version)


def _store(name: str, new_state: str, *, reason: str = "", version: str = "") -> None:
    row = _row(name)
    if row is None:
        row = InstalledPlugin(name=name, version=version)
        session.add(row)
    row.state, row.reason = new_state, reason
    if new_state == "active":
        row.version, row.activated_at = version or row.version, clock.real_now()
    state.bump("generation")
    state.bump_content_version()


def active_names() -> list[str]:
    """The plugins that should run, by name."""
    return list(
        session.scalars(
            select(InstalledPlugin.name).where(InstalledPlugin.state == "active").order_by(InstalledPlugin.name)
        )
    )
