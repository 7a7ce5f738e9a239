"""What the room adds."""

from __future__ import annotations

from lms.extend import Plugin


class Audit(Plugin):
    """Audit

    Keeps a record of every change to settings, access, plugins and roles.
    """

    name = "audit"
    builtin = True
    models = "lms.audit.models"
    migrations = "lms.audit.migrations"
