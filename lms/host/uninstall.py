"""Taking a plugin out: its tables, settings and jobs go with its row. The core and documents stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import MetaData, Table, func, inspect, select

from lms.base.problem import Conflict, NotFound, Problem
from lms.db import session, writes
from lms.host import attempt, backup, changes, discover, pieces, rows
from lms.host.attempt import AttemptFailed
from lms.host.changes import Change
from lms.host.config import current
from lms.host.inventory import Inventory
from lms.host.lease import only_change
from lms.host.rows import Row


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table of the plugin, and how many rows it has."""

    name: str
    rows: int


def tables(name: str) -> tuple[TableSize, ...]:
    """The tables of the plugin that are in the database, by name."""
    return tuple(
        TableSize(table, session.scalar(select(func.count()).select_from(Table(table, MetaData()))) or 0)
        for table in table_names(name)
    )


def table_names(name: str) -> tuple[str, ...]:
    """The names of the tables of the plugin that are in the database."""
    there = sorted(inspect(session.connection()).get_table_names())
    stored = rows.everything()
    row = stored.get(name)
    if row is not None and row.inventory is not None:
        return tuple(table for table in there if table in row.inventory.tables)
    # What was never tried has told nothing: by prefix, but not what belongs to a plugin with a longer name.
    longer = tuple(f"{other}_" for other in stored.keys() | discover.found().keys() if other.startswith(f"{name}_"))
    return tuple(table for table in there if table.startswith(f"{name}_") and not table.startswith(longer))


def uninstall(name: str, *, actor_id: int | None = None) -> str:
    """Back up the SQLite database, take the plugin's tables away, then its settings, jobs and row; returns the backup.

    Raises ``Problem``; then everything is as it was. Commits. The distribution stays: that is for pip to remove.
    """
    row = _row(name)
    if row.state == rows.ACTIVE:
        raise Conflict(_("%(name)s is active.", name=name), next_step=_("Switch it off first."))
    with only_change():
        inventory = _inventory(row)
        made = backup.make(current(), f"before uninstalling {name}")
        if inventory.migrations:
            _take_tables(name, inventory.migrations)
        with writes():
            changes.tell(Change("uninstalled", name, actor_id, {"version": row.version}, inventory))
            rows.remove(name)
            pieces.forget_plugin(name)
    return str(made or "")


def forget(name: str, *, actor_id: int | None = None) -> None:
    """Forget a plugin whose distribution is gone, in the caller's transaction; tables and settings stay.

    Raises ``Conflict`` for one that is installed.
    """
    row = _row(name)
    if name in discover.found():
        raise Conflict(_("%(name)s is installed.", name=name), next_step=_("Uninstall it instead."))
    rows.remove(name)
    pieces.forget_plugin(name)
    changes.tell(Change("forgotten", name, actor_id, {"version": row.version}))


def _row(name: str) -> Row:
    row = rows.get(name)
    if row is None:
        raise NotFound(_("%(name)s was never activated: there is nothing of it to remove.", name=name))
    return row


def _inventory(row: Row) -> Inventory:
    """What to take away. A plugin that was marked active without a trial is asked now."""
    if row.name not in discover.found() and (row.inventory is None or row.inventory.migrations):
        raise Conflict(
            _("The package of %(name)s is gone, and with it the way to remove its tables.", name=row.name),
            next_step=_("Install it again to remove its data, or forget it and keep the data."),
        )
    if row.inventory is not None:
        return row.inventory
    try:
        return attempt.run(current(), "try", row.name).inventory or Inventory(title=row.name)
    except AttemptFailed as failed:
        raise _refused(row.name, failed) from failed


def _take_tables(name: str, migrations: str) -> None:
    try:
        attempt.run(current(), "downgrade", name, migrations=migrations, target="base")
    except AttemptFailed as failed:
        raise _refused(name, failed) from failed


def _refused(name: str, failed: AttemptFailed) -> Problem:
    return Problem(
        _("%(name)s could not be removed: %(reason)s.", name=name, reason=failed.reason.rstrip(".")),
        next_step=_("Nothing was changed. Install a version whose migrations go down, then try again."),
    )
