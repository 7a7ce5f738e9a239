"""Whether people may make accounts themselves."""

from __future__ import annotations

from lms.settings import services as settings

OPEN = "open"


def is_open() -> bool:
    """Whether the owner lets new people in; costs no query on most requests."""
    return settings.get("site", "registration", OPEN) == OPEN
