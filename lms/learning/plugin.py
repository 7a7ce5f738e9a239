"""All that the room learning adds."""

from __future__ import annotations

from flask import Blueprint

from lms.access.events import GrantChanged
from lms.courses import lookup, policies
from lms.courses.outline import PAGE_KIND
from lms.extend import Block, Condition, DocumentOwner, DynamicLabel, DynamicLink, On, Plugin, Service
from lms.learning import blocks, conditions, enrolling, labels, links, views
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

    def blocks(self) -> tuple[Block, ...]:
        return blocks.ALL

    def document_owners(self) -> tuple[DocumentOwner, ...]:
        return (
            DocumentOwner(
                name=PAGE_KIND,
                find=lookup.find_course,
                title=lambda course: course.title,
                public_url=lambda course: course.public_path,
                edit_path=lambda course: f"/admin/editor/{PAGE_KIND}/{course.id}",
                list_path=lambda course: course.edit_path,
                may=policies.may,
                page=views.themed_course,
                begins=lambda _course: blocks.PAGE,
            ),
            DocumentOwner(
                name="lesson",
                find=lookup.find_lesson,
                title=lambda lesson: lesson.title,
                public_url=lambda lesson: lesson.public_path,
                edit_path=lambda lesson: f"/admin/editor/lesson/{lesson.id}",
                list_path=lambda lesson: lesson.edit_path,
                may=policies.may,
                page=views.themed_lesson,
            ),
        )

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        return labels.ALL

    def conditions(self) -> tuple[Condition, ...]:
        return conditions.ALL

    def listeners(self) -> tuple[On, ...]:
        return (On(GrantChanged, enrolling.on_grant_changed),)

    def services(self) -> tuple[Service, ...]:
        return (LessonMedia(),)
