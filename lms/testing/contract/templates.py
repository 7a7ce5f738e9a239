"""Templates of a plugin: each can be read."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from jinja2 import TemplateSyntaxError

from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage, tried


def check(stage: Stage, app: Flask) -> Iterator[Finding]:
    """Syntax of the plugin's templates."""
    folder = stage.distribution.plugin_folder(stage.entry) / "templates"
    for file in sorted(path for path in folder.rglob("*") if path.suffix in {".html", ".txt"}):
        _parsed, error = tried(lambda file=file: app.jinja_env.parse(file.read_text(encoding="utf-8")))
        if isinstance(error, TemplateSyntaxError):
            where = stage.distribution.shown(file, error.lineno)
            yield Finding(where, "template", f"This is no template: {error.message}.", "")
