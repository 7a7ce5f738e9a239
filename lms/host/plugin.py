"""The host's own entry among the rooms: it has tables."""

from __future__ import annotations

from lms.extend import Plugin, on_deprecated
from lms.host import deprecations

on_deprecated(deprecations.note)


class Host(Plugin):
    """Host

    Finds, tries, runs and contains plugins.
    """

    name = "host"
    builtin = True
    models = "lms.host.models"
    migrations = "lms.host.migrations"
