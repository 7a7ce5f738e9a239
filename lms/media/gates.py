"""Who may read a file. A private one opens to whom a gate lets in: services of the kind ``media_gate``.

A gate answers ``may_read(person, media) -> bool``; the room that places files in lessons, say, asks ``access.decide``.
"""

from __future__ import annotations

from typing import Any

from lms.host import guard, registry
from lms.media.models import Visibility
from lms.media.services import MediaView

# Whoever makes courses and pages sees the library.
_STAFF = ("courses.edit", "pages.edit")


def may_read(person: Any, media: MediaView) -> bool:
    """Whether ``person`` (None for a guest) may have the file. Default: no."""
    if media.visibility == Visibility.PUBLIC:
        return True
    if person is not None and (person.id == media.uploader_id or any(person.can(one) for one in _STAFF)):
        return True
    items = registry.current()
    return any(
        guard.call(items.owner(gate), "media gate", gate.may_read, person, media, default=False, check=guard.of(bool))
        for gate in items.services("media_gate")
    )
