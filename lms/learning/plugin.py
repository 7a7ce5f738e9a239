"""All that the room learning adds."""

from __future__ import annotations

from flask import Blueprint

from lms.access.events import GrantChanged
from lms.extend import On, Plugin, Service
from lms.learning import enrolling, views
from lms.learning.lesson_media import LessonMedia


class Learning(Plugin):
    """Learning

    The catalogue, course and lesson pages, enrolments and progress.
    """

    name = "learning"
    category = "core"
    builtin = True
    models = "lms.learning.models"
    migrations = "lms.learning.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def listeners(self) -> tuple[On, ...]:
        return (On(GrantChanged, enrolling.on_grant_changed),)

    def services(self) -> tuple[Service, ...]:
        return (LessonMedia(),)
