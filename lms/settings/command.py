"""``lms settings``: what is done to settings from outside the browser."""

from __future__ import annotations

import click

from lms.base.problem import Problem
from lms.settings import rotation


@click.group("settings")
def settings() -> None:
    """Settings and secrets of the site."""


@settings.command("rotate-key")
def rotate_key() -> None:
    """Seal every secret with a new key; the old one is kept until all of them are.

    Safe to break off and to start again. On several machines: stop the others, rotate, give them the new secret.key.
    """
    click.echo("Sealing everything with a new key …")
    try:
        report = rotation.rotate()
    except Problem as problem:
        raise click.ClickException(f"{problem.sentence} {problem.next_step}".strip()) from problem
    click.echo(f"{report.resealed} secrets are sealed with the new key.")
    for place in report.unopened:
        click.echo(f"No key opens {place}, the old one neither. Enter it again.", err=True)
    for name in report.unknown:
        click.echo(f"The plugin {name} could not be asked for its secrets.", err=True)
    if not report.is_complete:
        click.echo(
            "The old key stays in secret.key beside the new one. Install or uninstall these plugins, then run this "
            "again.",
            err=True,
        )
        raise SystemExit(1)
    click.echo("The old key is gone.")
    if report.unopened:
        raise SystemExit(1)
