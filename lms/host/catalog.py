"""All plugins as the owner sees them: what is installed, what was decided, what runs here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import current_app

from lms.extend import Plugin
from lms.host import discover, guard, inventory, requirements, rows
from lms.host.discover import Found
from lms.host.inventory import Inventory
from lms.host.registry import describe
from lms.host.requirements import Unfit
from lms.host.rows import Row
from lms.host.startup import Why


class State(StrEnum):
    """Where a plugin stands."""

    FOUND = "found"
    ACTIVE = "active"
    INACTIVE = "inactive"
    PAUSED = "paused"
    NEEDS_UPGRADE = "needs_upgrade"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PluginView:
    """One plugin. ``version`` is the installed one (of a missing one, that which ran last).

    ``reason`` is why it is paused, ``why`` why it needs an upgrade, ``unfit`` which requirement is not met.
    ``changed_at`` (real time, UTC) is when its state was stored. ``inventory`` holds titles only for one that was
    never tried. ``should_run`` tells a missing plugin that was on from one that was off.
    """

    name: str
    title: str
    description: str
    category: str
    version: str
    ran: str
    state: State
    reason: str = ""
    why: Why | None = None
    unfit: Unfit | None = None
    changed_at: datetime | None = None
    inventory: Inventory | None = None
    should_run: bool = False


def plugins() -> list[PluginView]:
    """All plugins that are installed or were, by name."""
    found, stored = discover.found(), rows.everything()
    return [_view(name, found.get(name), stored.get(name)) for name in sorted(found.keys() | stored.keys())]


def plugin(name: str) -> PluginView | None:
    """One plugin, None where it neither is installed nor ever was."""
    found, row = discover.found().get(name), rows.get(name)
    return _view(name, found, row) if found or row else None


def _view(name: str, found: Found | None, row: Row | None) -> PluginView:
    state, why = _state(name, found, row)
    adds = _inventory(name, row)
    unfit = requirements.unfit(found) if found else None
    return PluginView(
        name=name,
        title=adds.title if adds else name.replace("_", " ").capitalize(),
        description=adds.description if adds else (found.summary if found else ""),
        category=adds.category if adds else next(iter(found.keywords if found else ()), ""),
        version=found.version if found else (row.version if row else ""),
        ran=row.version if row else "",
        state=state,
        reason=row.reason if row else "",
        why=why,
        unfit=unfit,
        changed_at=row.changed_at if row else None,
        inventory=adds,
        should_run=row is not None and row.state != rows.INACTIVE,
    )


def _state(name: str, found: Found | None, row: Row | None) -> tuple[State, Why | None]:
    if found is None:
        return State.MISSING, None
    if row is None:
        return State.FOUND, None
    if row.state != rows.ACTIVE:
        return State(row.state), None
    resting: Mapping[str, Why] = current_app.extensions["lms_resting"]
    why = resting.get(name)
    return (State.NEEDS_UPGRADE, why) if why in _WAITS else (State.ACTIVE, None)


_WAITS = {Why.MIGRATIONS, Why.UNFIT, Why.NEWER_TABLES, Why.RESTART}


def _inventory(name: str, row: Row | None) -> Inventory | None:
    """As the running plugin says, else as its last trial said."""
    running: Mapping[str, Plugin] = current_app.extensions["lms_registry"].plugins
    if name in running:
        said = guard.call(name, "describe", lambda: inventory.of(describe(name, running[name])), default=None)
        if said is not None:
            return said
    return row.inventory if row else None
