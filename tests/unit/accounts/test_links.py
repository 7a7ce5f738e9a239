"""The dynamic links of an account write addresses that are equal for everybody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lms.accounts import links
from lms.extend import LinkContext
from lms.settings import services as settings
from lms.testing.sites import TestSite

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BY_KEY = {link.key: link for link in links.ALL}


def seen_by(person: Any, page: str = "/courses") -> LinkContext:
    return LinkContext(person=person, now=NOW, page=page)


@pytest.mark.parametrize(
    ("key", "args", "address"),
    [
        ("account/login", {}, "/login?next=/courses"),
        ("account/login", {"after": "/account?a=1&b=2"}, "/login?next=/account%3Fa%3D1%26b%3D2"),
        ("account/login", {"after": "https://evil.example"}, "/login?next=/courses"),
        ("account/login", {"after": "//evil.example"}, "/login?next=/courses"),
        ("account/register", {}, "/register?next=/courses"),
        ("account/logout", {}, "/logout?next=/courses"),
        ("account/courses", {}, "/account"),
        ("account/profile", {}, "/account/profile"),
        ("account/billing", {}, "/account/billing"),
    ],
)
def test_a_link_has_its_address(site: TestSite, key: str, args: dict[str, str], address: str) -> None:
    make_address = BY_KEY[key].address
    assert make_address is not None
    assert make_address(seen_by(None), args) == address


@pytest.mark.parametrize(
    ("key", "guest", "member"),
    [
        ("account/login", True, False),
        ("account/register", True, False),
        ("account/logout", False, True),
        ("account/courses", True, True),
        ("account/profile", True, True),
        ("account/billing", True, True),
    ],
)
def test_a_link_is_shown_to_whom_it_serves(site: TestSite, key: str, guest: bool, member: bool) -> None:
    link = BY_KEY[key]
    assert (link.available(seen_by(None)) is True) is guest
    assert (link.available(seen_by(object())) is True) is member


def test_nobody_is_led_to_a_closed_door(site: TestSite) -> None:
    settings.save("site", {"registration": "closed"}, actor_id=None)
    site.commit()
    assert BY_KEY["account/register"].available(seen_by(None)) == "New accounts are not open at the moment."
