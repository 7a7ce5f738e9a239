"""Noticing that distributions were installed, upgraded or removed while the process runs: it then starts anew.

What is in memory stays in memory, so a process that went on would mix an old version with new files. A newer core is
followed only once the database was upgraded for it (``lms db upgrade`` counts that); until then what is in memory fits
the database better.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from lms.host.discover import GROUP
from lms.host.site import Site

CORE = "stoa"
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution as it lies on disk. Installing it again, even in the same version, makes it another one."""

    name: str
    path: str
    changed: int
    is_plugin: bool


Snapshot = frozenset[Installed]


def snapshot() -> Snapshot:
    """What is installed now: names of folders and their times, so it costs about a millisecond."""
    seen = set()
    for folder in dict.fromkeys(sys.path):
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name.endswith((".dist-info", ".egg-info")):
                with suppress(OSError):  # it went this very moment
                    seen.add(_installed(entry.path, entry.stat().st_mtime_ns))
    return frozenset(seen)


@lru_cache(maxsize=4096)
def _installed(path: str, changed: int) -> Installed:
    name = Path(path).name.partition("-")[0].lower()
    try:
        is_plugin = f"[{GROUP}]" in Path(path, "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        is_plugin = False
    return Installed(name, path, changed, is_plugin)


# What the core, in memory from here on, was imported from; processes that are forked later share it.
AT_IMPORT = snapshot()


def core_is_outdated() -> bool:
    """Whether anything went that this process may have imported before it forked: all but plugins."""
    return any(not one.is_plugin for one in AT_IMPORT - snapshot())


class Verdict(StrEnum):
    """What a look leads to."""

    BUILD_AGAIN = "build again"
    """Something is there that was not: a plugin that was missing can run."""
    BEGIN_ANEW = "begin anew"
    """Something that may be in memory is not what is installed."""


class Watch:
    """Made before the site is built, so that nothing is missed; then looks every second, outside requests.

    ``plugins`` is what plugins were imported from: what is installed now, where that happens after a fork.
    """

    def __init__(self, plugins: Snapshot | None = None) -> None:
        plugins = frozenset(one for one in plugins or snapshot() if one.is_plugin)
        self._known = plugins | frozenset(one for one in AT_IMPORT if not one.is_plugin)
        self._seen = self._known
        self._upgrades_before: int | None = None

    def remember(self, upgrades: int | None) -> None:
        """How often the database was upgraded when the process had just begun to serve; None where it is away."""
        self._upgrades_before = upgrades

    def look(self, upgrades: Callable[[], int | None]) -> Verdict | None:
        """What to do now. Nothing while files still change: an installation takes its time.

        ``upgrades()`` is how often the database was upgraded by now, None while it does not answer. It counts from when
        nothing had changed yet: an upgrade that follows the installation at once is over before that was noticed.
        """
        count = upgrades()
        now = snapshot()
        before, self._seen = self._seen, now
        if count is not None and (self._upgrades_before is None or now == self._known):
            self._upgrades_before = count
        if now == self._known or now != before:
            return None
        gone = {one.name for one in self._known - now}
        if not gone:
            self._known = now
            return Verdict.BUILD_AGAIN
        is_upgraded = count is not None and count != self._upgrades_before
        return Verdict.BEGIN_ANEW if CORE not in gone or is_upgraded else None

    def start(self, site: Site, begin_anew: Callable[[], None]) -> threading.Event:
        """Look every second, until ``begin_anew()`` was called or the event that is returned is set.

        The site follows then too: a process that nobody asks anything knows of a switch when the next request comes.
        """
        stop = threading.Event()
        # Now, for a busy process may come to its first look after a newer core was installed and upgraded the database.
        self.remember(site.upgrades())

        def watch() -> None:
            while not stop.wait(_SECONDS):
                verdict = self.look(site.upgrades)
                if verdict is Verdict.BEGIN_ANEW:
                    # Following first would build an app of the old core on the database of the newer one.
                    begin_anew()
                    return
                if verdict is Verdict.BUILD_AGAIN:
                    site.build_again()
                else:
                    site.follow()

        threading.Thread(target=watch, name="lms-watch", daemon=True).start()
        return stop


def execute_again() -> None:
    """Become a new process image with the same arguments; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
