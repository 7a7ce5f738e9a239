"""Asking every health check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import DatabaseError

from lms.base.urls import is_safe_path
from lms.extend import HealthCheck, HealthResult
from lms.health.checks import database, plugins
from lms.host import guard, registry
from lms.web.slots import label

STATES = ("broken", "advice", "good")
"""The worst first."""
_NEED_NO_TABLES = frozenset({"health/tables", "health/database-file", "health/clock"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``group`` is the heading it stands under: the plugin's title, or the part of the core.

    ``dismiss``: the piece of the plugin whose failures can be dismissed, "" for all of them; None: there is nothing to.
    """

    plugin: str
    name: str
    group: str
    label: Any
    result: HealthResult
    dismiss: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Findings under one heading, the worst first; ``state`` is the worst one's."""

    title: str
    state: str
    findings: tuple[Finding, ...]


def findings() -> tuple[Finding, ...]:
    """Every check's answer, what is broken first. A check that fails is itself a finding.

    While the database or its tables are away only what needs none is asked, and one finding says how many were not.
    """
    items = registry.current().items(HealthCheck)
    answers, has_tables = database.answers(), database.has_tables()
    asked = [
        item for item in items
        if not item.needs_database or has_tables or (answers and item.full_name in _NEED_NO_TABLES)
    ]  # fmt: skip
    found = [Finding(item.plugin, item.name, _group(item), label(item), _ask(item)) for item in asked]
    if has_tables:
        found += [Finding(one.name, "state", one.title, one.label, one.result, one.dismiss) for one in plugins.each()]
    else:
        left_out = len(items) - len(asked)
        sentence = ngettext("%(num)s question needs it.", "%(num)s questions need it.", left_out)
        result = HealthResult("broken", sentence, _("Ask again when the database is as it should be."))
        found.append(Finding("health", "not-asked", _("Database"), _("Not asked"), result))
    return tuple(sorted(found, key=lambda one: STATES.index(one.result.state)))


def groups(found: tuple[Finding, ...]) -> tuple[Group, ...]:
    """The findings under their headings; headings with something broken first, then as the checks are ordered."""
    by_title: dict[str, list[Finding]] = {}
    for one in found:
        by_title.setdefault(one.group, []).append(one)
    made = [Group(title, ones[0].result.state, tuple(ones)) for title, ones in by_title.items()]
    return tuple(sorted(made, key=lambda one: STATES.index(one.state)))


def _group(item: HealthCheck) -> str:
    if item.group:
        return str(item.group)
    plugin = registry.current().plugins[item.plugin]
    return str(guard.call(item.plugin, "title", plugin.title, default=item.plugin))


def _ask(item: HealthCheck) -> HealthResult:
    failed = HealthResult(
        "broken", _("This question could not be answered."), _("Look into the log of %(name)s.", name=item.plugin)
    )
    result = guard.call(item.plugin, f"health check {item.name}", item.check, default=failed)
    if not isinstance(result, HealthResult) or result.state not in STATES:
        return failed
    if result.remedy is not None and not is_safe_path(result.remedy.href):
        return HealthResult(result.state, result.sentence, result.do)
    return result


def not_ready() -> tuple[str, ...]:
    """Why this process cannot serve: ``database``, ``migrations``; empty where it can. No more than these words."""
    try:
        return ("migrations",) if database.pending() else ()
    except DatabaseError:
        return ("database",)
