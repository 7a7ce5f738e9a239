"""``lms theme``: list, check, explain."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lms.app import create_app
from lms.host import discover, load
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.themes import appearance, catalog, check, explain
from lms.themes.chain import ChainLoader, Layer, ThemeEnvironment, layer
from lms.themes.manifest import FILE, ThemeUnreadable


@click.group("theme")
def theme() -> None:
    """Themes: which there are, what is wrong with one, where a template comes from."""


@theme.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_themes(as_json: bool) -> None:
    """Every theme of the site and of Stoa; exit status 1 when the one that should be on cannot be."""
    app = create_app(load_config())
    active: appearance.Active = app.extensions["lms_theme"]
    rows = [_row(name, app.config["LMS"].instance, active) for name in catalog.names(app.config["LMS"].instance)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            state = "on" if row["active"] else ""
            click.echo(f"{row['name']:<20} {state:<4} {row['parent'] or '-':<16} {row['problem'] or row['title']}")
    if active.problem:
        click.echo(f"{active.wanted} should be on: {active.problem}", err=True)
        raise SystemExit(1)


def _row(name: str, instance: Path, active: appearance.Active) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "active": name == active.name, "problem": ""}
    try:
        found = catalog.find(name, instance)
    except ThemeUnreadable as error:
        return row | {"title": "", "version": "", "parent": "", "folder": "", "problem": str(error)}
    return row | {
        "title": found.title, "version": found.manifest.version, "parent": found.parent, "folder": str(found.folder),
    }  # fmt: skip


@theme.command("check")
@click.argument("theme_or_path", required=False)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def check_theme(theme_or_path: str | None, as_json: bool) -> None:
    """Say what is wrong with a theme, by file and line; exit status 1 when something is.

    THEME_OR_PATH is the name of a theme or its folder; without it, all themes of the site are checked. Needs no
    database.
    """
    instance = Path(os.environ.get("LMS_INSTANCE", "instance")).resolve()
    folders = [_folder(theme_or_path, instance)] if theme_or_path else _all(instance)
    environment, below = _ground(instance)
    found = {folder: check.check(folder, instance, environment, below) for folder in folders}
    if as_json:
        click.echo(json.dumps([
            {"theme": folder.name, "file": one.file, "line": one.line, "sentence": one.sentence}
            for folder, findings in found.items() for one in findings
        ], indent=2))  # fmt: skip
    else:
        for folder, findings in found.items():
            for one in findings:
                click.echo(f"{folder.name}/{one}")
            if not findings:
                click.echo(f"{folder.name}: nothing is wrong.")
    if any(found.values()):
        raise SystemExit(1)


def _folder(theme_or_path: str, instance: Path) -> Path:
    as_path = Path(theme_or_path)
    if (as_path / FILE).is_file() or "/" in theme_or_path:
        if not as_path.is_dir():
            raise click.ClickException(f"There is no folder {theme_or_path}.")
        return as_path.resolve()
    for place in catalog.places(instance):
        if (place / theme_or_path / FILE).is_file():
            return place / theme_or_path
    raise click.ClickException(
        f"There is no theme {theme_or_path}; there are {', '.join(catalog.names(instance))}. A folder needs a "
        f"slash, such as ./{theme_or_path}."
    )


def _all(instance: Path) -> list[Path]:
    return [_folder(name, instance) for name in catalog.names(instance)]


def _ground(instance: Path) -> tuple[ThemeEnvironment, list[Layer]]:
    """What themes stand on: an app of the rooms alone, and the layers of every plugin that is installed, on or off."""
    app = create_app(Config(env="development", instance=instance, database_url="sqlite://", secret_key="none"))  # noqa: S106
    layers: list[Layer] = [one for one in app.template_layers if not one.themed]  # type: ignore[attr-defined]
    with app.app_context():
        environment: ThemeEnvironment = app.jinja_env  # type: ignore[assignment]
    return environment, [*_plugins(), *layers]


def _plugins() -> list[Layer]:
    layers = []
    for name, found in discover.found().items():
        try:
            folder = load.folder(load.external(found.entry_point)) / "templates"
        except (Exception, SystemExit) as error:
            click.echo(f"The plugin {name} cannot be loaded, so its templates are not known: {error}", err=True)
            continue
        layers.append(layer(f"plugin {name}", [folder], (f"{name}/", f"mail/{name}/")))
    return layers


@theme.command("explain")
@click.argument("template")
@click.option("--theme", "name", default="", help="As if this theme were on.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def explain_template(template: str, name: str, as_json: bool) -> None:
    """Say which layers are asked for TEMPLATE, which one serves it, and what it extends.

    TEMPLATE is a name such as lesson.html or page/about.html. Exit status 1 when no layer has it.
    """
    config = load_config()
    app = create_app(replace(config, theme=name) if name else config)
    active: appearance.Active = app.extensions["lms_theme"]
    if name and active.problem:
        raise click.ClickException(active.problem)
    steps = explain.explain(ChainLoader(app.template_layers), template)  # type: ignore[attr-defined]
    if as_json:
        click.echo(json.dumps([_step(step) for step in steps], indent=2))
    else:
        _tell(steps)
    if steps[-1].file is None:
        raise SystemExit(1)


def _step(step: explain.Step) -> dict[str, Any]:
    return {
        "template": step.template,
        "said": step.said,
        "asked": [{"layer": label, "has": has} for label, has in step.asked],
        "layer": step.layer,
        "file": str(step.file) if step.file else None,
    }


def _tell(steps: list[explain.Step]) -> None:
    for number, step in enumerate(steps):
        follows = number and steps[number - 1].file
        click.echo(f"{'extends ' if follows else ''}{step.said}")
        for label, has in step.asked:
            click.echo(f"    {'→' if has else ' '} {label:<18} {step.file if has else 'no'}")
        if step.file is None:
            click.echo("      no layer has it")
