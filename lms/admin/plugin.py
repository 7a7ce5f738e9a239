"""What the room adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.admin import (
    appearance_views,
    help_views,
    media_views,
    plugin_badge,
    plugin_views,
    policies,
    safe_mode,
    serving,
    settings_views,
    views,
)
from lms.admin.blueprint import blueprint
from lms.extend import NavItem, Plugin, Slot
from lms.web.theming import CAPABILITY

# Imported for their views, which hang on the one blueprint.
_VIEWS = (appearance_views, help_views, media_views, plugin_views, safe_mode, serving, settings_views, views)


class Admin(Plugin):
    """Admin

    Overview, settings, plugins, media, health, background work and help.
    """

    name = "admin"
    builtin = True

    def blueprint(self) -> Blueprint:
        return blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            _entry("overview", _l("Overview"), "/admin", "home", policies.ENTER, "", 0),
            _entry("media", _l("Media"), "/admin/media", "photo", policies.MEDIA, "teach", 30),
            _entry("appearance", _l("Appearance"), "/admin/appearance", "swatch", CAPABILITY, "site", 40),
            _entry("plugins", _l("Plugins"), "/admin/plugins", "puzzle-piece", policies.PLUGINS, "system", 10),
            _entry("settings", _l("Settings"), "/admin/settings", "cog-6-tooth", policies.ENTER, "system", 20),
            _entry("health", _l("Health"), "/admin/health", "heart", policies.HEALTH, "system", 30),
            _entry("jobs", _l("Background work"), "/admin/jobs", "queue-list", policies.HEALTH, "system", 40),
        )

    def slots(self) -> tuple[Slot, ...]:
        return (plugin_badge.slot,)


def _entry(name: str, label: str, path: str, icon: str, capability: str, group: str, order: int) -> NavItem:
    return NavItem(name=name, label=label, href=path, icon=icon, capability=capability, group=group, order=order)
