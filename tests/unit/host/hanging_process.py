"""A process of a site with a watchdog, for tests: runs one piece of the plugin ``loop`` that does not return.

``python hanging_process.py <instance> <database> <limit> <how>``; ``how`` is one of the functions below.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time

from lms.app import create_app
from lms.host import discover, guard, watchdog
from lms.host.config import load


def computes() -> None:
    while True:
        pass


def sleeps() -> None:
    time.sleep(60)


def keeps_the_lock() -> None:
    """One call in C that lets no other thread run: an expression that takes exponential time."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def exits() -> None:
    os._exit(9)


def returns() -> None:
    time.sleep(0.1)


def main(instance: str, database: str, limit: str, how: str) -> None:
    config = load(instance, {}, env="test", site_url="http://localhost", database_url=database, plugin_time_limit=limit)
    # Without a distribution: the watchdog asks whether the piece is of a plugin at all.
    discover.found = lambda: {"loop": None}  # type: ignore[assignment]
    # A server would finish what is at hand; here nothing is.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    watchdog.start(config)
    app = create_app(config)
    with app.app_context():
        guard.call("loop", f"slot {how}", globals()[how])
    print("returned")


if __name__ == "__main__":
    main(*sys.argv[1:])
