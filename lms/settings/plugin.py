"""What the room adds."""

from __future__ import annotations

from lms.extend import Plugin, SettingsPage
from lms.settings import general


class Settings(Plugin):
    """Settings

    What the owner decides in the browser.
    """

    name = "settings"
    builtin = True
    models = "lms.settings.models"
    migrations = "lms.settings.migrations"

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (general.page,)
