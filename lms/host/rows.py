"""The table ``host_plugin``: the only place that reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from lms.base import clock
from lms.db import session
from lms.host import state
from lms.host.inventory import Inventory
from lms.host.models import InstalledPlugin

ACTIVE, INACTIVE, PAUSED = "active", "inactive", "paused"


@dataclass(frozen=True, slots=True)
class Row:
    """What is stored about a plugin; ``changed_at`` in real time, UTC."""

    name: str
    state: str
    version: str
    reason: str
    changed_at: datetime
    inventory: Inventory | None


def everything() -> dict[str, Row]:
    """All rows by name, those that were switched on first in front: of two that claim one name, they keep it."""
    rows = session.scalars(select(InstalledPlugin).order_by(InstalledPlugin.activated_at, InstalledPlugin.name))
    return {row.name: _view(row) for row in rows}


def get(name: str) -> Row | None:
    """The row of the plugin, None where nobody ever decided anything about it."""
    row = _row(name)
    return _view(row) if row is not None else None


def _row(name: str) -> InstalledPlugin | None:
    return session.scalar(select(InstalledPlugin).where(InstalledPlugin.name == name))


def _view(row: InstalledPlugin) -> Row:
    inventory = Inventory.from_json(row.inventory) if row.inventory else None
    return Row(row.name, row.state, row.version, row.reason, row.updated_at, inventory)


def store(name: str, new: str, *, reason: str = "", version: str = "", inventory: Inventory | None = None) -> None:
    """Write a state, in the caller's transaction; every process follows. "" and None leave what is there."""
    row = _row(name)
    if row is None:
        row = InstalledPlugin(name=name, version=version)
        session.add(row)
    if new == ACTIVE and row.state != ACTIVE:
        row.activated_at = clock.real_now()
    row.state, row.reason = new, reason
    row.version = version or row.version
    if inventory is not None:
        row.inventory = inventory.to_json()
    session.flush()  # what the table refuses fails here, before others are told
    _say_so()


def note_version(name: str, version: str) -> None:
    """The plugin runs in another version, which asks nothing of anybody; in the caller's transaction."""
    session.execute(update(InstalledPlugin).where(InstalledPlugin.name == name).values(version=version))


def remove(name: str) -> None:
    """Forget the row, in the caller's transaction."""
    session.execute(delete(InstalledPlugin).where(InstalledPlugin.name == name))
    _say_so()


def _say_so() -> None:
    state.bump("generation")
    state.bump_content_version()
