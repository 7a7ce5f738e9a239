"""All that the room access adds."""

from __future__ import annotations

from flask import Blueprint

from lms.access import conditions, refusal_views, views
from lms.extend import Condition, Plugin, SettingsPage, Slot


class Access(Plugin):
    """Access

    Products, who holds them, and the one decision about every door.
    """

    name = "access"
    category = "core"
    builtin = True
    models = "lms.access.models"
    migrations = "lms.access.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (refusal_views.page,)

    def conditions(self) -> tuple[Condition, ...]:
        return conditions.ALL

    def slots(self) -> tuple[Slot, ...]:
        return (Slot(name="access", place="admin.person", render=views.person_button),)
