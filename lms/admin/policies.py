"""Who may open which screen."""

from __future__ import annotations

ENTER = "admin.enter"
SETTINGS = "settings.manage"
PLUGINS = "plugins.manage"
HEALTH = "health.read"
AUDIT = "audit.read"
MEDIA = "pages.edit"
COMMERCE = "commerce.manage"
