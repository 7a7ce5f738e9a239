"""What the room adds."""

from __future__ import annotations

from lms.extend import Command, Plugin, SettingsPage
from lms.host import changes
from lms.host.changes import Change
from lms.settings import command, general, services


def _go_with_their_plugin(change: Change) -> None:
    if change.what == "uninstalled":
        pages = change.inventory.names("SettingsPage") if change.inventory else ()
        for section in dict.fromkeys((change.plugin, *pages)):
            services.delete_section(section, actor_id=change.actor_id)


changes.on_change(_go_with_their_plugin)


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

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="settings", command=command.settings),)
