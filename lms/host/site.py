"""The WSGI callable of a site: it holds the current app and swaps it when plugins change, without a restart.

A live app is never changed (routes cannot be unregistered). When the stored generation moves, one thread builds a
new app while the others serve the old one; a build that fails keeps the old app.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from lms.db import dispose, retire
from lms.host import state

log = logging.getLogger("lms.site")

# What made a build fail, such as a database that was away, may be over by then.
_RETRY_SECONDS = 10.0

SEEN_COOKIE = "lms_generation"
"""For a few seconds in the browser of who changed the generation: that which they have seen."""
_SEEN = re.compile(rf"(?:^|;\s*){SEEN_COOKIE}=(\d{{1,15}})(?:;|$)")


@contextmanager
def _in_short_turns() -> Iterator[None]:
    """Let threads take shorter turns meanwhile.

    A build reads hundreds of small things. After each, it waits for its turn behind every thread that computes: with
    eight busy ones and Python's turns of 5 ms that was ten seconds for a build of 30 ms.
    """
    turn = sys.getswitchinterval()
    sys.setswitchinterval(turn / 20)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)


class NotComplete(RuntimeError):
    """The new app knows nothing of plugins, because the database was away."""


class Site:
    """Builds with ``build()`` and serves the newest app that could be built."""

    def __init__(self, build: Callable[[], Flask]) -> None:
        self._build = build
        self.app = build()
        self._building = threading.Lock()
        self._not_before = 0.0
        self._is_outdated = False

    @property
    def _generation(self) -> int | None:
        """That which the app was built for; None where the database did not answer."""
        generation: int | None = self.app.extensions["lms_generation"]
        return generation

    def stored_generation(self) -> int:
        """The generation in the database, as of the last second."""
        numbers = self._numbers()
        if numbers is None:
            # Another thread is just reading them for the first time, or the database is away: nothing to follow.
            return self._generation or 0
        return numbers.get("generation", 0)

    def upgrades(self) -> int | None:
        """How often ``lms db upgrade`` brought the database to what was installed, as of the last second.

        None where the database did not answer yet.
        """
        numbers = self._numbers()
        return None if numbers is None else numbers.get("upgrades", 0)

    def _numbers(self) -> dict[str, int] | None:
        numbers: state.Numbers = self.app.extensions["lms_state"]
        if not numbers.is_fresh:
            with self.app.app_context():
                numbers.current()
        return numbers.values if numbers.are_known else None

    def follow(self, *, wait: bool = False) -> bool:
        """Swap to a new app if the generation moved and nobody else is at it; whether it swapped.

        ``wait`` for who is at it.
        """
        if not self._is_behind() or not self._building.acquire(blocking=wait):
            return False
        try:
            if not self._is_behind():
                return False
            self._is_outdated = False
            with _in_short_turns():
                new, old = self._build(), self.app
            if new.extensions["lms_generation"] is None:
                dispose(new)
                raise NotComplete("The database did not answer.")
            self.app = new
            retire(old)
            return True
        except Exception:
            log.exception("The new app could not be built; the old one goes on, and it is tried again.")
            self._is_outdated = True
            self._not_before = time.monotonic() + _RETRY_SECONDS
            return False
        finally:
            self._building.release()

    def _is_behind(self) -> bool:
        is_old = self._is_outdated or self.stored_generation() != self._generation
        return is_old and time.monotonic() >= self._not_before

    def build_again(self) -> None:
        """Swap at the next look, whatever the generation: other plugins were installed."""
        self._is_outdated = True

    def catch_up(self, cookies: str) -> None:
        """Look at once where the browser just changed something; wait for the new app where it switched a plugin.

        Who did that in one process finds it done in the next request, whichever process answers.
        """
        if state.CHANGED_COOKIE in cookies:
            with self.app.app_context():
                state.numbers().read_again()
        seen = _SEEN.search(cookies) if SEEN_COOKIE in cookies else None
        if seen is not None and int(seen[1]) > (self._generation or 0):
            numbers: state.Numbers = self.app.extensions["lms_state"]
            numbers.forget()
            self.follow(wait=True)

    def try_again_now(self) -> None:
        """Do not wait any longer after a build that failed."""
        self._not_before = 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Whether the process lives is asked without the database: when that is away, restarting mends nothing.
        if environ.get("PATH_INFO") != "/health/live":
            self.catch_up(environ.get("HTTP_COOKIE", ""))
            self.follow()
        return self.app.wsgi_app(environ, start_response)
