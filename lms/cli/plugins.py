"""``lms plugin``: list, switch on, switch off, uninstall, forget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask

from lms.admin import exporting
from lms.app import create_app
from lms.db import Mode, dispose, scope, writes
from lms.host import activate, catalog, uninstall
from lms.host.catalog import PluginView
from lms.host.config import load as load_config


@contextmanager
def _site() -> Iterator[Flask]:
    app = create_app(load_config())
    # A request's context: sentences come in the site's language.
    with app.app_context(), app.test_request_context():
        yield app
    dispose(app)


@click.group()
def plugin() -> None:
    """Installed plugins."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_plugins(as_json: bool) -> None:
    """Every installed plugin with its state."""
    with _site():
        views = catalog.plugins()
    if as_json:
        click.echo(json.dumps([_as_json(view) for view in views]))
        return
    for view in views:
        click.echo(f"{view.name:<20} {view.state:<14} {view.version:<10} {view.reason or view.title}")


def _as_json(view: PluginView) -> dict[str, Any]:
    return {
        "name": view.name,
        "title": view.title,
        "description": view.description,
        "category": view.category,
        "version": view.version,
        "ran": view.ran,
        "state": view.state,
        "reason": view.reason,
        "why": view.why,
        "adds": view.inventory.to_json()["additions"] if view.inventory else [],
        "tables": list(view.inventory.tables) if view.inventory else [],
    }


@plugin.command()
@click.argument("name")
def on(name: str) -> None:
    """Activate a plugin; the SQLite database is backed up before its tables are made."""
    with _site():
        made = activate.activate(name)
    if made.tables:
        click.echo(f"Made the tables {', '.join(made.tables)}.")
    _tell_backup(made.backup)
    click.echo(f"{name} is active.")


@plugin.command()
@click.argument("name")
def off(name: str) -> None:
    """Deactivate a plugin; its data stays."""
    with _site(), writes():
        activate.deactivate(name)
    click.echo(f"{name} is inactive; its data stays.")


@plugin.command("uninstall")
@click.argument("name")
@click.option("--export", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write its data here first.")
@click.option("--yes", is_flag=True, help="Do not ask for the name.")
def uninstall_plugin(name: str, target: Path | None, yes: bool) -> None:
    """Remove a plugin's tables, settings and jobs. It must be off; the package itself stays installed."""
    with _site():
        if not yes:
            tables = ", ".join(f"{table.name} ({table.rows} rows)" for table in uninstall.tables(name)) or "none"
            click.echo(f"These tables go, with the settings and jobs of {name}: {tables}.")
            if click.prompt("Type the plugin's name to go on") != name:
                raise click.ClickException("That is another name; nothing was changed.")
        if target is not None:
            _export(name, target)
        made = uninstall.uninstall(name)
    _tell_backup(made)
    click.echo(f"{name} is uninstalled. Its package can go too: pip uninstall.")


def _export(name: str, target: Path) -> None:
    with scope(Mode.READ), target.open("x", encoding="utf-8") as file:
        file.writelines(exporting.lines(name))
    click.echo(f"Its data is in {target}.")


@plugin.command()
@click.argument("name")
def forget(name: str) -> None:
    """Forget a plugin whose package is gone; its tables and settings stay."""
    with _site(), writes():
        uninstall.forget(name)
    click.echo(f"{name} is forgotten; its tables and settings stay.")


def _tell_backup(made: str) -> None:
    if made:
        click.echo(f"The database as it was before: {made}")
