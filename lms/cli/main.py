"""``lms``: commands of the core, then those of rooms and active plugins."""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import click
from flask import Flask

import lms
from lms import db
from lms.app import create_app
from lms.base.problem import Problem
from lms.cli import author, drafts
from lms.cli.blocks import blocks
from lms.cli.contained import contained
from lms.cli.database import database
from lms.cli.doctor import doctor
from lms.cli.plugins import plugin
from lms.cli.serve import run
from lms.cli.themes import theme
from lms.demo.command import demo
from lms.extend import Command
from lms.host import discover, guard, load, watch, watchdog
from lms.host.config import ConfigurationError
from lms.host.config import load as load_config
from lms.host.registry import Registry, describe
from lms.rooms import ROOMS

_APP, _COMMANDS, _SAFE = "lms.app", "lms.commands", "lms.safe"
# Commands of rooms that run until they are told to stop.
_LONG_LIVED = frozenset({"worker"})
# Commands that have to work whatever a plugin does, also one that does not return from its import.
_WITHOUT_PLUGINS = (("user", "recover"),)


class Site(click.Group):
    """Adds the commands of rooms and plugins; they see the site only when one of them is used.

    Whatever is wrong with a plugin, its command or the site: the other commands are there, and the reason is told.
    """

    def app(self, ctx: click.Context) -> Flask:
        """The site's app, built once."""
        if _APP not in ctx.meta:
            config = load_config()
            ctx.meta[_APP] = create_app(replace(config, safe_mode=True) if ctx.meta.get(_SAFE) else config)
            ctx.call_on_close(lambda: db.dispose(ctx.meta[_APP]))
        app: Flask = ctx.meta[_APP]
        return app

    def _of_plugins(self, ctx: click.Context) -> dict[str, Command]:
        """Those of active plugins; none, with the reason on standard error, where the site cannot be built."""
        if _COMMANDS not in ctx.meta:
            ctx.meta[_COMMANDS] = {}
            try:
                items: tuple[Command, ...] = self.app(ctx).extensions["lms_registry"].items(Command)
                ctx.meta[_COMMANDS] = {item.name: item for item in items}
            except ConfigurationError as error:
                click.echo(f"Commands of plugins are left out: {error} Run lms doctor to see where.", err=True)
            except guard.PASSES:
                raise
            except BaseException as error:
                click.echo(f"Commands of plugins are left out: {guard.reason(error)}. Run lms doctor.", err=True)
        found: dict[str, Command] = ctx.meta[_COMMANDS]
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] in _LONG_LIVED:
            self._watch()
        ctx.meta[_SAFE] = tuple(args[:2]) in _WITHOUT_PLUGINS
        return super().resolve_command(ctx, args)

    @staticmethod
    def _watch() -> None:
        """Watch this process from now on, since building the site imports plugins; it begins anew where one hangs."""
        guardian = watchdog.start(load_config())
        if guardian is not None:
            guardian.warn, guardian.end = lambda: None, watch.execute_again

    @staticmethod
    def _without_site(name: str) -> Command | None:
        """A command that needs no site, of the installed plugin it is named after, active or not."""
        found = discover.found().get(name.replace("-", "_"))
        if found is None:
            return None
        try:
            items = describe(found.name, load.external(found.entry_point)).items
        except guard.PASSES:
            raise
        except BaseException as error:
            click.echo(f"The plugin {found.name} cannot be asked for its commands: {guard.reason(error)}.", err=True)
            return None
        return next(
            (item for item in items if isinstance(item, Command) and item.name == name and not item.needs_site), None
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_of_rooms(), *self._of_plugins(ctx)})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        own = super().get_command(ctx, name)
        if own is not None:
            return own
        of_room = _of_rooms().get(name)
        item = of_room or self._without_site(name) or self._of_plugins(ctx).get(name)
        if item is None:
            return None
        command = item.command if of_room else contained(item)
        return self._on_site(ctx, command) if item.needs_site else command

    def _on_site(self, ctx: click.Context, command: click.Command) -> click.Command:
        """The command, which finds the site's app around it once it runs."""
        made, inside = copy.copy(command), command.invoke

        def invoke(context: click.Context) -> Any:
            with self.app(ctx).app_context(), db.scope(db.Mode.WRITE):
                return inside(context)

        made.invoke = invoke  # type: ignore[method-assign]
        return made


@cache
def _of_rooms() -> dict[str, Command]:
    rooms = Registry([describe(room.name, room) for room in map(load.builtin, ROOMS)])
    return {item.name: item for item in rooms.items(Command)}


@click.group(cls=Site, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(lms.__version__, prog_name="lms")
def cli() -> None:
    """Stoa, a course platform that you run yourself."""


cli.add_command(run)
database.add_command(drafts.new)
cli.add_command(database)
plugin.add_command(author.new)
plugin.add_command(author.check)
cli.add_command(plugin)
cli.add_command(theme)
cli.add_command(blocks)
cli.add_command(doctor)
cli.add_command(demo)


def main(arguments: list[str] | None = None) -> Any:
    """Run ``lms``; refusals are one sentence on standard error and exit status 1."""
    try:
        return cli.main(args=arguments, prog_name="lms")
    except Problem as problem:
        click.echo(f"{problem.sentence} {problem.next_step}".strip(), err=True)
        sys.exit(1)
    except ConfigurationError as error:
        click.echo(f"{error} Run lms doctor to see where.", err=True)
        sys.exit(1)
