"""Who may do what: roles, and the capabilities that they give in the whole site."""

from __future__ import annotations

from collections.abc import Iterable

OWNER = "owner"
CREATOR = "creator"
EDITOR = "editor"
STUDENT = "student"

_PAGES = frozenset({"pages.edit", "pages.design", "pages.publish", "menus.edit"})
_COURSES = frozenset({"courses.create", "courses.edit", "courses.publish"})
_MONEY = frozenset({"commerce.manage", "payments.connect"})
_SITE = frozenset({"settings.manage", "plugins.manage", "themes.manage", "people.manage", "audit.read", "health.read"})
_ENTER = frozenset({"admin.enter"})

CAPABILITIES: dict[str, frozenset[str]] = {
    OWNER: _SITE | _MONEY | _COURSES | _PAGES | _ENTER,
    CREATOR: _MONEY | _COURSES | _PAGES | _ENTER,
    EDITOR: _PAGES | _ENTER,
    STUDENT: frozenset(),
}
"""What each role may do. Learning and one's own data need no capability: they belong to everybody."""

RECOVER = "plugins.manage"
"""Whoever has it gets back in by a recovery link: they can mend what keeps others out."""

ROLES: tuple[str, ...] = tuple(CAPABILITIES)
"""All roles, the most powerful first."""


def capabilities_of(roles: Iterable[str]) -> frozenset[str]:
    """All that somebody with these roles may do; a role that nobody knows gives nothing."""
    return frozenset().union(*(CAPABILITIES.get(role, frozenset()) for role in roles))


def in_order(roles: Iterable[str]) -> tuple[str, ...]:
    """The known roles among these, the most powerful first."""
    had = set(roles)
    return tuple(role for role in ROLES if role in had)
