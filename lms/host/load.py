"""From a name to a plugin object, and where its files lie."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

from lms.db.migrate import Source
from lms.extend import Plugin


class NotAPlugin(TypeError):
    """What the entry point names is no subclass of ``lms.extend.Plugin``."""


def _instance(target: object, name: str) -> Plugin:
    if not (isinstance(target, type) and issubclass(target, Plugin)):
        raise NotAPlugin(f"The entry point {name} must name a subclass of lms.extend.Plugin.")
    plugin = target()
    type(plugin).name = name
    if plugin.models:
        importlib.import_module(plugin.models)
    return plugin


def builtin(dotted: str) -> Plugin:
    """The built-in room at ``package.module:Class``. Whatever its import raises passes."""
    module, _, attribute = dotted.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    return _instance(target, target.name)


def external(point: EntryPoint) -> Plugin:
    """The plugin of an entry point. Whatever its import raises passes, ``SystemExit`` included."""
    return _instance(point.load(), point.name)


def folder(plugin: Plugin) -> Path:
    """The folder of the package that the plugin's class lives in: its templates and static files lie there."""
    file = sys.modules[type(plugin).__module__].__file__
    return Path(file or ".").resolve().parent


def migration_source(plugin: Plugin) -> Source | None:
    """Where the plugin's revisions lie; None for a plugin without tables."""
    if not plugin.migrations:
        return None
    spec = importlib.util.find_spec(plugin.migrations)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{plugin.name}: there is no package {plugin.migrations}.")
    return Source(plugin.name, Path(next(iter(spec.submodule_search_locations))))


def migration_sources(plugins: Iterable[Plugin]) -> list[Source]:
    """The sources of all plugins that have tables, in the order given."""
    return [source for plugin in plugins if (source := migration_source(plugin))]
