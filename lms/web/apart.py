"""Addresses that an app of their own answers, on which no plugin runs and no theme draws: the way in for an owner.

Pieces of plugins are contained one by one, but they run in the app that everybody uses, and may leave something in it
that breaks every page: a hook put in while a page was drawn, a function of templates replaced. This app they never saw.
It is built for the first request that needs it, and keeps no connection to the database while nobody does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from lms.db import retire

PATH = "/recover"
_NAME = "lms_apart"


class Apart:
    """WSGI middleware in front of everything else of an app."""

    def __init__(self, build: Callable[[], Flask], inner: Callable[..., Iterable[bytes]]) -> None:
        self._build, self._inner = build, inner
        self._building = threading.Lock()
        self._app: Flask | None = None

    def app(self) -> Flask:
        """The app without plugins."""
        with self._building:
            if self._app is None:
                self._app = self._build()
                retire(self._app)
            return self._app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PATH and not path.startswith(f"{PATH}/"):
            return self._inner(environ, start_response)
        return self.app().wsgi_app(environ, start_response)


def init_app(app: Flask, build: Callable[[], Flask]) -> None:
    """Answer those addresses by the app that ``build()`` makes. Comes after everything else that wraps the app."""
    made = Apart(build, app.wsgi_app)
    app.extensions[_NAME] = made
    app.wsgi_app = made  # type: ignore[method-assign]


def app_of(app: Flask) -> Flask:
    """The app that answers those addresses for ``app``; itself where it has no plugins anyway."""
    made: Apart | None = app.extensions.get(_NAME)
    return made.app() if made is not None else app
