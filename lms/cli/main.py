"""``lms``: commands of the core, then those of rooms and active plugins."""

from __future__ import annotations

import sys
from typing import Any

import click
from flask import Flask

import lms
from lms import db
from lms.app import create_app
from lms.base.problem import Problem
from lms.cli.database import database
from lms.cli.plugins import plugin
from lms.cli.serve import run
from lms.demo.command import demo
from lms.extend import Command
from lms.host import discover, load
from lms.host.config import ConfigurationError
from lms.host.config import load as load_config
from lms.host.registry import Registry, describe
from lms.rooms import ROOMS


class Site(click.Group):
    """Adds the commands of rooms and plugins; they see the site only when one of them is used."""

    _app: Flask | None = None

    def app(self) -> Flask:
        """The site's app, built once."""
        if self._app is None:
            self._app = create_app(load_config())
        return self._app

    def _items(self) -> dict[str, Command]:
        found = {}
        registry = Registry([describe(r.name, r) for r in map(load.builtin, ROOMS)])
        for item in registry.items(Command):
            found[item.name] = item
        for item in self._of_plugins():
            found.setdefault(item.name, item)
        return found

    def _of_plugins(self) -> tuple[Command, ...]:
        try:
            return self.app().extensions["lms_registry"].items(Command)  # type: ignore[no-any-return]
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from error

    @staticmethod
    def _without_site(name: str) -> Command | None:
        """A command that needs no site, of the installed plugin it is named after, active or not."""
        found = discover.found().get(name.replace("-", "_"))
        if found is None:
            return None
        items = describe(found.name, load.external(found.entry_point)).items
        return next(
            (item for item in items if isinstance(item, Command) and item.name == name and not item.needs_site), None
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._items()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        own = super().get_command(ctx, name)
        if own is not None:
            return own
        item = self._without_site(name) or self._items().get(name)
        if item is None:
            return None
        if item.needs_site:
            ctx.with_resource(self.app().app_context())
            ctx.with_resource(db.scope(db.Mode.WRITE))
        return item.command


@click.group(cls=Site, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(lms.__version__, prog_name="lms")
def cli() -> None:
    """Stoa, a course platform that you run yourself."""


cli.add_command(run)
cli.add_command(database)
cli.add_command(plugin)
cli.add_command(demo)


def main(arguments: list[str] | None = None) -> Any:
    """Run ``lms``; refusals are one sentence on standard error and exit status 1."""
    try:
        return cli.main(args=arguments, prog_name="lms")
    except Problem as problem:
        click.echo(f"{problem.sentence} {problem.next_step}".strip(), err=True)
        sys.exit(1)
