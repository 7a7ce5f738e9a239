"""Who passes without a grant, and who may manage products."""

from __future__ import annotations

from lms.access.decision import Person

EDIT_ANY_COURSE = "courses.edit"
MANAGE_PRODUCTS = "commerce.manage"


def is_staff_of_courses(person: Person | None) -> bool:
    """Whether the person works on the courses and so sees all of them, drafts too."""
    return person is not None and person.can(EDIT_ANY_COURSE)
