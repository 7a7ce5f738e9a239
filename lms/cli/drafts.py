"""``lms db new``: a first draft of the next revision of a plugin or a room."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from lms.cli.database import room_sources
from lms.db import Model, drafts
from lms.extend import Plugin
from lms.host import discover, load
from lms.rooms import ROOMS


@click.command("new")
@click.argument("name")
@click.option("-m", "--message", default="Tables", show_default=True, help="What changes, in a few words.")
def new(name: str, message: str) -> None:
    """Write the next migration of the plugin (or room) NAME, out of what its models say."""
    plugin = _plugin(name)
    wanted = f"{_package(plugin)}.migrations"
    if not plugin.migrations:
        raise click.ClickException(f'{name} does not say where its migrations are: add migrations = "{wanted}".')
    if plugin.migrations == wanted:
        _make_package(load.folder(plugin) / "migrations")
    others = [one for one in room_sources() if one.name != name]
    try:
        (source,) = load.migration_sources([plugin])
        file = drafts.write(source, others, Model.metadata, _tables(plugin), message)
    except drafts.NothingToWrite as nothing:
        sentence = f"The migrations of {name} make what its models say; nothing is written."
        raise click.ClickException(sentence) from nothing
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    click.echo(f"Wrote {shown}.")
    click.echo("Look it over: a new column that may not be empty has to be filled before it is made so.")


def _plugin(name: str) -> Plugin:
    rooms = {plugin.name: plugin for plugin in map(load.builtin, ROOMS)}
    found = discover.found()
    if name in rooms:
        return rooms[name]
    if name not in found:
        raise click.ClickException(f"There is no room and no installed plugin called {name}.")
    return load.external(found[name].entry_point)


def _make_package(folder: Path) -> None:
    file = folder / "__init__.py"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        file.write_text('"""The revisions of the plugin\'s tables."""\n', encoding="utf-8")
        importlib.invalidate_caches()


def _package(plugin: Plugin) -> str:
    return type(plugin).__module__.rpartition(".")[0]


def _tables(plugin: Plugin) -> set[str]:
    """The tables of the classes that live in the plugin's package."""
    inside = f"{_package(plugin)}."
    mapped = (mapper for mapper in Model.registry.mappers if mapper.class_.__module__.startswith(inside))
    return {mapper.local_table.name for mapper in mapped}  # type: ignore[attr-defined]
