"""A plugin's command below ``lms``: its failure is its own, with one sentence, and every other command works."""

from __future__ import annotations

import copy
import logging
from typing import Any

import click
from flask import current_app, has_app_context
from sqlalchemy.exc import DatabaseError

from lms.base.problem import Problem
from lms.db import rollback
from lms.extend import Command
from lms.host import guard, pieces

log = logging.getLogger("lms.cli")

# How a command ends that did what it should, or that refuses what was typed.
_ENDS = (click.exceptions.Exit, click.Abort, click.ClickException, SystemExit, Problem, *guard.PASSES)


def contained(item: Command) -> click.Command:
    """The item's command, so that whatever it raises is one sentence and exit status 1."""
    command = copy.copy(item.command)

    def invoke(context: click.Context) -> Any:
        try:
            with guard.piece(item.plugin, f"command {item.name}", outside=True):
                return item.command.invoke(context)
        except _ENDS:
            raise
        except BaseException as error:
            if has_app_context() and guard.is_strict():
                raise
            _keep(item, error)
            raise click.ClickException(
                f"{item.plugin}, the plugin behind lms {item.name}, failed: {guard.reason(error)}. "
                "Tell its author; LMS_STRICT_PLUGINS=1 shows where."
            ) from error

    def short_help(limit: int = 45) -> str:
        try:
            return str(item.command.get_short_help_str(limit))
        except Exception as error:
            return f"({item.plugin} cannot say what it does: {guard.reason(error)})"

    command.invoke = invoke  # type: ignore[method-assign]
    command.get_short_help_str = short_help  # type: ignore[method-assign]
    return command


def _keep(item: Command, error: BaseException) -> None:
    """Let Health know, where there is a site."""
    if not has_app_context():
        return
    rollback()
    with current_app.app_context():
        incident = guard.report(item.plugin, f"command {item.name}", error)
        try:
            pieces.write([(incident.plugin, incident.piece)])
        except DatabaseError as away:
            log.warning("the failure could not be written down: %s", away)
