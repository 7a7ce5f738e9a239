"""Switching plugins on and off. Storing comes last: whatever fails before leaves nothing behind."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask_babel import gettext as _

from lms.base.problem import Conflict, NotFound, Problem
from lms.db import writes
from lms.db.migrate import Step
from lms.host import attempt, changes, discover, requirements, rows
from lms.host.attempt import AttemptFailed, Outcome
from lms.host.changes import Change
from lms.host.config import current
from lms.host.discover import Found
from lms.host.inventory import Inventory
from lms.host.lease import only_change
from lms.host.requirements import Unfit

log = logging.getLogger("lms.host")


@dataclass(frozen=True, slots=True)
class Activation:
    """How an activation went. ``is_active`` is False when its migrations have to be confirmed first.

    ``steps`` are the migrations, ``tables`` what they make; ``backup`` is the file of the backup, "" for none.
    """

    name: str
    is_active: bool
    inventory: Inventory
    steps: tuple[Step, ...]
    tables: tuple[str, ...]
    backup: str = ""

    @property
    def confirmation(self) -> str:
        """What ``activate(confirmed=…)`` wants: the revision that the owner was shown as the last one."""
        return self.steps[-1].revision if self.steps else ""


def activate(name: str, *, actor_id: int | None = None, confirmed: str | None = None) -> Activation:
    """Try the plugin in a process of its own, migrate its tables, run ``on_activate``, store, raise the generation.

    With ``confirmed`` other than the last pending revision nothing is changed, and the answer says what is pending;
    None confirms all. Raises ``Problem`` with one sentence; then nothing is stored and its tables are as they were.
    Commits: a migration cannot share a request's transaction.
    """
    found = installed(name)
    row = rows.get(name)
    if row is not None and row.state == rows.ACTIVE:
        raise Conflict(_("%(name)s is active already.", name=name))
    fit(found)
    with only_change():
        outcome = _attempt(found, confirmed)
        inventory = outcome.inventory or Inventory(title=name)
        if outcome.done:
            with writes():
                rows.store(name, rows.ACTIVE, version=found.version, inventory=inventory)
                detail = {"version": found.version, "tables": list(outcome.new_tables)}
                changes.tell(Change("switched_on", name, actor_id, detail))
    return Activation(name, outcome.done, inventory, outcome.pending, outcome.new_tables, outcome.backup)


def installed(name: str) -> Found:
    """The plugin's distribution. Raises ``NotFound``."""
    found = discover.found().get(name)
    if found is None:
        raise NotFound(_("No plugin called %(name)s is installed.", name=name))
    return found


def fit(found: Found) -> None:
    """Raises ``Problem`` when the plugin asks for something that is not here."""
    unfit = requirements.unfit(found)
    if unfit is not None:
        raise Problem(
            unfit_sentence(found.name, unfit), next_step=_("Install versions that fit together, then try again.")
        )


def unfit_sentence(name: str, unfit: Unfit) -> str:
    """What is not met, for people."""
    what = "Stoa" if unfit.what.lower() == requirements.CORE else unfit.what
    if not unfit.has:
        return _("%(name)s needs %(what)s %(wants)s, which is not installed.", name=name, what=what, wants=unfit.wants)
    return _(
        "%(name)s needs %(what)s %(wants)s; here is %(has)s.", name=name, what=what, wants=unfit.wants, has=unfit.has
    )


def _attempt(found: Found, confirmed: str | None) -> Outcome:
    try:
        return attempt.run(current(), "activate", found.name, confirmed=confirmed)
    except AttemptFailed as failed:
        _take_back(found.name, failed)
        raise Problem(
            _("%(name)s stays off: %(reason)s.", name=found.name, reason=failed.reason.rstrip(".")),
            next_step=_("Nothing was changed. Tell its author, or install another version."),
        ) from failed


def _take_back(name: str, failed: AttemptFailed) -> None:
    """Bring the tables back to where they were before the attempt."""
    if not failed.migrations:
        return
    try:
        attempt.run(current(), "downgrade", name, migrations=failed.migrations, target=failed.was or "base")
    except AttemptFailed as again:
        log.error("plugin %s: its tables could not be taken back: %s", name, again.reason)
        raise Problem(
            _("%(name)s stays off: %(reason)s.", name=name, reason=failed.reason.rstrip(".")),
            next_step=_("Its new tables could not be taken back: %(why)s. They harm nothing.", why=again.reason),
        ) from again


def deactivate(name: str, *, actor_id: int | None = None) -> None:
    """Switch the plugin off, in the caller's transaction; its data stays. Raises ``Conflict`` when it is not on."""
    row = rows.get(name)
    if row is None or row.state == rows.INACTIVE:
        raise Conflict(_("%(name)s is not active.", name=name))
    rows.store(name, rows.INACTIVE)
    changes.tell(Change("switched_off", name, actor_id, {"was": row.state}))


def pause(name: str, reason: str, *, actor_id: int | None = None) -> None:
    """The host's own act, in the caller's transaction: the plugin failed; ``reason`` is what the owner reads.

    With ``actor_id`` it is the act of somebody who cannot reach the admin.

    Only what is active is paused: who failed before another process noticed, or was switched off since, stays so.
    """
    row = rows.get(name)
    if row is None or row.state != rows.ACTIVE:
        return
    rows.store(name, rows.PAUSED, reason=reason)
    changes.tell(Change("paused", name, actor_id, {"reason": reason}))


def mark_active(name: str, version: str) -> None:
    """Store that the plugin is on, in the caller's transaction; its tables are there already."""
    rows.store(name, rows.ACTIVE, version=version)


def active_names() -> list[str]:
    """The plugins that should run, by name."""
    return sorted(name for name, row in rows.everything().items() if row.state == rows.ACTIVE)
