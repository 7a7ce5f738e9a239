"""What the room adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.admin import media_views, plugin_views, policies, serving, settings_views, views
from lms.admin.blueprint import blueprint
from lms.extend import NavItem, Plugin

# Imported for their views, which hang on the one blueprint.
_VIEWS = (media_views, plugin_views, serving, settings_views, views)


class Admin(Plugin):
    """Admin

    Overview, settings, plugins, media, health and background work.
    """

    name = "admin"
    builtin = True

    def blueprint(self) -> Blueprint:
        return blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            _entry("overview", _l("Overview"), "/admin", "home", policies.ENTER, "", 0),
            _entry("media", _l("Media"), "/admin/media", "photo", policies.MEDIA, "teach", 30),
            _entry("plugins", _l("Plugins"), "/admin/plugins", "puzzle-piece", policies.PLUGINS, "system", 10),
            _entry("settings", _l("Settings"), "/admin/settings", "cog-6-tooth", policies.ENTER, "system", 20),
            _entry("health", _l("Health"), "/admin/health", "heart", policies.HEALTH, "system", 30),
            _entry("jobs", _l("Background work"), "/admin/jobs", "queue-list", policies.HEALTH, "system", 40),
        )


def _entry(name: str, label: str, path: str, icon: str, capability: str, group: str, order: int) -> NavItem:
    return NavItem(name=name, label=label, href=path, icon=icon, capability=capability, group=group, order=order)
