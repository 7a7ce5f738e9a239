"""``lms db``: migrations of the core and of all plugins."""

from __future__ import annotations

import json

import click
from sqlalchemy import create_engine

from lms.app import create_app
from lms.db import db, dispose, migrate
from lms.host import discover, load
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.host.load import migration_sources
from lms.rooms import ROOMS


def room_sources() -> list[migrate.Source]:
    """The revisions of all built-in rooms, lowest floor first."""
    return migration_sources(load.builtin(dotted) for dotted in ROOMS)


@click.group("db")
def database() -> None:
    """Migrations of the database."""


def upgrade_all(config: Config) -> list[str]:
    """Bring the tables of all rooms and of active plugins up to date; returns the names of those that moved.

    Raises ``MigrationFailed``; then nothing of the failing step has changed.
    """
    engine = create_engine(config.database_url)
    moved = migrate.upgrade(engine, room_sources())
    engine.dispose()
    # Only now are there tables that say which plugins are active.
    app = create_app(config)
    with app.app_context():
        active = [p for p in app.extensions["lms_registry"].plugins.values() if not p.builtin]
        moved += migrate.upgrade(db.engine, migration_sources(active))
    dispose(app)
    return moved


@database.command()
def upgrade() -> None:
    """Bring the tables of the core and of active plugins up to date."""
    moved = upgrade_all(load_config())
    click.echo("Upgraded: " + ", ".join(moved) if moved else "Everything is up to date.")


@database.command()
@click.argument("name")
@click.option("--to", "target", default="-1", help="A revision, -1 for one step (default), or base.")
def downgrade(name: str, target: str) -> None:
    """Take the tables of one room or plugin back."""
    app = create_app(load_config())
    found = discover.found()
    plugins = {**{p.name: p for p in map(load.builtin, ROOMS)}}
    if name in found:
        plugins[name] = load.external(found[name].entry_point)
    if name not in plugins:
        raise click.ClickException(f"There is no room and no plugin called {name}.")
    with app.app_context():
        migrate.downgrade(db.engine, migration_sources([plugins[name]]), target)
    click.echo(f"{name} is back.")


@database.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def status(as_json: bool) -> None:
    """Where every room and plugin stands; exit status 1 when something is pending."""
    app = create_app(load_config())
    with app.app_context():
        rows = migrate.status(db.engine, migration_sources(app.extensions["lms_registry"].plugins.values()))
    if as_json:
        click.echo(json.dumps([{"name": r.name, "current": r.current, "head": r.head} for r in rows]))
    else:
        for row in rows:
            click.echo(f"{row.name:<12} {row.current or '-':<28} {'pending' if row.is_pending else 'up to date'}")
    if any(row.is_pending for row in rows):
        raise SystemExit(1)
