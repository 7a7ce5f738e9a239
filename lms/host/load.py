"""From a name to a plugin object, and where its files lie."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import configure_mappers

from lms.db import Model, db
from lms.db.migrate import Source
from lms.extend import Plugin


@dataclass(frozen=True, slots=True)
class _Imported:
    version: str
    tables: tuple[str, ...]
    module: str


# A module is imported once, whatever is installed over it later: what this process has in memory.
_imported: dict[str, _Imported] = {}


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
    """The plugin of an entry point. Whatever its import raises passes, ``SystemExit`` included; then nothing stays."""
    before, is_first = set(db.metadata.tables), imported_version(point.name) is None
    modules = set(sys.modules)
    try:
        plugin = _instance(point.load(), point.name)
        # A class that does not fit the others would fail every query of the process, not only its own.
        configure_mappers()
    except BaseException:
        forget(module for module in sys.modules.keys() - modules if _is_within(module, point.module))
        raise
    if is_first:
        tables = set(db.metadata.tables) - before - _tables_of_others(plugin)
        version = point.dist.version if point.dist else ""
        _imported[point.name] = _Imported(version, tuple(sorted(tables)), point.module)
    return plugin


def _tables_of_others(plugin: Plugin) -> set[str]:
    """Tables of packages that came into memory together with the plugin's own, such as rooms it is the first to use."""
    own = type(plugin).__module__.partition(".")[0]
    mappers = Model.registry.mappers
    return {str(m.local_table) for m in mappers if m.class_.__module__.partition(".")[0] != own}


def _is_within(module: str, other: str) -> bool:
    """Whether both are of one package."""
    return module.partition(".")[0] == other.partition(".")[0]


def forget(modules: Iterable[str]) -> None:
    """Forget modules, and the tables that their classes declare: the next import reads the files again."""
    for module in modules:
        forget_tables(module)
        del sys.modules[module]


def forget_tables(module: str) -> None:
    """Forget the mapped classes of a module, and their tables."""
    for mapper in list(Model.registry.mappers):
        if mapper.class_.__module__ == module:
            db.metadata.remove(cast(Table, mapper.local_table))
            # SQLAlchemy has no public way to forget one class; the whole registry would be too much.
            Model.registry._dispose_cls(mapper.class_)
            mapper._set_dispose_flags()


def imported_version(name: str) -> str | None:
    """The version of the plugin that this process has in memory; None if there is none."""
    known = _imported.get(name)
    return known.version if known is not None and known.module in sys.modules else None


def tables(name: str) -> tuple[str, ...]:
    """The tables that the plugin's models declare, once it was imported here."""
    return _imported[name].tables if name in _imported else ()


def folder(plugin: Plugin) -> Path:
    """The folder of the package that the plugin's class lives in: its templates and static files lie there."""
    file = sys.modules[type(plugin).__module__].__file__
    return Path(file or ".").resolve().parent


def migration_source(plugin: Plugin) -> Source | None:
    """Where the plugin's revisions lie; None for a plugin without tables."""
    return source(plugin.name, plugin.migrations) if plugin.migrations else None


def source(name: str, package: str) -> Source:
    """The revisions in ``package``, found without importing any of it: it may be what is broken.

    Raises ``ImportError`` where there is no such package.
    """
    top, *rest = package.split(".")
    spec = importlib.util.find_spec(top)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if (path := Path(folder, *rest)).is_dir():
            return Source(name, path)
    raise ImportError(f"{name}: there is no package {package}.")


def migration_sources(plugins: Iterable[Plugin]) -> list[Source]:
    """The sources of all plugins that have tables, in the order given."""
    return [source for plugin in plugins if (source := migration_source(plugin))]
