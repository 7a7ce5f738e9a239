"""The web layer's own entry among the rooms: it counts, so it has a table."""

from __future__ import annotations

from lms.extend import Plugin


class Web(Plugin):
    """Web

    Pages, policy, limits.
    """

    name = "web"
    builtin = True
    models = "lms.web.models"
    migrations = "lms.web.migrations"
