"""The banners: one at a time in each place, so that a page stays quiet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lms.api import clock
from lms.api.content import link_context, resolve
from lms.api.web import render
from lms_announcements import showing
from lms_announcements.models import Where


def site(_context: Mapping[str, Any]) -> Markup:
    """For everybody, on public pages; they are shared by all guests."""
    return _banner(Where.SITE)


def students(_context: Mapping[str, Any]) -> Markup:
    """For whoever is signed in, on the pages of their account."""
    return _banner(Where.STUDENTS)


def course(context: Mapping[str, Any]) -> Markup:
    """For those whom the course is open to: what is said in a course is not for passers-by."""
    return _banner(Where.COURSE, context["course"].id) if context["is_open"] else Markup("")


def _banner(where: Where, course_id: int = 0) -> Markup:
    found = showing.first_undismissed(showing.current(where, clock.now(), course_id))
    if found is None:
        return Markup("")
    link = resolve(found.link, link_context())
    return Markup(render("announcements/banner.html", announcement=found, link=link))  # noqa: S704  a template's text
