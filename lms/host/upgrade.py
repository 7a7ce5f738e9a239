"""Bringing the tables of an active plugin to its installed version, in a process that has that version in memory."""

from __future__ import annotations

from flask_babel import gettext as _

from lms.base.problem import Conflict, Problem
from lms.db import writes
from lms.host import attempt, changes, rows
from lms.host.activate import Activation, fit, installed
from lms.host.attempt import AttemptFailed, Outcome
from lms.host.changes import Change
from lms.host.config import current
from lms.host.discover import Found
from lms.host.inventory import Inventory
from lms.host.lease import only_change
from lms.host.rows import Row


def upgrade(name: str, *, actor_id: int | None = None, wait: float = 0.0) -> Activation:
    """Try the installed version, back up the SQLite database, migrate, store; every process follows.

    Raises ``Problem`` with what to do; then its tables are as they were, and its addresses go on answering 503.
    Commits, as ``activate`` does. Where another process is at it, ``wait`` seconds for it.
    """
    found, row = installed(name), rows.get(name)
    if row is None or row.state != rows.ACTIVE:
        raise Conflict(_("%(name)s is not active.", name=name), next_step=_("Switch it on: that upgrades it too."))
    fit(found)
    with only_change(wait=wait):
        outcome = _attempt(found, row)
        inventory = outcome.inventory or Inventory(title=name)
        if not outcome.pending and (rows.get(name) or row).version == found.version:
            # Another process did it meanwhile.
            return Activation(name, True, inventory, (), ())
        with writes():
            rows.store(name, rows.ACTIVE, version=found.version, inventory=inventory)
            detail = {"from": row.version, "to": found.version, "steps": [step.revision for step in outcome.pending]}
            changes.tell(Change("upgraded", name, actor_id, detail))
    return Activation(name, True, inventory, outcome.pending, outcome.new_tables, outcome.backup)


def _attempt(found: Found, row: Row) -> Outcome:
    try:
        return attempt.run(current(), "upgrade", found.name)
    except AttemptFailed as failed:
        raise Problem(
            _("The upgrade of %(name)s to %(version)s failed: %(reason)s.",
              name=found.name, version=found.version, reason=failed.reason.rstrip(".")),
            next_step=_("Its tables are as they were. Install version %(version)s again (%(command)s), or a newer one.",
                        version=row.version, command=f"pip install {found.distribution}=={row.version}"),
        ) from failed  # fmt: skip
