"""What the room adds: nothing of its own, it asks the others."""

from __future__ import annotations

from lms.extend import Plugin


class Health(Plugin):
    """Health

    Whether everything works, and what to do where it does not.
    """

    name = "health"
    builtin = True
