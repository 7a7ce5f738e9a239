"""``lms db``: migrations of the core and of all plugins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import click
from flask import current_app
from sqlalchemy import Connection, create_engine, inspect

from lms.app import create_app
from lms.base.problem import Problem
from lms.db import Mode, db, dispose, migrate, scope, writes
from lms.host import backup, discover, load, rows, state
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.host.load import migration_sources
from lms.host.startup import Why
from lms.host.upgrade import upgrade as upgrade_plugin
from lms.rooms import ROOMS

# Several machines may start with the same new version: one upgrades, the others wait for it.
_WAIT_SECONDS = 600.0
_WAIT = {Why.MIGRATIONS, Why.UNFIT, Why.NEWER_TABLES}


@dataclass
class Upgraded:
    """What an upgrade did: the names of what moved, the backups made, and a sentence for each plugin that failed."""

    moved: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def room_sources() -> list[migrate.Source]:
    """The revisions of all built-in rooms, lowest floor first."""
    return migration_sources(load.builtin(dotted) for dotted in ROOMS)


@click.group("db")
def database() -> None:
    """Migrations of the database."""


def upgrade_all(config: Config) -> Upgraded:
    """Bring the tables of all rooms, then of each active plugin, to what is installed.

    A plugin that fails stays as it was and keeps no other from it. Raises ``MigrationFailed`` for the rooms; then
    nothing has changed. Every process builds its app anew afterwards, or starts anew where the core itself changed.
    """
    done = Upgraded()
    _upgrade_rooms(config, done)
    # Only now are there tables that say which plugins are active.
    app = create_app(config)
    with app.app_context(), app.test_request_context():
        for name, why in app.extensions["lms_resting"].items():
            if why in _WAIT:
                _upgrade_plugin(name, done)
        with writes():
            state.bump("generation")
            state.bump("upgrades")
    dispose(app)
    return done


def _upgrade_rooms(config: Config, done: Upgraded) -> None:
    def keep_a_copy(connection: Connection) -> None:
        if inspect(connection).has_table("host_plugin"):
            done.backups.append(str(backup.make(config, "before upgrading stoa") or ""))

    engine = create_engine(config.database_url)
    try:
        done.moved += migrate.upgrade(engine, room_sources(), before=keep_a_copy)
    finally:
        engine.dispose()


def _upgrade_plugin(name: str, done: Upgraded) -> None:
    try:
        made = upgrade_plugin(name, wait=_WAIT_SECONDS)
    except Problem as problem:
        done.failed.append(f"{problem.sentence} {problem.next_step}".strip())
    else:
        done.moved.append(name)
        done.backups.append(made.backup)


@database.command()
def upgrade() -> None:
    """Bring the tables of the core and of active plugins up to date; SQLite is backed up before."""
    done = upgrade_all(load_config())
    for made in filter(None, done.backups):
        click.echo(f"The database as it was before: {made}")
    click.echo("Upgraded: " + ", ".join(done.moved) if done.moved else "Everything is up to date.")
    for sentence in done.failed:
        click.echo(sentence, err=True)
    if done.failed:
        raise SystemExit(1)


@database.command()
@click.argument("name")
@click.option("--to", "target", default="-1", help="A revision, -1 for one step (default), or base.")
def downgrade(name: str, target: str) -> None:
    """Take the tables of one room or plugin back."""
    app = create_app(load_config())
    found = discover.found()
    plugins = {room.name: room for room in map(load.builtin, ROOMS)}
    if name in found:
        plugins[name] = load.external(found[name].entry_point)
    if name not in plugins:
        raise click.ClickException(f"There is no room and no plugin called {name}.")
    with app.app_context():
        migrate.downgrade(db.engine, migration_sources([plugins[name]]), target)
    dispose(app)
    click.echo(f"{name} is back.")


@database.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def status(as_json: bool) -> None:
    """Where every room and plugin stands; exit status 1 when something is pending."""
    app = create_app(load_config())
    with app.app_context(), scope(Mode.READ):
        running = app.extensions["lms_registry"].plugins.values()
        stands = migrate.status(db.engine, [*migration_sources(running), *_resting_sources()])
        missing = [name for name, why in app.extensions["lms_resting"].items() if why is Why.MISSING]
    dispose(app)
    if as_json:
        click.echo(json.dumps([{"name": r.name, "current": r.current, "head": r.head} for r in stands]))
    else:
        for row in stands:
            click.echo(f"{row.name:<12} {row.current or '-':<28} {'pending' if row.is_pending else 'up to date'}")
        for name in missing:
            click.echo(f"{name:<12} its package is not installed; its tables are kept")
    if any(row.is_pending for row in stands):
        raise SystemExit(1)


def _resting_sources() -> Iterator[migrate.Source]:
    """The revisions of plugins that should run and do not, without importing them."""
    resting: dict[str, Why] = current_app.extensions["lms_resting"]
    stored = rows.everything()
    for name in resting.keys() & discover.found().keys():
        inventory = stored[name].inventory
        if inventory is not None and inventory.migrations:
            yield load.source(name, inventory.migrations)
