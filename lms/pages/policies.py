"""Who may do what with pages."""

from __future__ import annotations

from typing import Any

EDIT = "pages.edit"
PUBLISH = "pages.publish"
_NEEDED = {"edit": EDIT, "design": "pages.design", "publish": PUBLISH}


def may(person: Any, _page: Any, act: str) -> bool:
    """Whether the person may "edit", "design" or "publish" pages; nobody may do what has no name."""
    needed = _NEEDED.get(act)
    return person is not None and needed is not None and bool(person.can(needed))
