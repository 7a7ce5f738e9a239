"""A plugin of a test, put into a running app as if it had been there when the app was built."""

from __future__ import annotations

from lms.extend import Plugin
from lms.host.registry import Registry, describe
from lms.testing.sites import TestSite

# What rooms worked out from the registry and kept.
_KEPT = ("lms_content_catalog", "lms_compiled_documents")


def add_plugin(site: TestSite, plugin: Plugin) -> None:
    """Add what the plugin declares, except addresses, tables and templates: those need a distribution."""
    plugins = site.app.extensions["lms_registry"].plugins | {plugin.name: plugin}
    _replace(site, plugins)


def remove_plugin(site: TestSite, name: str) -> None:
    """Take away what the plugin declared, as if its distribution were gone."""
    plugins = dict(site.app.extensions["lms_registry"].plugins)
    del plugins[name]
    _replace(site, plugins)


def _replace(site: TestSite, plugins: dict[str, Plugin]) -> None:
    site.app.extensions["lms_registry"] = Registry([describe(name, plugin) for name, plugin in plugins.items()])
    for name in _KEPT:
        site.app.extensions.pop(name, None)
