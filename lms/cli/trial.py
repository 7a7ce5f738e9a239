"""``python -m lms.cli.trial``: the process in which a plugin is tried; see ``lms.host.attempt`` for both sides."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from flask import Flask
from sqlalchemy import create_engine, inspect

from lms.app import create_app
from lms.base.problem import Problem
from lms.db import Mode, db, migrate, scope, writes
from lms.extend import Command, SettingsPage
from lms.host import attempt, backup, inventory, load
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.host.inventory import Inventory
from lms.host.registry import Registry, describe
from lms.host.startup import in_words
from lms.rooms import ROOMS

Say = Callable[[Mapping[str, Any]], None]


class Refused(Exception):
    """The plugin breaks a rule of the house; the message says which."""


def main() -> None:
    """Do what standard input orders; a plugin's own words on standard output go to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    order = json.load(sys.stdin)
    say = _speaker(answers)
    try:
        say({"done": True, **_ACTS[order.pop("act")](say, _config(order.pop("config")), **order)})
    except BaseException as error:
        traceback.print_exc()
        say({"failed": str(error) if isinstance(error, _OURS) else in_words(error)})
    sys.stderr.flush()
    # A thread that the plugin started would keep the process alive.
    os._exit(0)


_OURS = (Refused, migrate.MigrationFailed, Problem)


def _speaker(answers: TextIO) -> Say:
    def say(told: Mapping[str, Any]) -> None:
        answers.write(json.dumps(told) + "\n")
        answers.flush()

    return say


def _config(values: dict[str, Any]) -> Config:
    return load_config(values.pop("instance"), {}, **values)


def _tried(config: Config, name: str) -> tuple[Flask, Inventory]:
    """An app with the plugin, built and looked through. Nothing may write meanwhile."""
    with scope(Mode.READ):
        app = create_app(config, trying=name)
        with app.app_context():
            registry: Registry = app.extensions["lms_registry"]
            plugin = registry.plugins[name]
            told = inventory.of(describe(name, plugin))
            _refuse_foreign_names(registry, name, told)
            for template in _templates(load.folder(plugin) / "templates", (f"{name}/", f"mail/{name}/")):
                app.jinja_env.get_template(template)
            db.session.remove()
    return app, told


def _refuse_foreign_names(registry: Registry, name: str, told: Inventory) -> None:
    rooms = {load.builtin(dotted).name for dotted in ROOMS}
    if name in rooms | {page.name for page in registry.items(SettingsPage) if page.plugin != name}:
        raise Refused(f"the name {name} belongs to the core, or to another plugin")
    for table in told.tables:
        if not table.startswith(f"{name}_"):
            raise Refused(f"its table {table} must be called {name}_…")
    for kind, what in ((SettingsPage, "settings page"), (Command, "command")):
        for item in registry.items(kind):
            taken = [o.plugin for o in registry.items(kind) if o.name == item.name and o.plugin != item.plugin]
            if item.plugin == name and taken:
                raise Refused(f"there is a {what} called {item.name} already, of {taken[0]}")


def _templates(folder: Path, served: tuple[str, ...]) -> list[str]:
    files = (str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in files if file.startswith(served))


@dataclass
class Plan:
    """What a trial that went well leads to."""

    app: Flask
    inventory: Inventory
    source: migrate.Source | None
    steps: list[migrate.Step]
    facts: dict[str, Any]


def _plan(config: Config, name: str) -> Plan:
    app, told = _tried(config, name)
    with app.app_context(), scope(Mode.READ), db.engine.connect() as connection:
        source = load.source(name, told.migrations) if told.migrations else None
        steps = migrate.pending(connection, source) if source else []
        there = set(inspect(connection).get_table_names())
    facts = {
        "inventory": told.to_json(),
        "pending": [asdict(step) for step in steps],
        "new_tables": [table for table in told.tables if table not in there],
    }
    return Plan(app, told, source, steps, facts)


def _try(say: Say, config: Config, name: str) -> dict[str, Any]:
    return _plan(config, name).facts


def _activate(say: Say, config: Config, name: str, confirmed: str | None) -> dict[str, Any]:
    plan = _plan(config, name)
    if plan.steps and confirmed is not None and plan.steps[-1].revision != confirmed:
        return {**plan.facts, "done": False}
    made = _migrate(say, plan, config, f"before activating {name}")
    say({"phase": attempt.ACTIVATING})
    with plan.app.app_context(), writes():
        plan.app.extensions["lms_registry"].plugins[name].on_activate()
    return {**plan.facts, "backup": made}


def _upgrade(say: Say, config: Config, name: str) -> dict[str, Any]:
    plan = _plan(config, name)
    return {**plan.facts, "backup": _migrate(say, plan, config, f"before upgrading {name}")}


def _migrate(say: Say, plan: Plan, config: Config, why: str) -> str:
    if plan.source is None or not plan.steps:
        return ""
    with plan.app.app_context():
        with scope(Mode.READ), db.engine.connect() as connection:
            was = migrate.current(connection, plan.source)
        made = backup.make(config, why)
        say({"phase": attempt.MIGRATING, "was": was, "migrations": plan.inventory.migrations})
        migrate.upgrade(db.engine, [plan.source])
    return str(made or "")


def _downgrade(say: Say, config: Config, name: str, migrations: str, target: str) -> dict[str, Any]:
    source = load.source(name, migrations)
    say({"phase": attempt.MIGRATING})
    engine = create_engine(config.database_url)
    migrate.downgrade(engine, [source], target)
    engine.dispose()
    return {}


_ACTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "try": _try,
    "activate": _activate,
    "upgrade": _upgrade,
    "downgrade": _downgrade,
}

if __name__ == "__main__":
    logging.basicConfig()
    main()
