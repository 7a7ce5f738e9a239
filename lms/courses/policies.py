"""Who may do what with courses."""

from __future__ import annotations

from typing import Any

EDIT = "courses.edit"
PUBLISH = "courses.publish"
CREATE = "courses.create"

_NEEDED = {"edit": EDIT, "design": EDIT, "publish": PUBLISH}


def may(person: Any, _thing: Any, act: str) -> bool:
    """Whether ``person`` (None for a guest) may "edit", "design" or "publish" a course or a lesson."""
    return person is not None and act in _NEEDED and person.can(_NEEDED[act])
