"""What people ask when they begin, each with one sentence or two and the place where it is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Answer:
    """A question answered; ``href`` leads to where it is done, for whoever has the ``capability``."""

    title: Any
    words: Any
    href: str
    link_words: Any
    capability: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A part of the help page; plugins add to it by its ``name`` (place ``admin.help``)."""

    name: str
    title: Any
    answers: tuple[Answer, ...]


TOPICS = (
    Topic(
        "courses",
        _l("Courses"),
        (
            Answer(
                _l("Make a course"),
                _l("A course has sections, and sections have lessons. It stays a draft until you publish it."),
                "/admin/courses",
                _l("Courses"),
                "courses.edit",
            ),
            Answer(
                _l("Sell a course"),
                _l("Make a product of one or several courses and give it offers: once, every month, or free."),
                "/admin/products",
                _l("Products"),
                "commerce.manage",
            ),
            Answer(
                _l("Let somebody in without paying"),
                _l("Open the person’s page and give access, with a reason and, if you like, an end."),
                "/admin/people",
                _l("People"),
                "people.manage",
            ),
        ),
    ),
    Topic("payments", _l("Payments"), ()),
    Topic(
        "pages",
        _l("Pages"),
        (
            Answer(
                _l("Change a page"),
                _l("Pages are made of blocks. Nobody sees a change before you publish it."),
                "/admin/pages",
                _l("Pages"),
                "pages.edit",
            ),
            Answer(
                _l("Give the site its colours and typeface"),
                _l("Try them beside a preview; the site changes when you save."),
                "/admin/appearance",
                _l("Appearance"),
                "themes.manage",
            ),
        ),
    ),
    Topic(
        "trouble",
        _l("When something does not work"),
        (
            Answer(
                _l("See what is wrong"),
                _l("Health asks every part of the site, the worst first, and says what to do."),
                "/admin/health",
                _l("Health"),
                "health.read",
            ),
            Answer(
                _l("A mail or a payment did not get through"),
                _l("Background work shows what failed and lets it run again."),
                "/admin/jobs",
                _l("Background work"),
                "health.read",
            ),
        ),
    ),
)
