"""``lms plugin new`` and ``lms plugin check``: what plugin authors do before anybody installs their work."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from lms.cli import skeleton
from lms.testing.contract import ADVICE, NotADistribution, findings


@click.command()
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to make it in; here by default.",
)
def new(name: str, folder: Path) -> None:
    """Make a plugin called NAME that installs, passes its own tests and shows up in the admin."""
    try:
        made = skeleton.make(name, folder)
    except skeleton.Refused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"{name} is in {made}. Next:")
    click.echo(f"  pip install -e '{made}[test]'")
    click.echo(f"  cd {made} && pytest")
    click.echo(f"  lms plugin on {name}")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def check(path: Path, as_json: bool) -> None:
    """Check that the plugin in PATH keeps the contract; exit status 1 when something is wrong."""
    try:
        found = findings(path)
    except NotADistribution as refused:
        raise click.ClickException(str(refused)) from refused
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
    else:
        for one in found:
            click.echo(f"{'advice: ' if one.level == ADVICE else ''}{one}")
        if not found:
            click.echo("It keeps the contract.")
    if any(one.level != ADVICE for one in found):
        raise SystemExit(1)
