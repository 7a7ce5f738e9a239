"""Which role may do what."""

from __future__ import annotations

import pytest

from lms.accounts import policies


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("owner", {"settings.manage", "people.manage", "plugins.manage", "payments.connect", "pages.edit"}, set()),
        (
            "creator",
            {"courses.create", "courses.publish", "commerce.manage", "payments.connect", "pages.edit", "admin.enter"},
            {"settings.manage", "plugins.manage", "people.manage", "audit.read"},
        ),
        ("editor", {"pages.edit", "menus.edit", "admin.enter"}, {"courses.edit", "commerce.manage", "people.manage"}),
        ("student", set(), {"admin.enter", "pages.edit"}),
        ("unheard-of", set(), {"admin.enter"}),
    ],
)
def test_a_role_gives_its_capabilities_and_no_others(role: str, may: set[str], may_not: set[str]) -> None:
    had = policies.capabilities_of([role])
    assert may <= had
    assert not may_not & had


def test_two_roles_add_up() -> None:
    assert policies.capabilities_of(["creator", "editor"]) == policies.CAPABILITIES["creator"]


def test_whoever_may_anything_in_the_admin_may_enter_it() -> None:
    assert all("admin.enter" in had for had in policies.CAPABILITIES.values() if had)


def test_roles_are_shown_with_the_most_powerful_first() -> None:
    assert policies.in_order(["student", "nonsense", "owner"]) == ("owner", "student")
