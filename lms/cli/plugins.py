"""``lms plugin``: list, switch on, switch off."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lms.app import create_app
from lms.db import commit
from lms.host import activate
from lms.host.config import load as load_config


@click.group()
def plugin() -> None:
    """Installed plugins."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_plugins(as_json: bool) -> None:
    """Every installed plugin with its state."""
    with create_app(load_config()).app_context():
        views = activate.plugins()
    if as_json:
        click.echo(json.dumps([asdict(view) for view in views]))
        return
    for view in views:
        click.echo(f"{view.name:<20} {view.state:<10} {view.version:<10} {view.reason or view.title}")


@plugin.command()
@click.argument("name")
def on(name: str) -> None:
    """Activate a plugin."""
    app = create_app(load_config())
    with app.app_context(), app.test_request_context():
        activate.activate(name)
    click.echo(f"{name} is active.")


@plugin.command()
@click.argument("name")
def off(name: str) -> None:
    """Deactivate a plugin; its data stays."""
    app = create_app(load_config())
    with app.app_context(), app.test_request_context():
        activate.deactivate(name)
        commit()
    click.echo(f"{name} is inactive; its data stays.")
