"""The sample site as a whole: its settings, its product, its pages."""

from __future__ import annotations

from typing import Any

from lms.sample import pages
from lms.sample.letters import COURSE, SECTIONS

PRODUCT = "Letters that get answered"
MANAGE_SLUG = "manage-subscription"
COURSE_PATH = f"/courses/{COURSE['slug']}"
FIRST_LESSON_PATH = f"/learn/{COURSE['slug']}/{SECTIONS[0].lessons[0].slug}"

SETTINGS: dict[str, Any] = {
    "name": "Long Table",
    "tagline": "a small school for writing at work",
    "home_page": "home",
    "language": "en-GB",
    "timezone": "Europe/London",
    "menu": [
        {"label": "Courses", "href": "/courses"},
        {"label": "Membership", "href": f"/{MANAGE_SLUG}"},
        {"label": "About", "href": "/about"},
    ],
    "footer": [
        {"label": "About", "href": "/about"},
        {"label": "Manage your subscription", "href": f"/{MANAGE_SLUG}"},
    ],
}
"""Values of the settings section "site"."""


def documents(picture_key: str = "") -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Address, title and document of each page; ``picture_key`` as ``pages.home`` takes it."""
    home = pages.home(course_path=COURSE_PATH, lesson_path=FIRST_LESSON_PATH, picture_key=picture_key)
    return (
        ("home", "Home", home),
        (MANAGE_SLUG, "Manage your subscription", pages.manage()),
        ("about", "About this school", pages.about()),
    )
