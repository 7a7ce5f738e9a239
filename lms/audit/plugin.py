"""What the room adds."""

from __future__ import annotations

from lms.audit import services
from lms.extend import Plugin
from lms.host import changes
from lms.host.changes import Change


def _record(change: Change) -> None:
    services.record(
        f"plugins.{change.what}", actor_id=change.actor_id, subject=f"plugin/{change.plugin}", detail=change.detail
    )


changes.on_change(_record)


class Audit(Plugin):
    """Audit

    Keeps a record of every change to settings, access, plugins and roles.
    """

    name = "audit"
    builtin = True
    models = "lms.audit.models"
    migrations = "lms.audit.migrations"
