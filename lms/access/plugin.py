"""All that the room access adds."""

from __future__ import annotations

from lms.extend import Plugin


class Access(Plugin):
    """Access

    Products, who holds them, and the one decision about every door.
    """

    name = "access"
    category = "core"
    builtin = True
    models = "lms.access.models"
    migrations = "lms.access.migrations"
