"""Drawing pages: templates with what every page may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import flask
from flask import Flask, Response, current_app, request
from flask_babel import format_date, format_datetime, get_locale, get_timezone
from werkzeug.exceptions import NotFound

from lms.base.money import Money
from lms.host.config import current
from lms.web.access import public
from lms.web.icons import font_preloads, icon
from lms.web.person import current_person
from lms.web.site import site_view
from lms.web.slots import admin_nav, slot

Assets = Mapping[str, tuple[Path, ...]]


def render(template: str, **context: Any) -> str:
    """The template's text, drawn for whoever asks now."""
    return flask.render_template(template, **context)


def render_first(templates: Sequence[str], **context: Any) -> str:
    """The same with the first of the templates that a theme, a plugin or the core has (``lms.themes.hierarchy``)."""
    return flask.render_template(list(templates), **context)


def redirect(address: str) -> Response:
    """303: the browser gets the address with GET, whatever it sent here."""
    return flask.redirect(address, code=303)  # type: ignore[return-value]


def site_url(path: str = "/") -> str:
    """The absolute address of a path, from the configured site address, never from the Host header."""
    return current().site_url + path


@lru_cache(maxsize=2048)
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _file(source: str, path: str) -> Path | None:
    folders: Assets = current_app.extensions["lms_assets"]
    for folder in folders.get(source, ()):
        candidate = (folder / path).resolve()
        if candidate.is_relative_to(folder) and candidate.is_file():
            return candidate
    return None


def asset(path: str) -> str:
    """The address of a static file: ``core/base.css``, ``theme/theme.css``, ``admin/admin.css``, ``<plugin>/…``.

    It names the file's content, so that browsers keep it for a year and see a change at once. In production it is
    worked out once per file and process.
    """
    kept: dict[str, str] = current_app.extensions["lms_asset_addresses"]
    address = kept.get(path)
    if address is None:
        source, _, name = path.partition("/")
        file = _file(source, name)
        version = f"?v={_digest(file, file.stat().st_mtime)}" if file else ""
        address = f"/static/{path}{version}"
        if not current_app.jinja_env.auto_reload:
            kept[path] = address
    return address


@public
def _static(source: str, path: str) -> Response:
    file = _file(source, path)
    if file is None:
        raise NotFound
    versioned = "v" in request.args
    response = flask.send_file(file, max_age=31_536_000 if versioned else 300, conditional=True)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "public, max-age=300"
    return response


def _money(amount: int, currency: str, short: bool = False) -> str:
    return Money(currency, amount).format(str(get_locale() or "en"), short=short)


def _date(value: date | None, style: str = "long") -> str:
    """A moment's day in the reader's zone, or a day as it stands in a calendar."""
    day = value.astimezone(get_timezone()) if isinstance(value, datetime) else value
    return format_date(day, style) if day else ""


def _datetime(value: datetime | None, style: str = "long") -> str:
    return format_datetime(value, "d MMMM y, HH:mm" if style == "long" else style) if value else ""


def _context() -> dict[str, Any]:
    # request.path, not full_path: the address of a page as menus know it.
    return {
        "person": current_person(),
        "site": site_view(),
        "current_path": request.path if flask.has_request_context() else "",
    }


def init_app(app: Flask, assets: Assets) -> None:
    """Give templates their globals, and serve static files."""
    app.extensions["lms_assets"] = {source: tuple(p.resolve() for p in paths) for source, paths in assets.items()}
    app.extensions["lms_asset_addresses"] = {}
    app.add_url_rule("/static/<source>/<path:path>", "lms_static", _static)
    app.context_processor(_context)
    app.jinja_env.globals.update(
        asset=asset, icon=icon, slot=slot, admin_nav=admin_nav, font_preloads=font_preloads, site_url=site_url,
        money=_money, date=_date, datetime=_datetime,
    )  # fmt: skip
