"""``lms doctor``: what Admin → Health says, also where no page can be opened any more."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask_babel import force_locale
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from lms import db
from lms.app import create_app
from lms.health import services
from lms.host import config as configuration
from lms.host.config import Config, ConfigurationError

_TOML_LINE = re.compile(r"\(at line (\d+)")
_MARKS = {"good": "  ", "advice": "? ", "broken": "✗ "}


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the answer."""

    group: str
    label: str
    state: str
    sentence: str
    do: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def doctor(as_json: bool) -> None:
    """Say what is wrong with the site, and what to do; exit status 1 when something is broken.

    Works while the database is away and while the configuration is wrong.
    """
    answers = sorted(_answers(), key=lambda one: services.STATES.index(one.state))
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in answers], indent=2))
    else:
        for one in answers:
            click.echo(f"{_MARKS[one.state]}{one.group}, {one.label}: {one.sentence}")
            if one.do:
                click.echo(f"    {one.do}")
        click.echo(_summary(answers))
    if any(one.state == "broken" for one in answers):
        raise SystemExit(1)


def _as_json(one: Answer) -> dict[str, str]:
    return {"group": one.group, "label": one.label, "state": one.state, "sentence": one.sentence, "do": one.do}


def _summary(answers: list[Answer]) -> str:
    counts = {state: sum(one.state == state for one in answers) for state in services.STATES}
    return f"\n{counts['broken']} broken, {counts['advice']} could be better, {counts['good']} good."


def _answers() -> Iterator[Answer]:
    try:
        config = configuration.load()
    except ConfigurationError as error:
        yield Answer("Configuration", "lms.toml and LMS_*", "broken", str(error), _where(str(error), error.setting))
        return
    except OSError as error:
        yield Answer(
            "Configuration", "Folder", "broken", f"The site's folder cannot be used: {error}.",
            "Give the account that runs the site the right to read and write it, or correct LMS_INSTANCE.",
        )  # fmt: skip
        return
    yield Answer("Configuration", "lms.toml and LMS_*", "good", "They can be read.")
    yield from _of_site(config)


def _of_site(config: Config) -> Iterator[Answer]:
    try:
        app = create_app(config)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        yield Answer(
            "Configuration", "Database", "broken", f"The database address cannot be used: {_first_line(error)}.",
            _where(str(error), "database_url"),
        )  # fmt: skip
        return
    except Exception as error:
        yield Answer(
            "Site", "Start", "broken", f"The site cannot start: {type(error).__name__}: {_first_line(error)}",
            "Try lms run --safe. If that starts, a plugin is at fault; if not, tell the makers of Stoa.",
        )  # fmt: skip
        return
    # The language of the site stands in the database, which may be away.
    with app.app_context(), _quietly(), force_locale("en"):
        found = services.findings()
    db.dispose(app)
    for one in found:
        yield Answer(one.group, str(one.label), one.result.state, one.result.sentence, one.result.do)


@contextmanager
def _quietly() -> Iterator[None]:
    try:
        with db.scope(db.Mode.READ):
            yield
    finally:
        db.db.session.remove()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _where(sentence: str, setting: str, environ: Mapping[str, str] = os.environ) -> str:
    """Which line or variable to change."""
    variable = f"LMS_{setting.upper()}"
    if setting and variable in environ:
        return f"Change the variable {variable} where the site is started."
    file = Path(environ.get("LMS_INSTANCE", "instance")) / "lms.toml"
    told = _TOML_LINE.search(sentence)
    line = int(told[1]) if told else _line_of(file, setting)
    if line:
        return f"Change line {line} of {file}."
    return f"Set {setting} in {file}, or {variable}." if setting else f"Look into {file.parent}."


def _line_of(file: Path, setting: str) -> int:
    if not setting or not file.is_file():
        return 0
    lines: list[Any] = file.read_text(encoding="utf-8", errors="replace").splitlines()
    names = (line.partition("=")[0].strip().strip("\"'[]") for line in lines)
    return next((number for number, name in enumerate(names, 1) if name == setting), 0)
