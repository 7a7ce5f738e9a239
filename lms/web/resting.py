"""Addresses of plugins that should run and rest: 503, so that whoever sends a webhook tries again."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import gettext as _

from lms.base.problem import Unavailable
from lms.web.access import public

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@public(csrf=False)
def _rests(rest: str = "") -> Any:
    raise Unavailable(
        _("This part of the site is paused for the moment."),
        next_step=_("Try again in a few minutes; nothing is lost."),
    )


def init_app(app: Flask, name: str) -> None:
    """Answer for the plugin ``name`` until it runs again."""
    for number, rule in enumerate((f"/ext/{name}", f"/ext/{name}/", f"/ext/{name}/<path:rest>")):
        app.add_url_rule(
            rule, f"lms_resting.{name}.{number}".replace(".", "_"), _rests, methods=_METHODS,
            provide_automatic_options=False, strict_slashes=True,
        )  # fmt: skip
