"""A plugin of a test, put into a running app as if it had been there when the app was built."""

from __future__ import annotations

from flask import Flask

from lms.extend import Plugin
from lms.host.registry import Registry, describe

# What rooms worked out from the registry and kept.
_KEPT = ("lms_content_catalog", "lms_compiled_documents")


def add_plugin(app: Flask, plugin: Plugin) -> None:
    """Add what the plugin declares, except addresses, tables and templates: those need a distribution."""
    plugins = app.extensions["lms_registry"].plugins | {plugin.name: plugin}
    _replace(app, plugins)


def remove_plugin(app: Flask, name: str) -> None:
    """Take away what the plugin declared, as if its distribution were gone."""
    plugins = dict(app.extensions["lms_registry"].plugins)
    del plugins[name]
    _replace(app, plugins)


def _replace(app: Flask, plugins: dict[str, Plugin]) -> None:
    app.extensions["lms_registry"] = Registry([describe(name, plugin) for name, plugin in plugins.items()])
    for name in _KEPT:
        app.extensions.pop(name, None)
