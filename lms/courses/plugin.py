"""All that the room courses adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.courses import policies, references, views
from lms.extend import NavItem, Plugin, Service


class Courses(Plugin):
    """Courses

    Courses, their sections and lessons.
    """

    name = "courses"
    category = "core"
    builtin = True
    models = "lms.courses.models"
    migrations = "lms.courses.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="courses", label=_l("Courses"), href="/admin/courses", icon="book-open",
                capability=policies.EDIT, group="teach", order=10,
            ),
        )  # fmt: skip

    def services(self) -> tuple[Service, ...]:
        return (references.CourseReferences(),)
