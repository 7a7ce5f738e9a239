"""People and courses for tests of access, made through their own rooms."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.courses import services as courses
from lms.testing.sites import TestSite


@pytest.fixture
def new_person(site: TestSite) -> Callable[..., PersonView]:
    """Makes people, each with another address."""
    count = iter(range(1, 10_000))

    def make(*roles: str) -> PersonView:
        number = next(count)
        return accounts.create_person(
            email=f"person-{number}@example.org",
            name=f"Person {number}",
            password_hash=None,
            roles=roles,
            verified=True,
        )

    return make


@pytest.fixture
def new_course(site: TestSite) -> Callable[[], int]:
    """Makes courses, and gives their ids."""
    count = iter(range(1, 10_000))

    def make() -> int:
        number = next(count)
        return courses.create_course(slug=f"course-{number}", title=f"Course {number}", actor_id=None).id

    return make
