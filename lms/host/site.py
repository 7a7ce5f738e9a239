"""The WSGI callable of a site: it holds the current app and swaps it when plugins change, without a restart.

A live app is never changed (routes cannot be unregistered). When the stored generation moves, one thread builds a
new app while the others serve the old one; a build that fails keeps the old app.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from lms.db import dispose
from lms.host import state

log = logging.getLogger("lms.site")

# What made a build fail, such as a database that was away, may be over by then.
_RETRY_SECONDS = 10.0


class Site:
    """Builds with ``build()`` and serves the newest app that could be built."""

    def __init__(self, build: Callable[[], Flask]) -> None:
        self._build = build
        self.app = build()
        self._generation = self._stored()
        self._building = threading.Lock()
        self._not_before = 0.0

    def _stored(self) -> int:
        numbers: state.Numbers = self.app.extensions["lms_state"]
        if not numbers.is_fresh:
            with self.app.app_context():
                numbers.current()
        return numbers.values.get("generation", 0)

    def follow(self) -> bool:
        """Swap to a new app if the generation moved and nobody else is at it; whether it swapped."""
        stored = self._stored()
        if stored == self._generation or time.monotonic() < self._not_before:
            return False
        if not self._building.acquire(blocking=False):
            return False
        try:
            new, old = self._build(), self.app
            self.app, self._generation = new, stored
            dispose(old)
            return True
        except Exception:
            log.exception("The new app could not be built; the old one goes on, and it is tried again.")
            self._not_before = time.monotonic() + _RETRY_SECONDS
            return False
        finally:
            self._building.release()

    def try_again_now(self) -> None:
        """Do not wait any longer after a build that failed."""
        self._not_before = 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.follow()
        return self.app.wsgi_app(environ, start_response)
