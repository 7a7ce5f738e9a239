"""All that the plugin adds, on one page."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.extend import Block, Command, HealthCheck, Job, NavItem, Plugin, SettingsPage, Slot
from lms_announcements import banners, blocks, command, health, services, settings, views


class Announcements(Plugin):
    """Announcements

    Say something to everybody, to your students or in one course, for as long as it is true.
    """

    category = "communication"
    models = "lms_announcements.models"
    migrations = "lms_announcements.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (settings.page,)

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="list",
                label=_l("Announcements"),
                href=views.LIST,
                icon="megaphone",
                capability=settings.CAPABILITY,
                group="site",
            ),
        )

    def slots(self) -> tuple[Slot, ...]:
        return (
            Slot(name="site", place="site.top", render=banners.site),
            Slot(name="students", place="account.top", render=banners.students),
            Slot(name="course", place="course.top", render=banners.course),
        )

    def blocks(self) -> tuple[Block, ...]:
        return (blocks.latest,)

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="tell", run=services.tell_begun, every=timedelta(minutes=1)),)

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (health.all_told,)

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="announcements", command=command.announcements),)
