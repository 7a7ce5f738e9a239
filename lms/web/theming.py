"""The theme as pages see it: its stylesheets, the owner's tokens, and the preview for whoever may change them.

``?theme-preview=<theme>`` shows a page in another theme, and lets the page stand in a frame of our own: for people who
may change the appearance only; for everybody else the parameter means nothing. Another theme is another app, so that
nothing that was drawn for visitors can mix with what is only looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, request

from lms.base.problem import NotFound
from lms.db import dispose, rollback
from lms.host import config, guard
from lms.themes import appearance, catalog
from lms.themes.appearance import ThemeUnusable
from lms.themes.chain import ThemeEnvironment, core_only
from lms.web.access import public
from lms.web.page import asset
from lms.web.person import current_person

PARAMETER = "theme-preview"
CAPABILITY = "themes.manage"
_building = threading.Lock()


def theme_styles() -> list[str]:
    """The addresses of the stylesheets of a public page: the parents', the theme's own, the owner's tokens last."""
    tokens = appearance.stylesheet()
    kept: tuple[appearance.Stylesheet, list[str]] | None = current_app.extensions.get("lms_theme_styles")
    if kept is None or kept[0] is not tokens or current_app.jinja_env.auto_reload:
        kept = (tokens, _styles(tokens.digest))
        current_app.extensions["lms_theme_styles"] = kept
    return kept[1]


def _styles(digest: str) -> list[str]:
    themes = reversed(appearance.active().themes)
    names = dict.fromkeys(name for theme in themes for name in theme.manifest.stylesheets)
    addresses = [asset(f"theme/{name}") for name in names]
    return [*addresses, f"/static/appearance/{digest}.css"] if digest else addresses


@public
def _tokens(digest: str) -> Response:
    now = appearance.stylesheet()
    response = current_app.response_class(now.text, mimetype="text/css")
    is_this = digest == now.digest
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_this else "public, max-age=0"
    return response


def _preview() -> Any:
    """The page in the theme that was asked for; None where it is the one that is on anyway."""
    if not request.query_string or request.method != "GET":
        return None
    name = request.args.get(PARAMETER)
    if name is None:
        return None
    person = current_person()
    if person is None or not person.can(CAPABILITY):
        return None
    let_be_framed()
    here = appearance.active()
    if name == here.wanted:
        return None
    if name not in catalog.names(config.current().instance):
        raise NotFound(f"There is no theme {name}.")
    other = _app_of(name)
    problem = other.extensions["lms_theme"].problem
    if problem:
        raise ThemeUnusable(problem)
    environ = {key: value for key, value in request.environ.items() if not key.startswith(("werkzeug.", "flask."))}
    return Response.from_app(other.wsgi_app, environ, buffered=True)


def _app_of(name: str) -> Flask:
    with _building:
        kept: tuple[str, Flask] | None = current_app.extensions.get("lms_theme_preview")
        if kept is None or kept[0] != name:
            if kept is not None:
                dispose(kept[1])
            kept = (name, current_app.extensions["lms_build_with_theme"](name))
            current_app.extensions["lms_theme_preview"] = kept
        return kept[1]


def let_be_framed() -> None:
    """This answer may stand in a frame of our own site; nobody keeps it."""
    g.lms_framed = True


def _let_it_be_framed(response: Response) -> Response:
    if g.get("lms_framed"):
        policy = response.headers.get("Content-Security-Policy", "")
        response.headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        response.headers["Cache-Control"] = "no-store"
    return response


def without_theme(error: Exception, dispatch: Callable[[], Any]) -> Any:
    """What the view answers when nothing of the theme is used; raises ``error`` where the theme is not what is wrong.

    For what a view draws piece by piece (macros). Whole templates have their stand-in already (``lms.themes.chain``).
    """
    environment: ThemeEnvironment = current_app.jinja_env  # type: ignore[assignment]
    culprit = environment.culprit(error) if request.method in {"GET", "HEAD"} else None
    if culprit is None:
        raise error
    rollback()
    with core_only():
        try:
            answer = dispatch()
        except Exception:
            raise error from None
    guard.report(culprit, f"page {request.path}", error)
    return answer


def init_app(app: Flask) -> None:
    """Give templates the stylesheets. Must come before the policy's own, whose header it changes."""
    app.add_url_rule("/static/appearance/<digest>.css", "lms_theme_tokens", _tokens)
    app.before_request(_preview)
    app.after_request(_let_it_be_framed)
    app.jinja_env.globals["theme_styles"] = theme_styles


def preview_address(path: str, theme: str) -> str:
    """The address that shows a page of the site in the theme."""
    return f"{path}?{PARAMETER}={theme}"
